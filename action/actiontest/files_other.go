//go:build !unix

package actiontest

import (
	"errors"
	"testing"
)

func mkfifo(string) error { return errors.New("not on this system") }

func limitFileSize(*testing.T, uint64) bool { return false }
