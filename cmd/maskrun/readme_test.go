package main_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The log that the README shows, before and after, is what the demo prints, and
// its commands are those that the demo and CI run.
func TestReadme(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	values := demoValues(t)
	bare := runDemo(t, demoEnv(values), "sh", "testdata/demo/train.sh")
	masked := runDemo(t, demoEnv(nil), buildMaskrun(t), "run", "-c", "testdata/demo/maskrun.yaml", "--", "sh", "testdata/demo/train.sh")
	for _, c := range []struct{ block, have string }{
		{"before", bare.stdout + bare.stderr},
		{"after", masked.stdout + masked.stderr},
	} {
		m := regexp.MustCompile("(?s)<!-- " + c.block + " -->\n```\n(.*?)```").FindSubmatch(page)
		if m == nil {
			t.Fatalf("README.md has no block %q", c.block)
		}
		for line := range strings.Lines(string(m[1])) {
			if !strings.Contains(c.have, line) {
				t.Errorf("%s: the demo does not print %q", c.block, line)
			}
		}
	}
	for _, command := range []string{
		"\ngo run ./cmd/maskrun run -c testdata/demo/maskrun.yaml -- sh testdata/demo/train.sh\n",
		"\ngo test ./...\n",
	} {
		if !strings.Contains(string(page), command) {
			t.Errorf("README.md lacks the command %q", strings.TrimSpace(command))
		}
	}
	if n := strings.Count(string(page), "\n"); n > 200 {
		t.Errorf("README.md has %d lines; at most 200", n)
	}
}
