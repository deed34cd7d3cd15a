package child

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// helpShell is the part of a shell that this package has to do with: it runs its
// arguments as the foreground job of its terminal, which is its standard input,
// and prints what becomes of the job. USR1 means fg, USR2 means bg.
func helpShell(args []string) int {
	orders := make(chan os.Signal, 10)
	signal.Notify(orders, syscall.SIGUSR1, syscall.SIGUSR2)
	job := exec.Command(args[0], args[1:]...)
	job.Stdin, job.Stdout, job.Stderr = os.Stdin, os.Stdin, os.Stdin
	job.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Foreground: true}
	if err := job.Start(); err != nil {
		return 93
	}
	pid := job.Process.Pid
	for {
		var ws unix.WaitStatus
		if _, err := unix.Wait4(pid, &ws, unix.WUNTRACED, nil); err != nil {
			continue
		}
		setForeground(0, unix.Getpgrp())
		if !ws.Stopped() {
			fmt.Println("exit", Status{Code: ws.ExitStatus(), Signal: max(ws.Signal(), 0)}.ExitCode())
			return 0
		}
		fmt.Println("stopped", int(ws.StopSignal()))
		if <-orders == syscall.SIGUSR1 {
			setForeground(0, pid)
		}
		unix.Kill(-pid, unix.SIGCONT)
	}
}

// A desk is a terminal with a shell and, as its job, the supervise helper.
type desk struct {
	*supervisor          // the shell; its lines are what becomes of the job
	tty         *os.File // the person's end
	slave       *os.File
	before      unix.Termios // its modes at first

	mu     sync.Mutex
	screen strings.Builder // all that came
	seen   int             // how far await has looked
	news   chan struct{}
}

// sit starts the supervise helper with args at a terminal.
func sit(t *testing.T, args ...string) *desk {
	t.Helper()
	return seat(t, append(self("supervise"), args...))
}

// seat starts a job at a terminal.
func seat(t *testing.T, job []string) *desk {
	t.Helper()
	tty, slave, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	tty = must1(pollable(tty))
	resize(t, tty, 30, 100)
	d := &desk{tty: tty, slave: slave, news: make(chan struct{}, 1)}
	d.supervisor = &supervisor{t: t}
	d.before = d.modes()
	go d.watch()
	t.Cleanup(func() { tty.Close(); slave.Close() })
	d.supervisor = launch(t, append(self("shell"), job...), func(c *exec.Cmd) {
		c.Stdin = slave
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	})
	return d
}

