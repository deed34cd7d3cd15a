//go:build servers && unix

package main_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// Every shell that a job may have, and every ending. Not ksh, mksh and zsh, which have
// exit codes of their own after a signal as soon as there is an EXIT trap; but for
// that they pass.
func TestHookShells(t *testing.T) {
	bin := filepath.Dir(buildMaskrun(t))
	for _, shell := range []string{"bash", "bash -e", "bash --posix", "dash", "busybox sh"} {
		t.Run(shell, func(t *testing.T) { testHook(t, bin, strings.Fields(shell)...) })
	}
}
