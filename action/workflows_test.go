package action_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// workflows are ours and those of the tests.
func workflows(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"../.github/workflows/*.yml", "../testdata/workflows/*.yml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = string(data)
		}
	}
	return texts
}

var pinned = regexp.MustCompile(`^(\./|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$`)

// unpinned finds what a workflow uses by a name that can be moved.
func unpinned(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^\s*(?:-\s+)?uses:\s*(.+?)\s*$`).FindAllStringSubmatch(text, -1) {
		if !pinned.MatchString(m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}

// FAULTS 113, 114: what is used is named by its full commit, and no job has a right
// that it does not ask for.
func TestWorkflows(t *testing.T) {
	for path, text := range workflows(t) {
		for _, use := range unpinned(text) {
			t.Errorf("%s: not pinned by a full commit and a version: %s", path, use)
		}
		if !strings.Contains(text, "\npermissions: {}\n") {
			t.Errorf("%s: permissions are not {} by default", path)
		}
		if strings.Contains(text, "github.event.") && strings.Contains(text, "run:") {
			t.Errorf("%s: a text of strangers may get into a script", path)
		}
	}
}

// The check bites.
func TestUnpinned(t *testing.T) {
	for use, bad := range map[string]bool{
		"actions/checkout@v4":                                       true,
		"actions/checkout@main":                                     true,
		"actions/checkout@11bd719":                                  true,
		"actions/checkout@" + strings.Repeat("a", 40):               true, // which version it is, nobody sees
		"actions/checkout@" + strings.Repeat("a", 40) + " # v4.2.2": false,
		"docker://alpine:3":                                         true,
		"./":                                                        false,
	} {
		if got := len(unpinned("    steps:\n      - uses: "+use+"\n        with:\n")) > 0; got != bad {
			t.Errorf("%s: %v", use, got)
		}
	}
}

// FAULTS 111, 112: the action runs on Node 24, with both parts, and no input or
// shell has a say in what is run.
func TestActionFile(t *testing.T) {
	data, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, want := range []string{"using: node24\n", "main: action/main.mjs\n", "post: action/post.mjs\n", "post-if: always()\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("action.yml lacks %s", want)
		}
	}
	shim, err := os.ReadFile("shim.mjs")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"latest", "eval(", "exec(", "execSync", "shell: true", "INPUT_", "getInput"} {
		if strings.Contains(string(shim), bad) {
			t.Errorf("shim.mjs has %q", bad)
		}
	}
	if n := strings.Count(string(shim), "https://"); n != 1 {
		t.Errorf("shim.mjs has %d addresses, want one", n)
	}
}
