package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every store that is listed passes the suite, by which it meets each fault of a store: FAULTS
// 87–95 in fetchtest.Run; and one across the network says there how it is sent to a
// server that fails, or the suite does.
func TestEveryStorePassesTheSuite(t *testing.T) {
	imported := regexp.MustCompile(`"github.com/maskrun/maskrun/(fetch/[a-z0-9]+)"`)
	found := 0
	for _, list := range []string{"fetch/light/light.go", "fetch/heavy/heavy.go"} {
		text, err := os.ReadFile(filepath.Join("../..", list))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range imported.FindAllStringSubmatch(string(text), -1) {
			found++
			tests, err := filepath.Glob(filepath.Join("../..", m[1], "*_test.go"))
			if err != nil {
				t.Fatal(err)
			}
			suite := false
			for _, path := range tests {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				suite = suite || strings.Contains(string(data), "fetchtest.Run(t, ")
			}
			if !suite {
				t.Errorf("%s: no test calls fetchtest.Run", m[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("%d stores in the lists", found)
	}
}
