//go:build unix

package child

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sigSuspend is the request to stop that a program may catch.
const sigSuspend = syscall.SIGTSTP

// Terminals tells whether Spec.PTY can be had on this system.
const Terminals = true

// sigHangUp is what a terminal that is gone sends.
const sigHangUp = syscall.SIGHUP

// forwarded are the signals every Unix has; extraSignals adds the local ones.
// Never in either: URG (the Go runtime sends it to itself all the time), CHLD,
// PIPE, PROF, TTIN and TTOU, which are about us and not about the child.
var forwarded = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGVTALRM,
	syscall.SIGCONT, syscall.SIGWINCH, syscall.SIGTSTP, syscall.SIGIO,
	syscall.SIGXCPU, syscall.SIGXFSZ,
}

// typed are the signals a terminal sends to its whole foreground group.
var typed = map[syscall.Signal]bool{
	syscall.SIGINT: true, syscall.SIGQUIT: true, syscall.SIGTSTP: true, syscall.SIGWINCH: true,
}

// toJobs are the signals, besides those to end by, that terminals and shells send to
// jobs, which are groups.
var toJobs = map[syscall.Signal]bool{syscall.SIGTSTP: true, syscall.SIGCONT: true, syscall.SIGWINCH: true}

// An inbox receives the signals to forward.
type inbox struct {
	c       chan os.Signal
	ignored map[syscall.Signal]bool // since before we were started
}

// inboxSize has to hold what arrives while the loop is busy starting the child:
// os/signal drops what finds no room, and the kernel merges only equal signals.
const inboxSize = 512

// listen starts catching. It leaves alone what is ignored, because catching a
// signal makes it a default one for the child. It must be Notify throughout:
// what signal.Ignore does is inherited.
func listen() *inbox {
	in := &inbox{c: make(chan os.Signal, inboxSize), ignored: ignoredSignals()}
	for _, sig := range append(extraSignals(), forwarded...) {
		if !signal.Ignored(sig) && !in.ignored[sig.(syscall.Signal)] {
			signal.Notify(in.c, sig)
		}
	}
	return in
}

// shellWaits tells whether sig would stop us, and somebody would notice and
// continue us: a parent of our session and of another group, which is what a shell
// with job control is, and what the kernel asks for.
func (in *inbox) shellWaits(sig syscall.Signal) bool {
	if signal.Ignored(sig) || in.ignored[sig] || in.ignored[syscall.SIGCONT] || !hasTerminal() {
		return false
	}
	sid, err := unix.Getsid(unix.Getppid())
	ours, _ := unix.Getsid(0)
	pgid, err2 := unix.Getpgid(unix.Getppid())
	return err == nil && err2 == nil && sid == ours && pgid != unix.Getpgrp()
}

func (in *inbox) stop() { signal.Stop(in.c) }

// flush returns when every signal that was sent to us before is in the inbox. On a
// busy machine that can take longer than to start a child. Stop waits until Go has
// handed on what it has got, for any channel.
func (in *inbox) flush() {
	deliverPending()
	other := make(chan os.Signal, 1)
	signal.Notify(other, syscall.SIGURG)
	signal.Stop(other)
}

// fromTerminal tells whether the child has sig already. Go does not show who
// sent a signal, so the rule is: a signal that terminals send, while our group,
// which is then also the child's, is in the foreground of ours.
func fromTerminal(sig syscall.Signal) bool {
	return typed[sig] && foreground()
}

func foreground() bool {
	tty, err := openTerminal()
	if err != nil {
		return false
	}
	defer unix.Close(tty)
	pgrp, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	return err == nil && pgrp == unix.Getpgrp()
}

func hasTerminal() bool {
	tty, err := openTerminal()
	if err != nil {
		return false
	}
	unix.Close(tty)
	return true
}

// openTerminal opens the controlling terminal; without one it fails. Not by
// os.OpenFile, which would make it non-blocking and a matter of the poller.
func openTerminal() (int, error) {
	return unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
}

