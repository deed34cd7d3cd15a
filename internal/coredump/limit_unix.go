//go:build unix

package coredump

import (
	"fmt"

	"golang.org/x/sys/unix"
)

type limit = unix.Rlimit

// lower sets the soft limit to 0 and leaves the hard one: without privileges that
// could not be raised again for a command.
func lower() (before limit, lowered bool, err error) {
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &before); err != nil {
		return before, false, fmt.Errorf("read the limit on core files: %w", err)
	}
	if before.Cur == 0 {
		return before, false, nil
	}
	none := before
	none.Cur = 0
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &none); err != nil {
		return before, false, fmt.Errorf("lower the limit on core files: %w", err)
	}
	return before, true, nil
}

// raise sets the limit back. The soft limit was below the hard one before: that
// cannot be refused.
func raise(to limit) { _ = unix.Setrlimit(unix.RLIMIT_CORE, &to) }
