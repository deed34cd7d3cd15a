package child

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/maskrun/maskrun/internal/crash"
)

// A relay is the one loop that acts on signals, contexts and timers.
type relay struct {
	spec    Spec
	proc    runner
	inbox   *inbox
	screen  *screen         // nil if there is none
	drained <-chan struct{} // closed when all streams have ended

	kill  <-chan time.Time // nil until somebody asked the child to end
	timer *time.Timer
}

func newRelay(s Spec, p runner, in *inbox, w *wiring) *relay {
	r := &relay{spec: s, proc: p, inbox: in, screen: w.screen}
	r.catchUp() // before anybody can see that the child runs, and press a key
	r.drained = w.pump(s.alarm)
	return r
}

// relay relays until the child has exited and its streams have ended. A panic of its
// own, or of another goroutine of ours, ends the child.
func (r *relay) relay(ctx context.Context, cut func()) (st Status, err error) {
	panicked := crash.Guard(func() error {
		st, err = r.untilExit(ctx)
		r.settle()
		r.untilDrained(ctx, err, cut)
		return nil
	})
	if panicked != nil {
		_ = crash.Guard(func() error { r.end(); return nil })
		cut()
		<-r.drained
		return failed(panicked)
	}
	return st, errors.Join(err, r.spec.alarm.rung())
}

// end ends the child when nobody relays any more.
func (r *relay) end() {
	exited, _ := r.proc.events()
	r.proc.signal(syscall.SIGTERM)
	select {
	case <-exited:
		return
	case <-time.After(r.spec.grace()):
	}
	r.proc.signal(syscall.SIGKILL)
}

// untilExit relays until the child has exited. The error is ctx's cause, or the
// panic, that made us stop the child.
func (r *relay) untilExit(ctx context.Context) (Status, error) {
	var stopped error
	ended, extra, hungUp := ctx.Done(), r.spec.Signals, r.screen.hungUp()
	exited, stops := r.proc.events()
	defer r.disarm()
	for {
		select {
		case sig := <-r.inbox.c:
			s := sig.(syscall.Signal)
			r.forward(s, fromTerminal(s))
		case sig, ok := <-extra:
			if !ok {
				extra = nil
				continue
			}
			r.send(sig)
		case <-ended:
			ended, stopped = nil, errors.Join(stopped, context.Cause(ctx))
			r.proc.signal(syscall.SIGTERM)
			r.arm(r.spec.grace())
		case err := <-r.spec.alarm:
			stopped = errors.Join(stopped, err)
			r.proc.signal(syscall.SIGTERM)
			r.arm(r.spec.grace())
		case <-r.kill:
			r.proc.signal(syscall.SIGKILL)
		case sig := <-stops:
			r.onStop(sig)
		case <-hungUp:
			hungUp = nil
			r.proc.signal(sigHangUp)
		case end := <-exited:
			r.screen.leave()
			return end.Status, errors.Join(stopped, end.err)
		}
	}
}

// settle waits for the last words to be on our terminal, but not long, before
// giving it back.
func (r *relay) settle() {
	if r.screen == nil {
		return
	}
	select {
	case <-r.drained:
	case <-time.After(settleTime):
	}
	r.screen.give()
}

// settleTime is more than it takes to copy what a terminal holds, 64 KiB, and so
// little that nobody waits for the prompt of a shell.
const settleTime = 100 * time.Millisecond

// untilDrained waits for the streams to end: at most Drain, and shorter when we
// are asked to end. Then it cuts them, and waits only for what is in the pipes
// to reach the writers.
func (r *relay) untilDrained(ctx context.Context, stopped error, cut func()) {
	var limit <-chan time.Time
	if d := r.spec.drain(); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		limit = t.C
	}
	ended := ctx.Done()
	if stopped != nil {
		ended = nil // it has had its effect: the child is gone
	}
	for {
		select {
		case <-r.drained:
			return
		case sig := <-r.inbox.c:
			if endsUs[sig.(syscall.Signal)] {
				cut()
			}
		case <-ended:
			ended = nil
			cut()
		case <-limit:
			cut()
		}
	}
}

// catchUp passes on what came while there was no child: whoever sent it, nobody has
// told the child. (Or the terminal has, between fork and exec. That ended it.)
func (r *relay) catchUp() {
	r.inbox.flush()
	for {
		select {
		case sig := <-r.inbox.c:
			r.forward(sig.(syscall.Signal), false)
		default:
			return
		}
	}
}

// forward passes on a signal we received. The child may have it already, and only
// has to be followed then.
func (r *relay) forward(sig syscall.Signal, hasIt bool) {
	if r.screen != nil {
		r.onScreen(sig)
		return
	}
	if !hasIt {
		r.send(sig)
	}
	if sig == sigSuspend {
		r.inbox.suspend()
	}
}

func (r *relay) send(sig syscall.Signal) {
	r.proc.signal(sig)
	if asksToEnd[sig] && r.spec.KillAfter > 0 {
		r.arm(r.spec.KillAfter)
	}
}

// arm starts the clock of KILL. The first request counts: asking again does not
// win the child more time, nor cost it any.
func (r *relay) arm(d time.Duration) {
	if r.timer == nil {
		r.timer = time.NewTimer(d)
		r.kill = r.timer.C
	}
}

func (r *relay) disarm() {
	if r.timer != nil {
		r.timer.Stop()
	}
}

// asksToEnd are the requests after which KillAfter counts.
var asksToEnd = map[syscall.Signal]bool{syscall.SIGINT: true, syscall.SIGTERM: true}

// endsUs are the signals that end a program which does nothing about them; once
// the child is gone they mean us.
var endsUs = map[syscall.Signal]bool{
	syscall.SIGHUP: true, syscall.SIGINT: true, syscall.SIGQUIT: true, syscall.SIGTERM: true,
}
