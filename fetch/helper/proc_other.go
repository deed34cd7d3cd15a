//go:build !unix

package helper

import (
	"os"
	"syscall"
)

func ownSession() *syscall.SysProcAttr { return nil }

func killGroup(p *os.Process) { _ = p.Kill() }
