//go:build unix

package helper

import (
	"os"
	"syscall"
)

// ownSession starts the helper in a session and group of its own. Without a
// controlling terminal an attempt to prompt fails at once, where a background
// process would be stopped by SIGTTIN and seem to hang; and Ctrl-C is ours to act on.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }
