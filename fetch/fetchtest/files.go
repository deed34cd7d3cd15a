package fetchtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// testFiles: a store whose paths are files reads regular ones of its root, and no others.
// The document lies outside too: what is let out by one of the ways would give it. FAULTS 92
func testFiles(t *testing.T, h Harness) {
	if h.Dir == "" && h.Env.Root == nil {
		t.Skip("reads no files")
	}
	if h.Dir == "" {
		h.Dir = h.Env.Root.Name()
	}
	good, err := os.ReadFile(filepath.Join(h.Dir, h.Path))
	if err != nil {
		t.Skip("its paths are no files")
	}
	root, outside, name := h.Dir, t.TempDir(), filepath.Base(h.Path)
	if err := os.WriteFile(filepath.Join(outside, name), good, 0o600); err != nil {
		t.Fatal(err)
	}
	bad := func(dir string, make func(path string) error) string {
		dir = "suite-" + dir
		path := filepath.Join(dir, name) // formats go by the name
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(filepath.Join(root, dir)) })
		if err := make(filepath.Join(root, path)); err != nil {
			t.Skip(err) // the system has no such thing
		}
		return path
	}
	for _, c := range []struct {
		why, path string
		trusted   bool // the same for a reference that may name any file
	}{
		{"a link that leads out", bad("out", func(p string) error { return os.Symlink(filepath.Join(outside, name), p) }), false},
		{"a directory that leads out", bad("by", func(p string) error { return os.Symlink(outside, filepath.Join(filepath.Dir(p), "dir")) }), false},
		{"a whole path", filepath.Join(outside, name), false},
		{"a directory", bad("dir", func(p string) error { return os.Mkdir(p, 0o700) }), true},
		{"a pipe that nobody writes to", bad("pipe", makePipe), true},
		{"a device", bad("device", func(p string) error { return os.Symlink("/dev/zero", p) }), true},
		{"a gigabyte", bad("huge", func(p string) error { return hole(p, 1<<30) }), true},
	} {
		path := c.path
		if c.why == "a directory that leads out" {
			path = filepath.Join(filepath.Dir(path), "dir", name)
		}
		for _, trusted := range []bool{false, true} {
			if !trusted || c.trusted {
				t.Run(c.why, func(t *testing.T) { testFile(t, h, path, trusted) })
			}
		}
	}
}

func testFile(t *testing.T, h Harness, path string, trusted bool) {
	h.Env.Trusted = trusted
	if trusted && !filepath.IsAbs(path) {
		path = filepath.Join(h.Dir, path)
	}
	if h.Env.Warn = func(string) {}; h.Env.Getenv == nil {
		h.Env.Getenv = Getenv(nil)
	}
	src, err := h.Kind.Open(t.Context(), h.Env)
	if err != nil {
		t.Skip("the suite's server is named by the configuration, which must be trusted")
	}
	done := make(chan error, 1)
	go func() {
		doc, err := src.Read(t.Context(), path, h.Params)
		if err == nil && strings.Contains(string(doc.Data), Canary) {
			t.Errorf("trusted %v: it was read", trusted)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if checkError(t, err); err == nil {
			t.Errorf("trusted %v: no error", trusted)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("trusted %v: still reading", trusted)
	}
}

// hole makes a file of size bytes that takes no room.
func hole(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Truncate(max(size, fetch.MaxDocument+1))
}
