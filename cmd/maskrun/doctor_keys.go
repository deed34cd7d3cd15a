package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// A keyFile is a file of age identities that somebody named.
type keyFile struct {
	by, path string
	inTree   bool // named by the configuration: part of a checkout, perhaps
}

const aboutKeys = "age identity"

// lookAtKeys opens the files of age identities under the rules that the stores
// go by, and drops what is in them.
func (x *examination) lookAtKeys() {
	files, err := x.keyFiles()
	if err != nil {
		x.amiss(aboutKeys, err)
	}
	for _, f := range files {
		x.lookAtKey(f)
	}
	for _, name := range []string{"SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD"} {
		if x.getenv(name) != "" {
			x.fine(aboutKeys, "%s is set", name)
		}
	}
	if !slices.ContainsFunc(x.ground, func(r groundRow) bool { return r.What == aboutKeys }) {
		x.note(aboutKeys, "none is named; only age:// and sops:// need one")
	}
}

func (x *examination) lookAtKey(f keyFile) {
	if err := x.readKey(f); err != nil {
		x.amiss(aboutKeys, fmt.Errorf("%s: %w", f.by, err))
		return
	}
	if runtime.GOOS == "windows" {
		x.fine(aboutKeys, "%s: %s", f.by, f.path)
		return
	}
	info, err := os.Stat(x.place(f.path))
	open := err == nil && info.Mode().Perm()&0o077 != 0
	switch warning := fmt.Sprintf("key file %s can be read by others: chmod 600 it", f.path); {
	case open && f.inTree:
		x.note(aboutKeys, "%s: %s", f.by, warning)
	case open:
		x.amiss(aboutKeys, errors.New(warning))
	default:
		x.fine(aboutKeys, "%s: %s", f.by, f.path)
	}
}

// readKey opens the file as a store would.
func (x *examination) readKey(f keyFile) error {
	dir := x.wish.cfg.Dir
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return pathless(err)
	}
	defer root.Close()
	env := fetch.Env{Getenv: x.getenv, Root: root}
	read := env.ReadKeyFile
	if f.inTree && !x.flags.trusted {
		read = env.ReadFile
	}
	data, err := read(f.path)
	clear(data)
	return err
}

// place is where path leads: below the home directory, or from where relative
// references of the configuration start.
func (x *examination) place(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(x.getenv("HOME"), rest)
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(x.wish.cfg.Dir, path)
}

// keyFiles lists the files that the environment and the configuration name.
func (x *examination) keyFiles() ([]keyFile, error) {
	var files []keyFile
	for _, name := range []string{"MASKRUN_AGE_IDENTITY_FILE", "SOPS_AGE_KEY_FILE"} {
		if path := x.getenv(name); path != "" {
			files = append(files, keyFile{by: name, path: path})
		}
	}
	stores := x.wish.cfg.Stores
	lent, _ := stores["sops"]["age"].(map[string]any)
	var errs []error
	for _, row := range []struct {
		by    string
		entry any
	}{
		{"stores.age.identity", stores["age"]["identity"]},
		{"stores.sops.age.identity", lent["identity"]},
		{"stores.sops.age_key_file", stores["sops"]["age_key_file"]},
	} {
		paths, err := fileList(row.by, row.entry)
		errs = append(errs, err)
		for _, path := range paths {
			files = append(files, keyFile{row.by, path, true})
		}
	}
	if path := x.standardKeys(); path != "" && len(files) == 0 {
		files = append(files, keyFile{by: "the standard place", path: path})
	}
	return files, errors.Join(errs...)
}

// fileList reads a file name or a list of them, as the stores do.
func fileList(by string, entry any) ([]string, error) {
	list, ok := entry.([]any)
	if !ok && entry != nil {
		list = []any{entry}
	}
	var paths []string
	for _, item := range list {
		path, ok := item.(string)
		if !ok || path == "" {
			return nil, fmt.Errorf("%s is not a file name or a list of them", by)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// standardKeys is sops' own file, where it exists.
func (x *examination) standardKeys() string {
	base := x.getenv("XDG_CONFIG_HOME")
	if base == "" && x.getenv("HOME") != "" {
		base = filepath.Join(x.getenv("HOME"), ".config")
		if runtime.GOOS == "darwin" {
			base = filepath.Join(x.getenv("HOME"), "Library", "Application Support")
		}
	}
	path := filepath.Join(base, "sops", "age", "keys.txt")
	if _, err := os.Stat(path); base == "" || errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path
}
