//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/maskrun/maskrun/internal/child"
)

// shellPoll is how often redact looks whether the shell still runs. Only a script
// that ends without its EXIT trap (killed, or by exec) and leaves processes behind
// waits for it.
const shellPoll = 200 * time.Millisecond

func makeFIFO(path string) error { return unix.Mkfifo(path, 0o600) }

// inSession makes a command that leads a session of its own. Its argv[0] is
// "maskrun", whatever the file is called.
func inSession(exe string, argv, env []string) *exec.Cmd {
	return &exec.Cmd{Path: exe, Args: argv, Env: env, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
}

// waitForLock waits until the redactor, which holds the lock while it lives, has
// let it go: the kernel does that for it, however it ends.
func waitForLock(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_SH); err != unix.EINTR {
			return err
		}
	}
}

// A hooked is a script whose output comes through FIFOs.
type hooked struct {
	dir   string
	shell int // its process
	lock  *os.File
	pipes []*fifo
	drain time.Duration
}

// A fifo is one stream of the script.
type fifo struct {
	name   string
	in     *os.File
	keeper *os.File // a writing end of ours until the shell has its own: no end is seen meanwhile
	way    *stream
	err    error
}

// hookRedact fetches the secrets, tells enter that it is ready, and hides them in
// what the script prints until that has ended.
func (p *program) hookRedact(c *cli.Context, args []string) error {
	shell, err := strconv.Atoi(args[0])
	if err != nil || shell < 1 {
		return usagef("hook", "redact: want the number of the shell's process")
	}
	h := &hooked{dir: args[1], shell: shell, drain: c.Duration("drain")}
	defer os.RemoveAll(h.dir)
	m, err := readMaskFlags(c)
	if err != nil {
		return err
	}
	l, err := p.load(p.fromVariables(readSecretFlags(c)), m)
	if err != nil {
		return err
	}
	f := runFlags{drain: h.drain, failOnLeak: c.Bool("fail-on-leak"), keepEnv: splitLists(c.StringSlice("keep-env"))}
	env, cleanUp, signalled, err := p.prepare(f, l)
	defer cleanUp()
	if err = errors.Join(err, signalled()); err != nil {
		return err
	}
	exports, err := exportLines(p.environ, env)
	if err != nil {
		return err
	}
	return p.hookServe(h, l, f, exports)
}

// hookServe goes on when the first process of ours on the script's side is gone:
// signals to it end the script, and the script's end ends us.
func (p *program) hookServe(h *hooked, l *load, f runFlags, exports []byte) error {
	signals, stop := catch()
	defer stop()
	go func() {
		for range signals {
		}
	}()
	if err := h.open(p, l); err != nil {
		return err
	}
	ready := os.NewFile(3, "ready")
	if _, err := ready.WriteString("ready"); err != nil {
		return fmt.Errorf("hook: %w", err)
	}
	ready.Close()
	l.leaks.on.Store(true)
	err := h.copy(exports)
	l.leaks.on.Store(false)
	return p.hookVerdict(h, l, f, err)
}

