package child

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// gated starts at a terminal what waits at place, and calls there when it does.
func gated(t *testing.T, place string, there func(d *desk), job ...string) *desk {
	t.Helper()
	name, events := fifo(t)
	if err := unix.Mkfifo(name+".open", 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(gateEnv, place+" "+name)
	d := seat(t, job)
	if l, err := events.ReadString('\n'); l != "here\n" {
		t.Fatalf("at the gate: %q, %v", l, err)
	}
	there(d)
	opened := make(chan error, 1)
	go func() { opened <- os.WriteFile(name+".open", []byte("go\n"), 0) }()
	select {
	case err := <-opened:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("nobody waits at the gate any more")
	}
	return d
}

// Ways in which a command is run at a terminal; each is put before "supervise".
var seats = []struct {
	name string
	argv func(command ...string) []string
}{
	{"pipes", func(c ...string) []string { return append(self("supervise"), c...) }},
	{"screen", func(c ...string) []string { return append(self("supervise", "-pty"), c...) }},
	{"screen, other input", func(c ...string) []string {
		return append([]string{"sh", "-c", `exec "$0" "$@" </dev/null`}, append(self("supervise", "-pty"), c...)...)
	}},
	{"screen without a leader", func(c ...string) []string { return append(self("supervise", "-pty", "-alone"), c...) }},
}

// FAULTS 44: keys that are pressed when we catch signals already and there is no
// command yet. The terminal has signalled us alone, so the command must have it
// from us, also where it shares our terminal.
func TestTypedBeforeTheStart(t *testing.T) {
	for _, s := range seats {
		t.Run(s.name, func(t *testing.T) {
			again(t, times(1, 20, 1000), func(t *testing.T) {
				d := gated(t, gateStart, func(d *desk) { d.enter("\x03"); d.settled() }, s.argv("sleep", "300")...)
				d.ends(130)
			})
		})
	}
	t.Run("Ctrl-Z", func(t *testing.T) {
		d := gated(t, gateStart, func(d *desk) { d.enter("\x1a"); d.settled() }, seats[0].argv("sleep", "300")...)
		d.want("stopped 19")
		d.signal(syscall.SIGUSR1)
		d.awaitJob()
		d.enter("\x03")
		d.ends(130)
	})
}

// FAULTS 44: keys that are pressed while the leader of the command's terminal
// starts, and would be ended by what its terminal makes of them.
func TestTypedWhileTheLeaderStarts(t *testing.T) {
	for _, s := range seats[1:3] {
		t.Run(s.name, func(t *testing.T) {
			again(t, times(1, 20, 1000), func(t *testing.T) {
				d := gated(t, gateLead, func(d *desk) { d.enter("\x03"); d.settled() }, s.argv("sleep", "300")...)
				d.ends(130)
			})
		})
	}
}

// settled gives a key time to have its effect, where it is to have none that could
// be waited for. Too short a time only hides a fault.
func (d *desk) settled() { time.Sleep(20 * time.Millisecond) }

// FAULTS 44, 61: while the command has not asked for the keyboard the leader is in
// the foreground of its terminal. What that sends to it is for the command: a
// change of its size, or a key that was pressed just before it got the keyboard.
func TestLeaderStandsInForTheCommand(t *testing.T) {
	d := seat(t, seats[2].argv(self("catch", "5")...))
	d.await("ready")
	leader := d.leader()
	resize(t, d.tty, 41, 91)
	d.await("28\r")
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		unix.Kill(-leader, sig) // as the terminal would
		d.await(fmt.Sprintf("%d\r", int(sig)))
	}
	unix.Kill(leader, syscall.SIGTERM) // not from a terminal: not for the command
	unix.Kill(-leader, syscall.SIGTSTP)
	d.await("20\r")
	syscall.Kill(d.job(), syscall.SIGTERM)
	d.await("15\r")
	d.want("exit 0")
	if got := strings.ReplaceAll(d.text(), "\r\r", "\r"); got != "ready\r\n28\r\n2\r\n3\r\n20\r\n15\r\n" {
		t.Errorf("the screen shows %q", got)
	}
}

// FAULTS 44, 68: Ctrl-C at any moment from the start to a password prompt that
// turns echo off and reads its terminal: it ends the command, always. (The command is no
// shell with stty: shells themselves lose a Ctrl-C now and then while a child of theirs ends.)
func TestControlCAtAnyMoment(t *testing.T) {
	for _, s := range seats {
		t.Run(s.name, func(t *testing.T) {
			again(t, times(5, 100, 1000), func(t *testing.T) {
				d := seat(t, s.argv(self("ask")...))
				d.awaitJob()
				time.Sleep(time.Duration(rand.IntN(30_000)) * time.Microsecond)
				d.enter("\x03")
				d.ends(130)
			})
		})
	}
}

// helpAsk asks its terminal for a password.
func helpAsk([]string) int {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	fd := int(tty.Fd())
	modes, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 98
	}
	quiet := *modes
	quiet.Lflag &^= unix.ECHO
	_ = unix.IoctlSetTermios(fd, unix.TCSETS, &quiet)
	fmt.Fprintln(tty, "asking")
	_, _ = tty.Read(make([]byte, 100))
	_ = unix.IoctlSetTermios(fd, unix.TCSETS, modes)
	return 7
}

// FAULTS 64, 101: when we panic the terminal is as it was, the command is ended, and
// nobody sees the value.
func TestPanicAtATerminal(t *testing.T) {
	for _, s := range seats {
		for _, place := range []string{"writer", "before the start", "after the start"} {
			t.Run(s.name+", "+place, func(t *testing.T) {
				name, events := fifo(t)
				script := `echo $$ >"$0"; stty raw -echo </dev/tty; echo boom; exec sleep 300`
				d := seat(t, s.argv("-crash", place, "sh", "-c", script, name))
				d.await("internal error")
				d.ends(codeOwn)
				if d.modes() != d.before && s.name != "pipes" { // there it is the command that has changed them
					t.Error("the terminal is not as it was")
				}
				if text := d.text(); strings.Contains(text, "CANARY") {
					t.Errorf("the screen shows %q", text)
				}
				if place != "writer" {
					return
				}
				l, err := events.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				awaitGone(t, numbers(strings.TrimSpace(l))[0])
			})
		}
	}
}

// awaitGone waits until there is no process pid.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for unix.Kill(pid, 0) == nil {
		if time.Now().After(deadline) {
			t.Fatalf("process %d is there", pid)
		}
		time.Sleep(time.Millisecond)
	}
}

// The leader's own goroutines.
func TestPanicOfTheLeader(t *testing.T) {
	l, a := &leader{}, newAlarm() // without a command
	c := make(chan os.Signal, 1)
	c <- syscall.SIGINT
	a.watch(func() { l.standIn(c) })
	if err := a.rung(); err == nil || !strings.Contains(err.Error(), "internal error at internal/child/") {
		t.Errorf("error %v", err)
	}
	if err := a.rung(); err != nil {
		t.Errorf("a second time: %v", err)
	}
}
