//go:build unix

package child

import (
	"os"
	"strconv"
	"testing"
)

// The suites of this package run in seconds. MASKRUN_CHILD=medium makes them take
// about a minute, MASKRUN_CHILD=full an hour: what must hold a thousand times is
// then tried a thousand times.
const sizeEnv = "MASKRUN_CHILD"

// times returns how often to try.
func times(quick, medium, full int) int {
	switch size := os.Getenv(sizeEnv); size {
	case "full":
		return full
	case "medium":
		return medium
	case "":
		return quick
	default:
		n, err := strconv.Atoi(size)
		if err != nil {
			panic(sizeEnv + ": want medium, full or a number")
		}
		return n
	}
}

// again runs a test that a race could fail, many times.
func again(t *testing.T, n int, f func(t *testing.T)) {
	t.Helper()
	for i := range n {
		t.Run("", f)
		if t.Failed() {
			t.Fatalf("at run %d of %d", i+1, n)
		}
	}
}
