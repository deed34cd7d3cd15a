//go:build unix

package child

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/internal/faultio"
)

// FAULTS 53, 55
func TestLeakedPipe(t *testing.T) { eachMode(t, leakedPipe) }

func leakedPipe(t *testing.T, m mode) {
	for _, c := range []struct{ why, script string }{
		{"a background process", "sleep 30 & echo hi"},
		{"a daemon in a session of its own", "setsid sleep 30 & echo hi"},
		{"holding only stderr", "sleep 30 >/dev/null & echo hi"},
	} {
		t.Run(c.why, func(t *testing.T) {
			var out, err bytes.Buffer
			const drain = 100 * time.Millisecond
			begin := time.Now()
			script := "trap '' HUP; " + c.script // which a command that leads its session would leave behind
			st := must(t, m.spec(Spec{Argv: sh(script), Stdout: &out, Stderr: &err, Drain: drain}))
			if took := time.Since(begin); took < drain || took > 20*time.Second {
				t.Errorf("took %v with a drain of %v", took, drain)
			}
			if st != (Status{Truncated: true}) || out.String() != "hi\n" {
				t.Errorf("status %+v, output %q", st, &out)
			}
		})
	}
}

func TestNoLeakNoWait(t *testing.T) { eachMode(t, noLeakNoWait) }

func noLeakNoWait(t *testing.T, m mode) {
	for _, c := range []struct{ why, script string }{
		{"nothing left behind", "echo hi"},
		{"what was left behind holds no pipe of ours", "sleep 30 >/dev/null 2>&1 & echo hi"},
		{"the streams end long before the command", "exec >/dev/null 2>&1; sleep 0.1"},
	} {
		begin := time.Now()
		st := must(t, m.spec(Spec{Argv: sh(c.script), Stdout: &buffer{}, Stderr: &buffer{}, Drain: time.Hour}))
		if took := time.Since(begin); st != (Status{}) || took > 20*time.Second {
			t.Errorf("%s: took %v, %+v", c.why, took, st)
		}
	}
}

// FAULTS 54: output of the drain is delivered; afterwards its pipe breaks.
func TestBackgroundWriterDuringTheDrain(t *testing.T) {
	name, events := fifo(t)
	var out buffer
	// It writes as soon as its parent has exited, so this is much more than it needs.
	st := must(t, Spec{Argv: self("late", name), Env: helperEnviron(), Stdout: &out, Drain: 3 * time.Second})
	if st != (Status{Truncated: true}) {
		t.Errorf("status %+v", st)
	}
	if got := out.String(); !strings.Contains(got, "early\n") || !strings.Contains(got, "late\n") {
		t.Errorf("output %.60q", got)
	}
	if l, err := events.ReadString('\n'); err != nil || !strings.Contains(l, "broken pipe") {
		t.Errorf("the writer left behind reports %q, %v", l, err)
	}
}

// A background process that writes as fast as it can does not keep us.
func TestBackgroundFlood(t *testing.T) {
	st := must(t, Spec{Argv: sh("yes & exec true"), Stdout: new(counter), Drain: 50 * time.Millisecond})
	if st != (Status{Truncated: true}) {
		t.Errorf("status %+v", st)
	}
}

// What the command wrote is delivered even if the writer needs longer than the
// drain for it, and that is not called truncated.
func TestSlowWriterOutlastsTheDrain(t *testing.T) {
	for _, streams := range []string{"", ">&2"} {
		var out bytes.Buffer
		gate := faultio.NewGate(&out)
		go func() {
			<-gate.Entered()
			time.Sleep(100 * time.Millisecond) // many drains
			gate.Open()
		}()
		st := must(t, Spec{Argv: sh("head -c 60000 /dev/zero " + streams), Stdout: gate, Stderr: gate, Drain: time.Nanosecond})
		if st != (Status{}) || out.Len() != 60000 {
			t.Errorf("status %+v, %d bytes", st, out.Len())
		}
	}
}

// With no limit on the drain, the signals and the context that end programs
// still end it.
func TestUnlimitedDrainCanBeEnded(t *testing.T) {
	spec := Spec{Argv: sh("sleep 30 & echo hi"), Env: os.Environ(), Drain: -1}
	for _, c := range []struct {
		why string
		end func(in *inbox, cancel func())
	}{
		{"a signal", func(in *inbox, _ func()) { in.c <- syscall.SIGTERM }},
		{"the context", func(_ *inbox, cancel func()) { cancel() }},
	} {
		t.Run(c.why, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			in := &inbox{c: make(chan os.Signal, 1)}
			s := spec
			var out bytes.Buffer
			s.Stdout = &out
			w, err := wire(s)
			if err != nil {
				t.Fatal(err)
			}
			p, err := start(s, w)
			if err != nil {
				t.Fatal(err)
			}
			w.started()
			r := relay{spec: s, proc: p, inbox: in, drained: w.pump(nil)}
			st, stopped := r.untilExit(ctx)
			c.end(in, cancel) // the child is gone: this can only mean the drain
			r.untilDrained(ctx, stopped, w.cut)
			if st != (Status{}) || stopped != nil || !w.truncated() || out.String() != "hi\n" {
				t.Errorf("status %+v, %v, output %q", st, stopped, &out)
			}
		})
	}
}

func TestContextEndsTheCommand(t *testing.T) { eachMode(t, contextEndsTheCommand) }

func contextEndsTheCommand(t *testing.T, m mode) {
	cause := errors.New("enough")
	for _, c := range []struct {
		why, script string
		drain       time.Duration
		want        Status
	}{
		{"by TERM", "echo ready; exec sleep 30", 0, Status{Code: -1, Signal: syscall.SIGTERM}},
		{"by KILL if that does not help", "trap '' TERM; echo ready; while :; do sleep 1; done", 50 * time.Millisecond, Status{Code: -1, Signal: syscall.SIGKILL}},
		{"unless it exits by itself", "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done", 0, Status{Code: 3}},
	} {
		t.Run(c.why, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(context.Background())
			ready := funcWriter(func(p []byte) (int, error) { cancel(cause); return len(p), nil })
			st, err := Run(ctx, m.spec(Spec{Argv: sh(c.script), Env: helperEnviron(), Stdout: ready, Drain: c.drain}))
			st.Truncated = false // sleep may hold the pipe for a moment longer
			if st != c.want || !errors.Is(err, cause) {
				t.Errorf("status %+v, error %v", st, err)
			}
		})
	}
}
