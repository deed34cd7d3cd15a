//go:build unix

package actiontest

import (
	"os"
	"os/signal"
	"syscall"
	"testing"
)

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }

// limitFileSize lets files of this process grow to n bytes for the rest of the
// test: a write beyond is cut, as on a full disk, without needing one.
func limitFileSize(t *testing.T, n uint64) bool {
	var before syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before) != nil {
		return false
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGXFSZ) // caught, or it would end us
	limit := before
	limit.Cur = min(n, before.Max)
	if syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) != nil {
		signal.Stop(signals)
		return false
	}
	t.Cleanup(func() {
		_ = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)
		signal.Stop(signals)
	})
	return true
}
