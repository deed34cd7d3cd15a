//go:build unix

package coredump_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/maskrun/maskrun/internal/coredump"
)

func soft(t *testing.T) uint64 {
	t.Helper()
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err != nil {
		t.Fatal(err)
	}
	return uint64(l.Cur)
}

// The limit is 0 afterwards, what it was while a command is started, and then 0
// again; an error of the start is passed on. FAULTS 102
func TestOff(t *testing.T) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err != nil {
		t.Fatal(err)
	}
	if l.Max == 0 {
		t.Skip("NOT TESTED: the hard limit on core files is 0 here")
	}
	l.Cur = min(l.Max, 4096)
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &l); err != nil {
		t.Fatal(err)
	}
	want := soft(t)
	g := coredump.Off()
	if err := g.Err(); err != nil || soft(t) != 0 {
		t.Fatalf("limit %d, error %v", soft(t), err)
	}
	var during uint64
	failed := errors.New("failed")
	if err := g.Start(func() error { during = soft(t); return failed }); err != failed {
		t.Errorf("error %v", err)
	}
	if during != want || soft(t) != 0 {
		t.Errorf("limit %d while starting, want %d; %d then, want 0", during, want, soft(t))
	}
	var hard unix.Rlimit
	if _ = unix.Getrlimit(unix.RLIMIT_CORE, &hard); hard.Max != l.Max {
		t.Errorf("the hard limit has changed")
	}
}

// The zero Guard changes nothing.
func TestZero(t *testing.T) {
	var g coredump.Guard
	before, during := soft(t), uint64(1)
	if err := g.Start(func() error { during = soft(t); return nil }); err != nil || g.Err() != nil || during != before {
		t.Errorf("limit %d, want %d; %v", during, before, err)
	}
}
