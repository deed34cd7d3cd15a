// Package arch holds the house rules as tests: who may import whom, who may
// touch the process, and how long a function may be. It has no other content.
//
// The import graph is read from the source of every non-test file, whatever its
// build constraints, so a rule broken only on Windows is found on Linux. Each
// rule is a row of [rules] with the reason it exists, and each is proven by a
// small tree that breaks it in [TestRulesBite].
package arch

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestHouse applies every rule to the repository.
func TestHouse(t *testing.T) {
	root := moduleRoot(t)
	tr, err := loadTree(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.pkgs) == 0 {
		t.Fatal("no packages found: the rules would hold of nothing")
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, breach := range r.check(tr) {
				t.Errorf("%s\n\twhy: %s", breach, r.why)
			}
		})
	}
	median, p90 := functionLengths(tr)
	t.Logf("functions: median %d lines, p90 %d (house figures: 10 and 40)", median, p90)
}

// moduleRoot is the nearest folder upward with a go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod upward of this folder")
		}
		dir = up
	}
}

func functionLengths(tr *tree) (median, p90 int) {
	var all []int
	for _, f := range tr.files() {
		for _, fn := range functions(f) {
			all = append(all, fn.lines)
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*9/10]
}
