package child

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// block sets the signal mask of this thread.
func block(sigs []int) error {
	var set unix.Sigset_t
	for _, sig := range sigs {
		set.Val[0] |= 1 << (sig - 1)
	}
	return unix.PthreadSigmask(unix.SIG_SETMASK, &set, nil)
}

// FAULTS 50: every disposition that the Go runtime leaves us to know.
func TestMaskAndDispositions(t *testing.T) { eachMode(t, maskAndDispositions) }

func maskAndDispositions(t *testing.T, m mode) {
	show := []string{"grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"}
	for _, c := range []struct{ why, ignored, blocked string }{
		{"nothing", "", ""},
		{"HUP and INT ignored, as by nohup and for background jobs", "1,2", ""},
		{"TSTP, TTIN and TTOU ignored, as by a shell without job control", "20,21,22", ""},
		{"blocked: USR1 and USR2", "", "10,12"},
		{"both", "1,20", "14,28"},
	} {
		t.Run(c.why, func(t *testing.T) {
			dispose := self("dispose", c.ignored, c.blocked)
			want := launch(t, append(dispose, show...)).end(0)
			got := launch(t, append(append(dispose, self(append([]string{"supervise"}, m.args...)...)...), show...)).end(0)
			if got != want || got == "" {
				t.Errorf("under us:\n%swithout us:\n%s", got, want)
			}
		})
	}
}

// FAULTS 50: what the package comment says of what Go changes, signal by signal: all
// of them ignored, and all of them blocked.
func TestWhatGoLeavesOfDispositions(t *testing.T) { eachMode(t, whatGoLeaves) }

func whatGoLeaves(t *testing.T, m mode) {
	var every []string
	for sig := 1; sig < 32; sig++ {
		if sig != int(syscall.SIGKILL) && sig != int(syscall.SIGSTOP) {
			every = append(every, fmt.Sprint(sig))
		}
	}
	all := strings.Join(every, ",")
	for _, c := range []struct {
		why, ignored, blocked, field string
		want                         []syscall.Signal
	}{
		{"ignored", all, "", "SigIgn", []syscall.Signal{
			syscall.SIGHUP, syscall.SIGINT, syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
		}},
		{"blocked", "", all, "SigBlk", []syscall.Signal{
			syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE, syscall.SIGALRM, syscall.SIGCONT, syscall.SIGTSTP, syscall.SIGTTIN,
			syscall.SIGTTOU, syscall.SIGURG, syscall.SIGXCPU, syscall.SIGXFSZ, syscall.SIGVTALRM, syscall.SIGWINCH, syscall.SIGIO, syscall.SIGPWR,
		}},
	} {
		argv := append(self("dispose", c.ignored, c.blocked), append(self("supervise"), m.args...)...)
		got := launch(t, append(argv, "grep", "^"+c.field, "/proc/self/status")).end(0)
		var mask uint64
		for _, sig := range c.want {
			mask |= 1 << (sig - 1)
		}
		if want := fmt.Sprintf("%s:\t%016x\n", c.field, mask); got != want {
			t.Errorf("%s: %q, want %q", c.why, got, want)
		}
	}
}

// A signal that was blocked when we were started reaches the child all the same.
func TestBlockedSignalIsPassedOn(t *testing.T) {
	s := launch(t, append(self("dispose", "", "12"), self(append([]string{"supervise"}, self("catch", "1")...)...)...))
	s.want("ready")
	s.signal(syscall.SIGUSR2)
	s.want("12")
	s.end(0)
}

// FAULTS 51
func TestKilledSupervisorTakesTheChildAlong(t *testing.T) { eachMode(t, killedSupervisor) }

func killedSupervisor(t *testing.T, m mode) {
	name, events := fifo(t)
	s := m.supervise(t, self("catch", "1", name))
	if l, _ := events.ReadString('\n'); l != "ready\n" {
		t.Fatalf("child says %q", l)
	}
	s.signal(syscall.SIGKILL)
	l, err := events.ReadString('\n')
	if m.args != nil && l == "18\n" { // a terminal that is gone sends HUP and CONT, and they overtake each other
		l, err = events.ReadString('\n')
	}
	if hup := m.args != nil && l == "1\n"; l != "15\n" && !hup {
		t.Errorf("child got %q, %v; want 15", l, err)
	}
}

// The thread that started the child must not end before the child does, however
// many others come and go (golang.org/issue/27505).
func TestThreadsMayEnd(t *testing.T) {
	done := make(chan Status, 1)
	go func() {
		st, _ := try(t, Spec{Argv: sh("sleep 0.3; exit 6")})
		done <- st
	}()
	for {
		select {
		case st := <-done:
			if st != (Status{Code: 6}) {
				t.Errorf("status %+v", st)
			}
			return
		default:
			ended := make(chan bool)
			go func() {
				runtime.LockOSThread() // and never unlock: the thread ends
				close(ended)
			}()
			<-ended
			time.Sleep(time.Millisecond)
		}
	}
}

// FAULTS 32: after many runs, of every kind, nothing is left.
func TestNoLeaks(t *testing.T) {
	kinds := []Spec{
		{Argv: sh("echo hi")},
		{Argv: []string{"no-such-command-here"}},
		{Argv: []string{"/dev/null"}},
		{Argv: sh("sleep 5 & echo hi"), Drain: time.Millisecond},
		{Argv: sh("exec kill -9 $$")},
		{Argv: sh("echo hi"), Stdout: Sink(os.NewFile(9999, "closed"))},
	}
	all := func() {
		for _, s := range kinds {
			if s.Stdout == nil {
				s.Stdout, s.Stderr = &buffer{}, &buffer{}
			}
			s.Env, s.KillAfter = os.Environ(), time.Hour
			Run(context.Background(), s)
		}
	}
	all()
	fds, routines := openFiles(t), runtime.NumGoroutine()
	for range 20 {
		all()
	}
	if n := openFiles(t); n > fds {
		t.Errorf("%d open files, %d before", n, fds)
	}
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > routines && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond) // the last ones are on their way out
	}
	if n := runtime.NumGoroutine(); n > routines {
		t.Errorf("%d goroutines, %d before", n, routines)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

// A pipe grows and never shrinks; what is no pipe, or is closed, is left alone.
func TestWiden(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	size := func() int {
		n, err := unix.FcntlInt(r.Fd(), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, pipeSize); err != nil {
		t.Skip("no pipe of 1 MiB for this user:", err)
	}
	unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 4096)
	small := size()
	Widen(w)
	if size() != pipeSize {
		t.Errorf("from %d to %d, want %d", small, size(), pipeSize)
	}
	if n, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, 2*pipeSize); err == nil { // needs privileges
		Widen(w)
		if size() != n {
			t.Errorf("from %d to %d", n, size())
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	Widen(null)
	null.Close()
	Widen(null)
	Widen(nil)
}