// resize sets the size of a terminal; unlike pty.Setsize it does not make the file
// one that cannot be closed while it is read.
func resize(t *testing.T, tty *os.File, rows, cols uint16) {
	t.Helper()
	err := control(tty, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: cols})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (d *desk) watch() {
	buf := make([]byte, 4096)
	for {
		n, err := d.tty.Read(buf)
		d.mu.Lock()
		d.screen.Write(buf[:n])
		d.mu.Unlock()
		select {
		case d.news <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

func (d *desk) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.screen.String()
}

// await waits until text has come, after what it waited for before.
func (d *desk) await(text string) {
	d.t.Helper()
	limit := time.After(patience)
	for {
		if i := strings.Index(d.text()[d.seen:], text); i >= 0 {
			d.seen += i + len(text)
			return
		}
		select {
		case <-d.news:
		case <-limit:
			d.t.Fatalf("on the screen there is no %q; there is %q", text, d.text())
		}
	}
}

// ends waits for the end of the job.
func (d *desk) ends(code int) {
	d.t.Helper()
	if l, err := d.out.ReadString('\n'); l != fmt.Sprintf("exit %d\n", code) {
		d.t.Fatalf("the shell says %q, %v, want exit %d; the screen shows %q", l, err, code, d.text())
	}
	d.exit(0)
}

func (d *desk) enter(keys string) {
	d.t.Helper()
	if _, err := io.WriteString(d.tty, keys); err != nil {
		d.t.Fatal(err)
	}
}

// modes are those of the person's terminal.
func (d *desk) modes() (m unix.Termios) {
	d.t.Helper()
	err := control(d.slave, func(fd int) error {
		now, err := unix.IoctlGetTermios(fd, getTermios)
		if err == nil {
			m = *now
		}
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return m
}

// awaitModes waits until the person's terminal is raw, or is not.
func (d *desk) awaitModes(raw bool) {
	d.t.Helper()
	deadline := time.Now().Add(patience)
	for (d.modes().Lflag&unix.ICANON == 0) != raw {
		if time.Now().After(deadline) {
			d.t.Fatalf("the terminal is not raw = %v", raw)
		}
		time.Sleep(time.Millisecond)
	}
}

// FAULTS 46 at a terminal, with pipes: the child is in the foreground group with
// us, so it has Ctrl-C from the terminal and must not have it from us too. With a
// screen it is the other way round. TERM does not come from terminals.
func TestControlCAtATerminal(t *testing.T) {
	for _, mode := range [][]string{nil, {"-pty"}} {
		again(t, times(1, 20, 1000), func(t *testing.T) {
			d := sit(t, append(mode, self("catch", "3")...)...)
			d.await("ready\r\n")
			d.enter("\x03")
			d.await("2\r\n")
			d.enter("\x1c")
			d.await("3\r\n")
			syscall.Kill(d.job(), syscall.SIGTERM)
			d.await("15\r\n")
			d.want("exit 0")
			if got := strings.ReplaceAll(strings.ReplaceAll(d.text(), "^C", ""), "^\\", ""); got != "ready\r\n2\r\n3\r\n15\r\n" {
				t.Errorf("%v: the screen shows %q", mode, got)
			}
			d.exit(0)
		})
	}
}

// job is the process of the supervise helper.
func (d *desk) job() int {
	d.t.Helper()
	return childOf(d.t, d.cmd.Process.Pid)
}

// leader is the process that leads the session of the command's terminal.
func (d *desk) leader() int {
	d.t.Helper()
	return childOf(d.t, d.job())
}

// awaitJob waits until the shell has given its terminal to the job.
func (d *desk) awaitJob() {
	d.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		front := 0
		err := control(d.tty, func(fd int) (err error) { front, err = unix.IoctlGetInt(fd, unix.TIOCGPGRP); return err })
		if err == nil && front != d.cmd.Process.Pid && front > 0 {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("no job in the foreground: %d, %v", front, err)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// childOf is the first child of a process, which has to have one.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		for _, child := range numbers(strings.ReplaceAll(string(list), " ", ",")) {
			return child
		}
	}
	t.Fatalf("process %d has no child", pid)
	return 0
}

// FAULTS 64, 65: Ctrl-Z stops us too, the shell gets its prompt and its terminal
// back as it was; after fg all is as before.
func TestControlZAtATerminal(t *testing.T) {
	for _, mode := range []string{"", "-pty"} {
		again(t, times(2, 50, 1000), func(t *testing.T) {
			args := sh(`echo ready; while read x; do echo "got $x"; done; exit 5`)
			if mode != "" {
				args = append([]string{mode}, args...)
			}
			d := sit(t, args...)
			before := d.before
			d.await("ready")
			for i := range 3 {
				if mode == "-pty" {
					d.awaitModes(true)
				}
				d.enter("\x1a")
				d.want("stopped 19")
				if d.modes() != before {
					t.Fatal("the terminal is not as it was")
				}
				resize(t, d.tty, 40, uint16(90+i))
				d.signal(syscall.SIGUSR1)
				if mode == "-pty" {
					d.awaitModes(true)
				}
				d.enter(fmt.Sprintf("line %d\n", i))
				d.await(fmt.Sprintf("got line %d", i))
			}
			d.enter("\x04")
			d.want("exit 5")
			if d.modes() != before {
				t.Error("the terminal is not as it was")
			}
			d.exit(0)
		})
	}
}
