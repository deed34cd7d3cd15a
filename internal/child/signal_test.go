//go:build unix

package child

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// FAULTS 43, and 46 without a terminal
func TestEverySignalOnce(t *testing.T) {
	eachMode(t, func(t *testing.T, m mode) {
		again(t, times(1, 20, 1000), func(t *testing.T) { everySignalOnce(t, m) })
	})
}

func everySignalOnce(t *testing.T, m mode) {
	var list []syscall.Signal
	for _, sig := range append(extraSignals(), forwarded...) {
		list = append(list, sig.(syscall.Signal))
	}
	s := m.supervise(t, self("catch", fmt.Sprint(len(list)+1)))
	s.want("ready")
	for _, sig := range list {
		s.signal(sig)
		s.want(fmt.Sprint(int(sig)))
	}
	// If any of them came twice, the second is before this one.
	s.signal(syscall.SIGTERM)
	if rest := s.end(0); rest != "15\n" {
		t.Errorf("at the end got %q, want 15", rest)
	}
}

// FAULTS 43
func TestSignalsThatAreOurs(t *testing.T) { eachMode(t, signalsThatAreOurs) }

func signalsThatAreOurs(t *testing.T, m mode) {
	s := m.supervise(t, self("catch", "7"))
	s.want("ready")
	for _, sig := range []syscall.Signal{
		syscall.SIGURG, syscall.SIGCHLD, syscall.SIGPIPE, syscall.SIGPROF, syscall.SIGTTIN, syscall.SIGTTOU,
	} {
		s.signal(sig)
		s.signal(syscall.SIGCONT) // wakes us where TTIN and TTOU stop us
		s.want("18")
	}
	s.signal(syscall.SIGTERM)
	if rest := s.end(0); rest != "15\n" {
		t.Errorf("at the end got %q, want 15", rest)
	}
}

// FAULTS 44: a signal that arrives when we already listen, but have no child
// yet, reaches the child.
func TestSignalBeforeTheStart(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1} {
		in := listen()
		if signal.Ignored(sig) {
			in.stop()
			continue
		}
		unix.Kill(unix.Getpid(), sig)
		first := <-in.c // it has arrived
		in.c <- first
		st, err := run(context.Background(), Spec{Argv: sh("exec sleep 30"), Env: os.Environ()}, in)
		in.stop()
		if err != nil || st != (Status{Code: -1, Signal: sig}) {
			t.Errorf("%v: status %+v, %v", sig, st, err)
		}
	}
}

// FAULTS 42: signals while children come and go.
func TestSignalsDuringStartAndExit(t *testing.T) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGURG, syscall.SIGWINCH)
	defer signal.Stop(caught)
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				unix.Kill(unix.Getpid(), unix.SIGWINCH)
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	for range times(200, 1000, 10_000) {
		if st := must(t, Spec{Argv: sh("exit 3")}); st != (Status{Code: 3}) {
			t.Fatalf("status %+v", st)
		}
	}
	close(stop)
	<-stopped
}

// FAULTS 29, 52: interrupted system calls, and a stop in the middle.
func TestSignalStormWhileCopying(t *testing.T) {
	const size = 64 << 20
	want := sha256.New()
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := supervise(t, []string{"cat"}, func(c *exec.Cmd) { c.Stdin = pr })
	pr.Close()
	fed := make(chan bool)
	go func() {
		defer close(fed)
		defer pw.Close()
		io.CopyN(io.MultiWriter(pw, want), rand.NewChaCha8([32]byte{3}), size)
	}()
	got, n := sha256.New(), 0
	buf := make([]byte, 32<<10)
	for {
		k, err := s.out.Read(buf)
		got.Write(buf[:k])
		if n += k; err != nil {
			break
		}
		s.signal(syscall.SIGWINCH)
		if n%64 == 1 {
			s.signal(syscall.SIGSTOP)
			s.signal(syscall.SIGCONT)
		}
	}
	<-fed
	if n != size {
		t.Errorf("%d bytes, want %d", n, size)
	}
	sameHash(t, got, want)
	s.exit(0)
}

// FAULTS 47: the whole group goes, or the one that holds the pipe would keep us.
func TestKillAfter(t *testing.T) { eachMode(t, killAfter) }

