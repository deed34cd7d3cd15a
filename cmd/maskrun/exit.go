package main

import (
	"fmt"
	"syscall"
)

// Exit codes. A command's own code is passed on as it is; 126 (found, but not
// executable) and 127 (not found) come from child.StartError.
const (
	exitOK     = 0
	exitLeak   = 86  // --fail-on-leak: something was hidden and the command succeeded
	exitFailed = 125 // maskrun itself failed: nothing was run, or output was cut short
	exitSignal = 128 // 128+n: ended by signal n
	exitPipe   = exitSignal + int(syscall.SIGPIPE)
)

// exitStatus ends the program with a code, and without a message: what there is
// to say has been said.
type exitStatus int

// Error makes it an error; it is never printed.
func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a mistake on the command line; the way to the help is added.
type usageError struct{ command, msg string }

// Error is one line.
func (e usageError) Error() string {
	if e.command == "" {
		return e.msg + "; see maskrun --help"
	}
	return fmt.Sprintf("%s: %s; see maskrun %s --help", e.command, e.msg, e.command)
}

func usagef(command, format string, args ...any) error {
	return usageError{command, fmt.Sprintf(format, args...)}
}
