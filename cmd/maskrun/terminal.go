package main

import (
	"os"

	"golang.org/x/term"
)

// isTerminal tells whether f is a terminal.
func isTerminal(f *os.File) bool {
	is := false
	err := control(f, func(fd int) error { is = term.IsTerminal(fd); return nil })
	return err == nil && is
}

// control lends the descriptor of f without changing its mode, as Fd would.
func control(f *os.File, use func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var useErr error
	if err := raw.Control(func(fd uintptr) { useErr = use(int(fd)) }); err != nil {
		return err
	}
	return useErr
}
