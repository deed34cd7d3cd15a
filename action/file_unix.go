//go:build unix

package action

import (
	"os"
	"syscall"
)

// noFollow refuses a symbolic link, and does not wait for the reader of a pipe.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// lock keeps other processes of ours from the file, so that a cut record can be
// taken back. It is advice: programs that only append need no lock. Where the
// file system has none we go on.
func lock(f *os.File) (unlock func()) {
	fd := int(f.Fd())
	if syscall.Flock(fd, syscall.LOCK_EX) != nil {
		return func() {}
	}
	return func() { _ = syscall.Flock(fd, syscall.LOCK_UN) }
}