// suspend stops us as TSTP would have, had we not caught it, so that the shell
// gets its prompt back, if there is one. It returns when we are continued.
func (in *inbox) suspend() {
	if in.shellWaits(sigSuspend) {
		unix.Kill(unix.Getpid(), unix.SIGSTOP)
	}
}

// source is our end of a pipe. The poller watches it, so that expire reaches a
// Read that is waiting.
type source struct{ *os.File }

func (s source) expire() {
	if s.SetReadDeadline(time.Unix(1, 0)) != nil {
		s.Close()
	}
}

// poll goes past the poller, which after the deadline reads no more.
func (s source) poll(p []byte) (n int, err error) {
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	if e := raw.Control(func(fd uintptr) { n, err = retry(unix.Read, int(fd), p) }); e != nil {
		return 0, e
	}
	if n == 0 && err == nil {
		return 0, io.EOF
	}
	return max(n, 0), err
}

// retry repeats a system call that a signal interrupted.
func retry(call func(int, []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := call(fd, p)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// defaultPath is what execvp(3) uses when there is no PATH.
const defaultPath = "/bin:/usr/bin"

// find looks for the command as execvp(3) does: 127 when there is none, 126 when
// there are only such as cannot be executed.
func find(s Spec) (string, error) {
	name := s.Argv[0]
	if name == "" {
		return "", startError(s, codeNotFound, errNotFound)
	}
	if strings.Contains(name, "/") {
		if err := executable(s.Dir, name); err != nil {
			return "", startError(s, codeFor(err), err)
		}
		return name, nil
	}
	denied := errNotFound
	for _, dir := range strings.Split(path(s.Env), ":") {
		file := filepath.Join(dir, name)
		if !strings.Contains(file, "/") {
			file = "./" + file
		}
		err := executable(s.Dir, file)
		if err == nil {
			return file, nil
		}
		if codeFor(err) == codeCannot && !errors.Is(err, syscall.ENOTDIR) {
			denied = err
		}
	}
	return "", startError(s, codeFor(denied), denied)
}

func path(env []string) string {
	found := defaultPath
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			found = v
		}
	}
	return found
}

// executable tells why file, taken from dir, cannot be executed.
func executable(dir, file string) error {
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	fi, err := os.Stat(file)
	if err != nil {
		return bare(err)
	}
	if fi.IsDir() {
		return errDirectory
	}
	return unix.Access(file, unix.X_OK)
}

// bare strips the path from an error: StartError has the name.
func bare(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func codeFor(err error) int {
	if errors.Is(err, fs.ErrNotExist) || err == errNotFound {
		return codeNotFound
	}
	return codeCannot
}

// classify turns the failure of a start into ours (125) or the command's (126).
// The command was found before, so ENOENT here means its interpreter.
func classify(s Spec, err error) *StartError {
	err = bare(err)
	switch {
	case errors.Is(err, syscall.ENOENT):
		return startError(s, codeCannot, errInterpreter)
	case errors.Is(err, syscall.ENOEXEC):
		return startError(s, codeCannot, errFormat)
	case errors.Is(err, syscall.E2BIG):
		return startError(s, codeCannot, errTooLarge)
	}
	for _, theirs := range []error{
		syscall.EACCES, syscall.EPERM, syscall.ETXTBSY, syscall.ELOOP, syscall.ENOTDIR,
		syscall.ENAMETOOLONG, syscall.EINVAL, syscall.EISDIR,
	} {
		if errors.Is(err, theirs) {
			return startError(s, codeCannot, err)
		}
	}
	return startError(s, codeOwn, err)
}

func statusOf(state *os.ProcessState) Status {
	ws := state.Sys().(syscall.WaitStatus)
	if ws.Signaled() {
		return Status{Code: -1, Signal: ws.Signal()}
	}
	return Status{Code: ws.ExitStatus()}
}
