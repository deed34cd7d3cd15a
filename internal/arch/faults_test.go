package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The faults and bad inputs that we promise an answer to are numbered; a test says
// which it covers by FAULTS and the numbers. Here is that none has lost its test:
// masking and streams (1–36), processes and terminals (37–70), fetching (87–98), hygiene (99–110).
func TestEveryFaultHasATest(t *testing.T) {
	// What there is no test for, and why.
	without := map[int]string{
		105: "there is no debug level",
	}
	named := namedFaults(t, "../..")
	for _, span := range [][2]int{{1, 70}, {87, 110}} {
		for n := span[0]; n <= span[1]; n++ {
			if why := without[n]; (why != "") == named[n] {
				t.Errorf("fault %d: a test names it: %v; and here it is said of it %q", n, named[n], why)
			}
		}
	}
}

var (
	faultNames  = regexp.MustCompile(`FAULTS ([0-9][0-9, –]*)`)
	faultNumber = regexp.MustCompile(`(\d+)(?:–(\d+))?`)
)

// namedFaults collects the numbers from tests and scripts.
func namedFaults(t *testing.T, root string) map[int]bool {
	named := map[int]bool{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".txtar") && !strings.HasSuffix(path, "fetchtest.go") {
			return nil
		}
		data, err := os.ReadFile(path)
		for _, m := range faultNames.FindAllStringSubmatch(string(data), -1) {
			for _, n := range faultNumber.FindAllStringSubmatch(m[1], -1) {
				from, _ := strconv.Atoi(n[1])
				to, err := strconv.Atoi(n[2])
				if err != nil {
					to = from
				}
				for i := from; i <= to; i++ {
					named[i] = true
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return named
}
