//go:build unix

package child

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// gateEnv makes a helper stop where a test wants something to happen: it tells the
// pipe of that name that it is there, and goes on when told by the one of that
// name and ".open". The name is behind the place and a blank.
const gateEnv = "MASKRUN_CHILD_TEST_GATE"

// Places of gates.
const (
	gateStart = "start" // the supervise helper catches signals, and has no child yet
	gateLead  = "lead"  // the leader has begun, and catches no signals yet
)

// pass waits at a gate, if this process is to.
func pass(place string) {
	name, ok := strings.CutPrefix(os.Getenv(gateEnv), place+" ")
	if !ok {
		return
	}
	if f, err := os.OpenFile(name, os.O_WRONLY, 0); err == nil {
		fmt.Fprintln(f, "here")
		f.Close()
	}
	if f, err := os.Open(name + ".open"); err == nil {
		_, _ = bufio.NewReader(f).ReadString('\n')
		f.Close()
	}
}
