package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/maskrun/maskrun/internal/crash"
)

// ending are the signals that end us while there is no command yet. One that
// was ignored when we were started (nohup) stays ignored.
var ending = []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM}

// catch has the ending signals delivered to a channel until stop is called.
func catch() (signals chan os.Signal, stop func()) {
	signals = make(chan os.Signal, 4)
	for _, sig := range ending {
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig)
		}
	}
	return signals, func() { signal.Stop(signals) }
}

// lastWords is how long a fetch may take to let go of its connections and
// helpers once a signal has come: the end must be seen within 100 ms. FAULTS 45.
const lastWords = 50 * time.Millisecond

// interruptible runs work, and gives up on it when a signal comes: the context
// ends, and the error is the exit status of a program that the signal ended.
func (p *program) interruptible(work func(context.Context) error) error {
	signals, stop := catch()
	defer stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- crash.Guard(func() error { return work(ctx) }) }()
	select {
	case err := <-done:
		// A signal that came at the same moment counts: nothing has been run yet.
		stop()
		select {
		case sig := <-signals:
			return signalStatus(sig)
		default:
			return err
		}
	case sig := <-signals:
		cancel()
		p.speaker.hush()
		select {
		case <-done:
		case <-time.After(lastWords):
		}
		return signalStatus(sig)
	}
}

func signalStatus(sig os.Signal) error {
	n, ok := sig.(syscall.Signal)
	if !ok {
		return exitStatus(exitFailed)
	}
	return exitStatus(exitSignal + int(n))
}
