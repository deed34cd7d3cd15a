//go:build unix

package child

import (
	"os"
	"strconv"
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