// open takes the lock and the reading ends, which must be there before the shell
// opens the others.
func (h *hooked) open(p *program, l *load) error {
	lock, err := os.OpenFile(filepath.Join(h.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	h.lock = lock
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	out, errOut := l.streams(p.stdout, p.stderr, terminal{})
	if err := h.add("out", out); err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(h.dir, "err")); err == nil {
		return h.add("err", errOut)
	}
	return nil
}

func (h *hooked) add(name string, way *stream) error {
	path := filepath.Join(h.dir, name)
	in, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	keeper, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	child.Widen(in)
	h.pipes = append(h.pipes, &fifo{name: "std" + name, in: in, keeper: keeper, way: way})
	return nil
}

// copy gives the shell its variables and then redacts until every stream has
// ended, or the script has and the drain with it.
func (h *hooked) copy(exports []byte) error {
	go h.handOver(exports)
	done := make(chan struct{}, len(h.pipes))
	for _, f := range h.pipes {
		go func() {
			f.run()
			done <- struct{}{}
		}()
	}
	tick := time.NewTicker(shellPoll)
	defer tick.Stop()
	var limit <-chan time.Time
	for open := len(h.pipes); open > 0; {
		select {
		case <-done:
			open--
		case <-tick.C:
			if limit == nil && h.ended() {
				limit = time.After(h.drain)
				h.closeKeepers()
			}
		case <-limit:
			for _, f := range h.pipes {
				_ = f.in.SetReadDeadline(time.Unix(1, 0))
			}
		}
	}
	var errs []error
	for _, f := range h.pipes {
		errs = append(errs, f.err)
	}
	return errors.Join(errs...)
}

// ended tells that the script is over: its EXIT trap has said so, or its shell,
// or what replaced that, is no more.
func (h *hooked) ended() bool {
	if _, err := os.Lstat(filepath.Join(h.dir, "left")); err == nil {
		return true
	}
	return unix.Kill(h.shell, 0) == unix.ESRCH
}

// handOver waits until the shell opens env, which it does after its stdout and
// stderr: from then on our own writing ends must not keep the streams open.
func (h *hooked) handOver(exports []byte) {
	env, err := os.OpenFile(filepath.Join(h.dir, "env"), os.O_WRONLY, 0)
	h.closeKeepers()
	if err == nil {
		_, _ = env.Write(exports) // a shell that has gone needs none
		env.Close()
	}
	clear(exports)
}

func (h *hooked) closeKeepers() {
	for _, f := range h.pipes {
		f.keeper.Close() // a second time is no harm
	}
}

// run copies one stream to its end. After the deadline what is in the FIFO is
// still delivered: the script wrote that before it ended.
func (f *fifo) run() {
	defer f.in.Close()
	f.err = copyAll(f.way, f.in)
	if errors.Is(f.err, os.ErrDeadlineExceeded) {
		f.err = f.rest()
	}
}

// fifoSize is what child.Widen asks for, and so the most that can be left.
const fifoSize = 1 << 20

func (f *fifo) rest() error {
	raw, err := f.in.SyscallConn()
	if err != nil {
		return err
	}
	buf := make([]byte, fifoSize)
	var n int
	if e := raw.Control(func(fd uintptr) { n, err = unix.Read(int(fd), buf) }); e != nil {
		return e
	}
	if n <= 0 {
		return nil // the end, or nothing there now
	}
	_, err = f.way.Write(buf[:n])
	return err
}

// hookVerdict ends the streams and leaves word for leave: what it is to exit with.
func (p *program) hookVerdict(h *hooked, l *load, f runFlags, err error) error {
	closed := map[*stream]bool{}
	for _, q := range h.pipes {
		if !closed[q.way] {
			closed[q.way] = true
			err = errors.Join(err, closeStream(q.name, q.way))
		}
	}
	word := ""
	if msg := l.leaks.message(); f.failOnLeak && msg != "" {
		p.say(msg)
		word = "leak"
	}
	if err != nil && !child.BrokenPipe(err) {
		p.say("output was cut short: " + oncePerLine(err))
		word = "cut"
	}
	if word == "" {
		return nil
	}
	// Leave finds the word behind the lock, so somebody must hold that until leave
	// has opened it, or will not come.
	_, err = h.lock.WriteString(word)
	for !h.ended() {
		time.Sleep(shellPoll / 20)
	}
	return err
}

// exportLines are the shell's commands that turn the environment from into to.
func exportLines(from, to []string) ([]byte, error) {
	var b bytes.Buffer
	var errs []error
	kept := map[string]bool{}
	for _, kv := range to {
		name, value, _ := strings.Cut(kv, "=")
		kept[name] = true
		if old, had := lookup(from, name); had && old == value || !variableName().MatchString(name) {
			continue
		}
		if strings.Contains(value, "\x00") {
			errs = append(errs, fmt.Errorf("%s: has a NUL byte, which no variable can hold (file: true can)", name))
		}
		fmt.Fprintf(&b, "export %s=%s\n", name, shellQuote(value))
	}
	for _, kv := range from {
		if name, _, _ := strings.Cut(kv, "="); !kept[name] && variableName().MatchString(name) {
			fmt.Fprintf(&b, "unset %s\n", name)
		}
	}
	return b.Bytes(), errors.Join(errs...)
}
