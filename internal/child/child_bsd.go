//go:build unix && !linux

package child

import (
	"os"
	"os/exec"
	"syscall"
)

func extraSignals() []os.Signal { return nil }

// attributes sets nothing: without waitid(2) a group cannot be signalled safely,
// so the child stays in ours, and there is no Pdeathsig.
func attributes(*exec.Cmd) (group bool) { return false }

// awaitExit leaves the waiting to os.Process, whose Signal is safe by itself.
func awaitExit(int) {}

func signalGroup(int, syscall.Signal) bool { return false }

// Widen does nothing: here pipes grow by themselves.
func Widen(*os.File) {}

func ignoredSignals() map[syscall.Signal]bool { return nil }
