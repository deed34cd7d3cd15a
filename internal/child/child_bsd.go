//go:build unix && !linux

package child

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

func extraSignals() []os.Signal { return nil }

// attributes sets nothing: without waitid(2) a group cannot be signalled safely,
// so the child stays in ours, and there is no Pdeathsig.
//
// On a screen, which is its standard output, it leads the session.
func attributes(cmd *exec.Cmd, screen bool) (group bool) {
	if screen {
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	}
	return false
}

// awaitExit leaves the waiting to os.Process, whose Signal is safe by itself.
func awaitExit(int) {}

func signalGroup(int, syscall.Signal) bool { return false }

// Widen does nothing: here pipes grow by themselves.
func Widen(*os.File) {}

func ignoredSignals() map[syscall.Signal]bool { return nil }

// deliverPending does nothing: x/sys has no signal masks here.
func deliverPending() {}

// pollable leaves f as it is: not every kqueue takes terminals.
func pollable(f *os.File) (*os.File, error) { return f, nil }

const canLead = false

const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
)
