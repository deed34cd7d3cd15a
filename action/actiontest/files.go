package actiontest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// FAULTS 77: many at once do not mix their records.
func testTogether(t *testing.T, h Harness) {
	const writers, each = 8, 25
	for kind, set := range h.setters() {
		s := h.session(t)
		if len(h.Files) == 0 {
			t.Skip("no files: commands on stdout have one writer")
		}
		var wg sync.WaitGroup
		errs := make([]error, writers)
		for w := range writers {
			p := s.open() // one platform a writer, as one process each would have
			wg.Go(func() {
				for i := range each {
					value := strings.Repeat(fmt.Sprintf("%d.%d;", w, i), 1+i*40)
					errs[w] = errors.Join(errs[w], set(p, fmt.Sprintf("N%d_%d", w, i), []byte(value)))
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		got := s.understood(t).of(kind)
		for w := range writers {
			for i := range each {
				if want := strings.Repeat(fmt.Sprintf("%d.%d;", w, i), 1+i*40); got[fmt.Sprintf("N%d_%d", w, i)] != want {
					t.Errorf("%s: record %d of writer %d is mixed up", kind, i, w)
				}
			}
		}
		if len(got) != writers*each {
			t.Errorf("%s: %d records, want %d", kind, len(got), writers*each)
		}
	}
}

// FAULTS 76: a file that is not what the system made is an error, and stays as it is.
func testFiles(t *testing.T, h Harness) {
	for variable, write := range h.Files {
		for _, c := range badFiles() {
			t.Run(variable+" "+c.why, func(t *testing.T) {
				s := h.session(t)
				path := s.env[variable]
				if !c.spoil(t, s, variable, path) {
					t.Skip("not here")
				}
				err := write(s.open())
				if err == nil || strings.Contains(err.Error(), "CANARY") {
					t.Errorf("error %v", err)
				}
				if c.kept != "" {
					if data, readErr := os.ReadFile(c.at(path)); readErr != nil || string(data) != c.kept {
						t.Errorf("the file was changed: %d bytes, %v", len(data), readErr)
					}
				}
			})
		}
	}
}

type badFile struct {
	why   string
	spoil func(t *testing.T, s *session, variable, path string) bool // false: cannot be made here
	kept  string                                                     // what must stay
	at    func(path string) string
}

// much is so large that the limit behind it concerns no other file of the test.
var much = strings.Repeat("KEPT=0123456789\n", 1<<18)

func badFiles() []badFile {
	itself := func(path string) string { return path }
	return []badFile{
		{"unset", func(_ *testing.T, s *session, variable, _ string) bool { delete(s.env, variable); return true }, "", nil},
		{"missing", func(_ *testing.T, _ *session, _, path string) bool { return os.Remove(path) == nil }, "", nil},
		{"directory", func(_ *testing.T, _ *session, _, path string) bool {
			return os.Remove(path) == nil && os.Mkdir(path, 0o700) == nil
		}, "", nil},
		{"symbolic link", func(t *testing.T, _ *session, _, path string) bool {
			writeFile(t, path+".target", "kept")
			return os.Remove(path) == nil && os.Symlink(filepath.Base(path)+".target", path) == nil
		}, "kept", func(path string) string { return path + ".target" }},
		{"pipe", func(_ *testing.T, _ *session, _, path string) bool {
			return os.Remove(path) == nil && mkfifo(path) == nil
		}, "", nil},
		{"device", func(_ *testing.T, s *session, variable, _ string) bool {
			s.env[variable] = "/dev/full"
			return runtime.GOOS == "linux"
		}, "", nil},
		{"read-only", func(t *testing.T, _ *session, _, path string) bool {
			writeFile(t, path, "kept")
			return os.Geteuid() != 0 && os.Chmod(path, 0o400) == nil // root writes anyway
		}, "kept", itself},
		{"full disk", func(t *testing.T, _ *session, _, path string) bool {
			writeFile(t, path, much)
			return limitFileSize(t, uint64(len(much)+10))
		}, much, itself},
	}
}
