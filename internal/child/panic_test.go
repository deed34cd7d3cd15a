//go:build unix

package child

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const panicValue = "CANARY-panic-value"

// crashing makes s panic at a place.
func crashing(s *Spec, place string) {
	dst := s.Stdout
	switch place {
	case "writer":
		s.Stdout = funcWriter(func(p []byte) (int, error) {
			if bytes.Contains(p, []byte("boom")) {
				panic(panicValue)
			}
			return dst.Write(p)
		})
		if s.PTY {
			s.Stderr = nil
		}
	case "before the start":
		s.Around = func(func() error) error { panic(panicValue) }
	case "after the start":
		s.Around = func(start func() error) error { _ = start(); panic(panicValue) }
	}
}

// A stuckRunner is a child that cannot be signalled.
type stuckRunner struct{ exited chan ending }

func (stuckRunner) signal(syscall.Signal) { panic(panicValue) }
func (stuckRunner) front(bool)            {}
func (r stuckRunner) events() (<-chan ending, <-chan syscall.Signal) {
	return r.exited, nil
}

// FAULTS 101: whichever of our goroutines panics: an error without the value.
func TestPanicsOfEveryGoroutine(t *testing.T) {
	for _, c := range []struct {
		why   string
		crash func(t *testing.T) error
	}{
		{"that which copies a stream", func(t *testing.T) error {
			s := Spec{Argv: sh("echo boom; exec sleep 300"), Stdout: &buffer{}}
			crashing(&s, "writer")
			st, err := try(t, s)
			if st.Signal != syscall.SIGTERM {
				t.Errorf("status %+v", st)
			}
			return err
		}},
		{"that which copies a stream, when the command has exited", func(t *testing.T) error {
			s := Spec{Argv: sh("(sleep 0.1; echo boom) & exit 0"), Stdout: &buffer{}}
			crashing(&s, "writer")
			_, err := try(t, s)
			return err
		}},
		{"that which starts", func(t *testing.T) error {
			s := Spec{Argv: sh("echo no")}
			crashing(&s, "before the start")
			st, err := try(t, s)
			var start *StartError
			if st.Code != codeOwn || !errors.As(err, &start) {
				t.Errorf("status %+v", st)
			}
			return err
		}},
		{"that which waits", func(t *testing.T) error {
			p := &process{cmd: exec.Command("sleep", "300"), await: func(int) { panic(panicValue) }}
			if err := p.start(Spec{}.around); err != nil {
				return err
			}
			end := <-p.exited
			if end.Signal != syscall.SIGKILL {
				t.Errorf("the child has not been ended: %+v", end)
			}
			return end.err
		}},
		{"that which relays", func(t *testing.T) error {
			in := &inbox{c: make(chan os.Signal, 1)}
			r := newRelay(Spec{alarm: newAlarm(), Drain: 1}, stuckRunner{make(chan ending)}, in, &wiring{})
			in.c <- syscall.SIGTERM
			st, err := r.relay(t.Context(), func() {})
			if st.Code != codeOwn {
				t.Errorf("status %+v", st)
			}
			return err
		}},
		{"that which carries keys", func(t *testing.T) error {
			var p [2]int
			if err := unix.Pipe(p[:]); err != nil {
				return err
			}
			a := newAlarm()
			k, err := newKeys(p[0], funcWriter(func([]byte) (int, error) { panic(panicValue) }), a)
			if err != nil {
				return err
			}
			k.turn(true)
			unix.Write(p[1], []byte("x"))
			<-k.done
			k.stop()
			return <-a
		}},
	} {
		t.Run(c.why, func(t *testing.T) {
			err := c.crash(t)
			if err == nil || !strings.Contains(err.Error(), "internal error at internal/child/") || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("error %v", err)
			}
		})
	}
}
