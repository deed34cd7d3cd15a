package coredump_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/maskrun/maskrun/internal/coredump"
)

// The mark of Linux is set, and a command does not have it: otherwise its own
// debugger could not attach to it.
func TestDumpable(t *testing.T) {
	if os.Getenv("MASKRUN_TEST_DUMPABLE") != "" {
		if n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); n != 1 || err != nil {
			t.Fatalf("the command has the mark: %d, %v", n, err)
		}
		return
	}
	g := coredump.Off()
	if n, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); n != 0 || err != nil {
		t.Fatalf("dumpable: %d, %v", n, err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDumpable$")
	cmd.Env = append(os.Environ(), "MASKRUN_TEST_DUMPABLE=1")
	var out strings.Builder
	cmd.Stdout = &out
	if err := g.Start(cmd.Start); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
}