func killAfter(t *testing.T, m mode) {
	const stubborn = `trap "" TERM INT; (trap "" TERM INT; echo ready; while :; do sleep 1; done); exit 1`
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := m.supervise(t, append([]string{"-kill", "200ms", "-drain", "-1s"}, sh(stubborn)...))
		s.want("ready")
		begin := time.Now()
		s.signal(sig)
		if s.end(137); time.Since(begin) < 200*time.Millisecond {
			t.Errorf("%v: killed after %v already", sig, time.Since(begin))
		}
	}
}

// FAULTS 47, 48: without KillAfter we only pass on, as often as asked.
func TestNoEscalationUnasked(t *testing.T) {
	eachMode(t, func(t *testing.T, m mode) {
		again(t, times(1, 20, 1000), func(t *testing.T) { noEscalationUnasked(t, m) })
	})
}

func noEscalationUnasked(t *testing.T, m mode) {
	s := m.supervise(t, self("catch", "4"))
	s.want("ready")
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGINT, syscall.SIGTERM} {
		s.signal(sig)
		s.want(fmt.Sprint(int(sig)))
	}
	s.end(0)
}

// A request to end reaches the group, as when a supervisor signals it; a message
// reaches the command alone, because its children might die of it.
func TestWhoGetsWhat(t *testing.T) {
	if group := attributes(&exec.Cmd{}, false); !group && hasTerminal() == false {
		t.Skip("no process group on this system")
	}
	name, events := fifo(t)
	script := `"$0" catch 1 "$1" & trap 'echo usr1' USR1; trap 'echo term; exit 4' TERM; read x <"$2"; while :; do wait; done`
	start := name + ".start"
	if err := unix.Mkfifo(start, 0o600); err != nil {
		t.Fatal(err)
	}
	s := supervise(t, []string{"sh", "-c", script, os.Args[0], name, start})
	if l, _ := events.ReadString('\n'); l != "ready\n" {
		t.Fatalf("from the background %q", l)
	}
	go os.WriteFile(start, []byte("go\n"), 0)
	s.signal(syscall.SIGUSR1)
	s.want("usr1")
	s.signal(syscall.SIGTERM)
	s.want("term")
	if l, _ := events.ReadString('\n'); l != "15\n" {
		t.Errorf("the background got %q, want 15", l)
	}
	s.end(4)
}

func TestSignalsFromTheCaller(t *testing.T) {
	c := make(chan syscall.Signal)
	var out bytes.Buffer
	ready := funcWriter(func(p []byte) (int, error) {
		if strings.Contains(string(p), "ready") {
			go func() { c <- syscall.SIGUSR2; close(c) }()
		}
		return out.Write(p)
	})
	st := must(t, Spec{Argv: self("catch", "1"), Stdout: ready, Signals: c})
	if got, want := out.String(), fmt.Sprintf("ready\n%d\n", int(syscall.SIGUSR2)); st.Code != 0 || got != want {
		t.Errorf("status %+v, output %q, want %q", st, got, want)
	}
}

// FAULTS 49
func TestNohup(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	argv := append(self("dispose", "1,2", ""), self("supervise", "sh", "-c", "kill -HUP $$; kill -INT $$; echo alive; cat")...)
	s := launch(t, argv, func(c *exec.Cmd) { c.Stdin = r })
	r.Close()
	s.want("alive")
	s.signal(syscall.SIGHUP)
	s.signal(syscall.SIGINT)
	fmt.Fprintln(w, "still alive")
	s.want("still alive")
	w.Close()
	s.end(0)
}

// FAULTS 60
func TestChildSignalIgnoredByOurParent(t *testing.T) {
	argv := append(self("dispose", fmt.Sprint(int(syscall.SIGCHLD)), ""), self("supervise", "sh", "-c", "exit 7")...)
	launch(t, argv).end(7)
}

// The soft limit that the Go runtime raises for itself is not the command's.
func TestOpenFilesLimit(t *testing.T) {
	s := launch(t, []string{"sh", "-c", `ulimit -Sn 128; exec "$0" supervise sh -c "ulimit -Sn"`, os.Args[0]})
	if got := s.end(0); got != "128\n" {
		t.Errorf("limit %q, want 128", got)
	}
}
