package child

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// setTostop makes the person's terminal stop those who write to it from the
// background.
func (d *desk) setTostop() {
	d.t.Helper()
	m := d.modes()
	m.Lflag |= unix.TOSTOP
	if err := control(d.slave, func(fd int) error { return unix.IoctlSetTermios(fd, setTermios, &m) }); err != nil {
		d.t.Fatal(err)
	}
}

// FAULTS 66: in the background of a terminal with TOSTOP our output stops us by TTOU,
// the command waits, and in the foreground all goes on with nothing lost.
func TestOutputFromTheBackground(t *testing.T) {
	const script = `echo ready; read x <"$0"; i=0; while [ $i -lt 500 ]; do echo "line $i"; i=$((i+1)); done; exit 5`
	var want strings.Builder
	for i := range 500 {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	for _, s := range seats {
		t.Run(s.name, func(t *testing.T) {
			again(t, times(1, 20, 1000), func(t *testing.T) {
				if s.name == "screen without a leader" {
					t.Skip("there Ctrl-Z does nothing: its session has nobody who could continue the command")
				}
				name, _ := fifo(t)
				d := seat(t, s.argv("sh", "-c", script, name))
				d.await("ready")
				d.enter("\x1a")
				d.want("stopped 19")
				d.setTostop()
				d.signal(syscall.SIGUSR2) // bg
				if err := os.WriteFile(name, []byte("go\n"), 0); err != nil {
					t.Fatal(err)
				}
				d.want("stopped 22")
				d.signal(syscall.SIGUSR1) // fg
				d.ends(5)
				d.await("line 499\r")
				_, got, _ := strings.Cut(strings.ReplaceAll(d.text(), "\r", ""), "line 0\n")
				if "line 0\n"+got != want.String() {
					t.Errorf("the screen shows %q", d.text())
				}
			})
		})
	}
}

// FAULTS 66: a command that has not asked for the keyboard does not get it for what it
// prints, also where TOSTOP is set: nobody but us writes to that terminal.
func TestTostopIsNotTheCommands(t *testing.T) {
	d := seat(t, []string{"sh", "-c", `stty tostop; exec "$0" "$@" </dev/null`, os.Args[0], "supervise", "-pty", "sh", "-c", "echo printed; sleep 0.1; echo more"})
	d.await("printed")
	if d.modes().Lflag&unix.ICANON == 0 {
		t.Error("it has the keyboard")
	}
	d.await("more")
	d.ends(0)
}

// FAULTS 70: a terminal that is gone, as when a connection ends: the command gets HUP,
// and we end as it does. One that ignores HUP is waited for, without spinning.
func TestTerminalIsGone(t *testing.T) {
	for _, s := range seats {
		for _, c := range []struct {
			why, script, want string // exit codes
		}{
			{"it ends by HUP", `echo $$ >"$0"; exec sleep 300`, "129"},
			{"it exits at HUP, and prints", `trap 'exit 9' HUP; echo $$ >"$0"; while :; do sleep 0.01; done`, "9"},
			{"it prints, and may have PIPE before HUP", `echo $$ >"$0"; while :; do echo line; done`, "129 141"},
			{"it ignores HUP", `trap "" HUP; echo $$ >"$0"; exec sleep 300 >/dev/null 2>&1`, "137"},
		} {
			t.Run(s.name+", "+c.why, func(t *testing.T) {
				name, events := fifo(t)
				wrap := []string{"sh", "-c", `trap : HUP; "$@"; echo $? >"$0"`, name}
				d := seat(t, append(wrap, s.argv("sh", "-c", c.script, name)...))
				line, err := events.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				command, us := numbers(strings.TrimSpace(line))[0], childOf(t, d.job())
				d.hangUp()
				if c.want == "137" {
					before := cpuTime(t, us)
					time.Sleep(300 * time.Millisecond) // what a loop would use up, is used up
					if used := cpuTime(t, us) - before; used > 10 {
						t.Errorf("used %d hundredths of a second for waiting", used)
					}
					unix.Kill(command, unix.SIGKILL)
				}
				line, err = events.ReadString('\n')
				if code := strings.TrimSpace(line); err != nil || !slices.Contains(strings.Fields(c.want), code) {
					t.Errorf("exit code %q, %v, want %s", code, err, c.want)
				}
			})
		}
	}
}

// hangUp takes the terminal away.
func (d *desk) hangUp() {
	d.slave.Close()
	d.tty.Close()
}

// cpuTime is what a process has used, in hundredths of a second.
func cpuTime(t *testing.T, pid int) (ticks int) {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	for _, f := range strings.Fields(after)[11:13] {
		ticks += numbers(f)[0]
	}
	return ticks
}

// FAULTS 67: input that is no terminal does not pass one: 10 MB of any bytes in one
// line arrive, and so does their end.
func TestPipedInputWithAScreen(t *testing.T) {
	const size = 10 << 20
	for _, m := range modes[1:] {
		t.Run(m.name, func(t *testing.T) {
			pr, pw, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			file := t.TempDir() + "/got"
			s := m.supervise(t, []string{"sh", "-c", `cat >"$0"; echo end`, file}, func(c *exec.Cmd) { c.Stdin = pr })
			pr.Close()
			want := sha256.New()
			_, err = io.CopyN(io.MultiWriter(pw, want), rand.NewChaCha8([32]byte{67}), size)
			if err = errors.Join(err, pw.Close()); err != nil {
				t.Fatal(err)
			}
			s.want("end")
			s.end(0)
			data, err := os.ReadFile(file)
			if err != nil || len(data) != size {
				t.Fatalf("%d bytes, %v", len(data), err)
			}
			got := sha256.New()
			got.Write(data)
			sameHash(t, got, want)
		})
	}
}

// FAULTS 70: for who writes to it a terminal that is gone is a reader that is gone.
func TestSinkOfATerminalThatIsGone(t *testing.T) {
	tty, slave, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	defer slave.Close()
	w := Sink(slave)
	if _, err := w.Write([]byte("there")); err != nil {
		t.Fatal(err)
	}
	tty.Close()
	if n, err := w.Write([]byte("gone")); n != 0 || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%d, %v", n, err)
	}
}

// FAULTS 42: a leader that tells how the command ended, and goes, is heard also when
// a signal for the command was on its way to it.
func TestLastWordsOfTheLeader(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	say(pair[0], saySignal, byte(syscall.SIGCONT))
	say(pair[1], tellExit, 7)
	unix.Close(pair[1])
	if what, n := hear(pair[0]); what != tellExit || n != 7 {
		t.Errorf("heard %q %d", what, n)
	}
	if what, _ := hear(pair[0]); what != 0 {
		t.Errorf("heard %q at the end", what)
	}
}
