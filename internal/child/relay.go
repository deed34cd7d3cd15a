package child

import (
	"context"
	"syscall"
	"time"
)

// A relay is the one loop that acts on signals, contexts and timers.
type relay struct {
	spec    Spec
	proc    *process
	inbox   *inbox
	drained <-chan struct{} // closed when all streams have ended

	kill  <-chan time.Time // nil until somebody asked the child to end
	timer *time.Timer
}

// untilExit relays until the child has exited. The error is ctx's cause if its
// end made us stop the child.
func (r *relay) untilExit(ctx context.Context) (Status, error) {
	var stopped error
	ended, extra := ctx.Done(), r.spec.Signals
	defer r.disarm()
	for {
		select {
		case sig := <-r.inbox.c:
			r.forward(sig.(syscall.Signal))
		case sig, ok := <-extra:
			if !ok {
				extra = nil
				continue
			}
			r.send(sig)
		case <-ended:
			ended, stopped = nil, context.Cause(ctx)
			r.proc.signal(syscall.SIGTERM)
			r.arm(r.spec.grace())
		case <-r.kill:
			r.proc.signal(syscall.SIGKILL)
		case st := <-r.proc.exited:
			return st, stopped
		}
	}
}

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

// forward passes on a signal we received, unless the terminal has done so.
func (r *relay) forward(sig syscall.Signal) {
	if !fromTerminal(sig) {
		r.send(sig)
	}
	if sig == sigSuspend {
		suspend()
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
