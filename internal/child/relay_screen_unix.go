//go:build unix

package child

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// onScreen passes a signal on to a command with a terminal of its own. Nothing
// that our terminal signals has reached it yet.
func (r *relay) onScreen(sig syscall.Signal) {
	switch sig {
	case syscall.SIGWINCH:
		if r.screen.resize() {
			return // the kernel tells it
		}
	case syscall.SIGCONT:
		r.resume()
	}
	r.send(sig)
}

// onStop follows when the command has been stopped. If it asked for the keyboard
// and we can give it, it goes on. Otherwise we stop as well, with all of our
// group, so that the shell that waits for us gets its prompt. Where there is no
// such shell, a command that suspends goes on as if it had not, which is what the
// kernel would have done with it; and one that wants to read what nobody can type
// is ended, as by a terminal that is gone. A STOP is nobody's business but its
// sender's.
func (r *relay) onStop(sig syscall.Signal) {
	reads := sig == syscall.SIGTTIN || sig == syscall.SIGTTOU
	c := r.screen.console
	switch {
	case reads && c != nil && c.foreground():
		r.screen.wanted = true
		r.resume()
		r.proc.signal(syscall.SIGCONT)
	case r.inbox.shellWaits(sig):
		r.screen.give()
		if sig == syscall.SIGTSTP {
			sig = syscall.SIGSTOP // TSTP we have caught, and Go cannot undo that
		}
		unix.Kill(0, sig)
	case reads:
		r.proc.signal(syscall.SIGHUP)
		r.proc.signal(syscall.SIGCONT)
	case sig == syscall.SIGTSTP:
		r.proc.signal(syscall.SIGCONT)
	}
}

// resume is for when we go on: in the foreground the command gets the keyboard
// back, if it had it; in the background it has not.
func (r *relay) resume() {
	r.screen.resize()
	c := r.screen.console
	if c == nil || !r.screen.wanted {
		return
	}
	front := c.foreground()
	if front {
		c.take()
	} else {
		c.give()
	}
	r.proc.front(front)
	c.pass()
}
