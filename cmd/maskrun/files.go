package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/maskrun/maskrun/fetch"
)

// privateFiles holds the files of secrets with file: true, in one directory
// that only we can enter. It lies in memory, not on a disk: /dev/shm, or the
// user's runtime directory; where there is neither, as on macOS, in the
// temporary directory. FAULTS 104.
type privateFiles struct {
	getenv func(string) string
	first  string // tried before the usual places
	dir    string
}

// write puts value into a new file and returns its path.
func (f *privateFiles) write(name string, value fetch.Value) (string, error) {
	if f.dir == "" {
		dir, err := f.makeDir()
		if err != nil {
			return "", fmt.Errorf("private directory for file: true: %w", err)
		}
		f.dir = dir
	}
	path := filepath.Join(f.dir, name)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("private file for %s: %w", name, err)
	}
	_, err = file.Write(value.Reveal())
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", fmt.Errorf("private file for %s: %w", name, err)
	}
	return path, nil
}

// makeDir makes the directory in the first place that takes it; MkdirTemp gives
// it mode 0700 and a name that was not there.
func (f *privateFiles) makeDir() (string, error) {
	var first error
	for _, place := range []string{f.first, "/dev/shm", f.getenv("XDG_RUNTIME_DIR"), f.getenv("TMPDIR"), os.TempDir()} {
		if place == "" {
			continue
		}
		dir, err := os.MkdirTemp(place, "maskrun-")
		if err == nil {
			return dir, nil
		}
		if first == nil {
			first = err
		}
	}
	return "", first
}

// remove deletes everything; it may be called more than once.
func (f *privateFiles) remove() {
	if f.dir != "" {
		_ = os.RemoveAll(f.dir)
	}
}
