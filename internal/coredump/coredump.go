// Package coredump keeps the memory of this process, which holds secrets, out of
// core files.
//
// [Off] lowers the soft limit on core files to 0. On Linux that is not enough
// where core_pattern names a program, which the limit does not bind; so there the
// process is also marked as not dumpable. That has a second effect: another
// process of the same user can neither attach a debugger to it nor read its
// /proc/PID/mem or environ.
//
// A command that we run gets back the limit that we were started with:
// [Guard.Start]. The mark is not inherited: execve(2) takes it off.
package coredump

import (
	"errors"
	"fmt"
)

// ErrSystem is the error of a Guard where the system knows no such limit.
var ErrSystem = errors.New("this system has no limit on them")

// A Guard is what [Off] did. The zero Guard has done nothing, and its methods work.
type Guard struct {
	lowered bool
	before  limit // where lowered is true
	err     error
}

// Off turns core dumps of this process off. It never fails: what could not be
// done is no reason not to run a command, and [Guard.Err] tells. Call it once,
// before secrets are read: a second Guard takes the lowered limit for the first.
func Off() *Guard {
	g := &Guard{}
	g.before, g.lowered, g.err = lower()
	if err := undumpable(); err != nil {
		g.err = fmt.Errorf("mark as not dumpable: %w", err)
	}
	return g
}

// Err says why core dumps are still possible, in one line; nil when they are off.
func (g *Guard) Err() error { return g.err }

// Start calls start, which is to start a process, with the limit that we were
// started with, and returns its error. Limits belong to the whole process, and Go
// cannot set one between fork and exec: for that moment we have it too. On Linux
// the mark still keeps us from being dumped then.
func (g *Guard) Start(start func() error) error {
	if g.lowered {
		raise(g.before)
		defer func() { _, _, _ = lower() }()
	}
	return start()
}
