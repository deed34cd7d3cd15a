//go:build unix

package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/file"
)

func TestConformance(t *testing.T) {
	for _, kind := range file.Kinds() {
		t.Run(kind.Scheme, func(t *testing.T) {
			root := fetchtest.Root(t, map[string][]byte{
				"token":     []byte(fetchtest.Canary + "\n"),
				"sub/other": []byte("x"),
				"huge":      make([]byte, fetch.MaxDocument+1),
			})
			fetchtest.Run(t, fetchtest.Harness{
				Kind: kind, Env: fetch.Env{Root: root}, NoServer: true, Path: "token", Want: []byte(fetchtest.Canary + "\n"),
				Missing: "absent", Denied: "/etc/passwd", Oversize: "huge", Hostile: []string{"sub", ".", "token/x"},
			})
		})
	}
}

// FAULTS 92, 109: what may be read, by trust.
func TestWhereFilesLie(t *testing.T) {
	root := fetchtest.Root(t, map[string][]byte{"in": []byte("inside")})
	outside := filepath.Join(t.TempDir(), "out")
	dir := root.Name()
	must(t, os.WriteFile(outside, []byte(fetchtest.Canary), 0o600))
	must(t, os.Symlink(outside, filepath.Join(dir, "link-out")))
	must(t, os.Symlink("in", filepath.Join(dir, "link-in")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	for _, c := range []struct {
		why, path  string
		trusted    bool
		want, fail string // fail: denied, missing
	}{
		{"plain", "in", false, "inside", ""},
		{"dot segment", "./in", false, "inside", ""},
		{"absolute but inside is inside", filepath.Join(dir, "in"), false, "inside", ""},
		{"link that stays", "link-in", false, "inside", ""},
		{"link that leaves", "link-out", false, "", "denied"},
		{"trust does not free a relative path", "link-out", true, "", "denied"},
		{"absolute outside", outside, false, "", "denied"},
		{"absolute outside, trusted", outside, true, fetchtest.Canary, ""},
		{"a pipe would block for ever", "fifo", false, "", "denied"},
		{"a pipe by its absolute path", filepath.Join(dir, "fifo"), true, "", "denied"},
		{"endless device", "/dev/zero", true, "", "denied"},
		{"directory", ".", false, "", "denied"},
		{"home", "~/in", true, "inside", ""},
		{"home out of reach of a link, but trusted", "~/link-out", true, fetchtest.Canary, ""},
		{"the same, untrusted", "~/link-out", false, "", "denied"},
		{"too long a name", strings.Repeat("a", 5000), false, "", "denied"},
		{"nothing there, trusted", filepath.Join(dir, "nope"), true, "", "missing"},
		{"nothing there", "no/pe", false, "", "missing"},
	} {
		t.Run(c.why, func(t *testing.T) { readOne(t, root, c.path, c.trusted, c.want, c.fail) })
	}
}

func readOne(t *testing.T, root *os.Root, path string, trusted bool, want, fail string) {
	kind := file.Kinds()[0]
	env := fetch.Env{Root: root, Trusted: trusted, Getenv: fetchtest.Getenv(map[string]string{"HOME": root.Name()})}
	src, err := kind.Open(t.Context(), env)
	must(t, err)
	done := time.AfterFunc(10*time.Second, func() { panic("read blocks") })
	defer done.Stop()
	doc, err := src.Read(t.Context(), path, nil)
	sentinel := map[string]error{"denied": fetch.ErrDenied, "missing": fetch.ErrNotFound}[fail]
	if !errors.Is(err, sentinel) || string(doc.Data) != want {
		t.Errorf("got error %v, want %v; document right: %t", err, sentinel, string(doc.Data) == want)
	}
	fetchtest.NoCanary(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
