package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// MaxDocument is the size that no document of any store may exceed. A secret is
// smaller by orders of magnitude; a core dump or a disk image named by mistake is not.
const MaxDocument = 1 << 20

// ReadFile returns the bytes of the regular file at path, at most [MaxDocument].
//
// A relative path is resolved in Root and cannot leave it, by ".." or by a
// symbolic link. An absolute path (or one that begins with ~/) must lie in Root
// too, unless e.Trusted. Pipes, devices and directories are refused without
// being opened, and what git-crypt keeps locked is no document. Errors wrap
// [ErrNotFound] or [ErrDenied] and carry no content.
func (e Env) ReadFile(path string) ([]byte, error) {
	return e.readFile(path, e.Trusted, nil)
}

// ReadKeyFile is [Env.ReadFile] for a file that holds a private key: absolute
// and ~/ paths are allowed whatever the trust, and a file that its group or
// others can read is reported through Warn. The path must come from the process
// environment or from trusted configuration, never from an untrusted one: use
// ReadFile there.
func (e Env) ReadKeyFile(path string) ([]byte, error) {
	return e.readFile(path, true, func(info fs.FileInfo) {
		if runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 || e.Warn == nil {
			return
		}
		e.Warn(fmt.Sprintf("key file %s can be read by others: chmod 600 it", path))
	})
}

// readFile opens path where the rules allow it, shows its FileInfo to inspect, and reads it.
func (e Env) readFile(path string, outside bool, inspect func(fs.FileInfo)) ([]byte, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("read file: no usable path: %w", ErrDenied)
	}
	root, name, done, err := e.locate(path, outside)
	if err != nil {
		return nil, fmt.Errorf("read file %s: %w", path, err)
	}
	defer done()
	b, err := readRegular(root, name, inspect)
	if err != nil {
		return nil, fmt.Errorf("read file %s: %w", path, err)
	}
	return b, nil
}

// locate finds the root that path is read in and its name there. Outside says
// that a path out of Root is allowed: it is then read in its own directory.
func (e Env) locate(path string, outside bool) (root *os.Root, name string, done func(), err error) {
	keep := func() {}
	abs, isAbs := e.absolute(path)
	if isAbs && outside {
		return openOwn(abs)
	}
	if e.Root == nil {
		return nil, "", nil, fmt.Errorf("no directory to read files in: %w", ErrDenied)
	}
	if isAbs {
		if path, err = insideRoot(e.Root, abs); err != nil {
			return nil, "", nil, err
		}
	}
	if !filepath.IsLocal(filepath.FromSlash(path)) {
		return nil, "", nil, fmt.Errorf("the path leaves the directory it is resolved in: %w", ErrDenied)
	}
	return e.Root, filepath.FromSlash(path), keep, nil
}

// absolute reports whether path is absolute or begins with ~/, and what it stands for.
func (e Env) absolute(path string) (string, bool) {
	rest, home := strings.CutPrefix(path, "~/")
	if !home {
		return path, filepath.IsAbs(path)
	}
	if e.Getenv == nil || e.Getenv("HOME") == "" {
		return path, false
	}
	return filepath.Join(e.Getenv("HOME"), rest), true
}

// openOwn opens the directory of the file that abs names, symbolic links followed:
// a person asked for exactly this file.
func openOwn(abs string) (*os.Root, string, func(), error) {
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return nil, "", nil, classifyFile(err)
	}
	root, err := os.OpenRoot(filepath.Dir(real))
	if err != nil {
		return nil, "", nil, classifyFile(err)
	}
	return root, filepath.Base(real), func() { _ = root.Close() }, nil
}

// insideRoot expresses abs relative to root, or refuses.
func insideRoot(root *os.Root, abs string) (string, error) {
	denied := fmt.Errorf("outside the working directory: needs --trust-config: %w", ErrDenied)
	base, err := filepath.Abs(root.Name())
	if err != nil {
		return "", denied
	}
	rel, err := filepath.Rel(base, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return "", denied
	}
	return rel, nil
}

// readRegular reads a regular file of bounded size. It looks before it opens,
// because opening a tape rewinds it and opening a pipe waits for a writer; it
// opens without blocking and looks again, because the name may have changed hands.
func readRegular(root *os.Root, name string, inspect func(fs.FileInfo)) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, classifyFile(err)
	}
	if err := checkRegular(info); err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, classifyFile(err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, classifyFile(err)
	}
	if err := checkRegular(info); err != nil {
		return nil, err
	}
	if inspect != nil {
		inspect(info)
	}
	b, err := readBounded(f)
	if bytes.HasPrefix(b, []byte(gitCrypt)) { // no store has a use for it
		return nil, fmt.Errorf("the file is %s: %w", sealedGitCrypt, ErrDenied)
	}
	return b, err
}

func checkRegular(info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return fmt.Errorf("is a directory, not a file: %w", ErrDenied)
	case !info.Mode().IsRegular():
		return fmt.Errorf("not a regular file: %w", ErrDenied)
	case info.Size() > MaxDocument:
		return errTooLarge
	}
	return nil
}

var errTooLarge = fmt.Errorf("larger than 1 MiB: %w", ErrDenied)

// readBounded reads r to its end, refusing what does not fit. Files of /proc say they are empty.
func readBounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxDocument+1))
	if err != nil {
		clear(b)
		return nil, classifyFile(err)
	}
	if len(b) > MaxDocument {
		clear(b)
		return nil, errTooLarge
	}
	return b, nil
}

// classifyFile gives an error of package os its sentinel, without the path,
// which the caller has said already.
func classifyFile(err error) error {
	cause := err
	var pe *fs.PathError
	if errors.As(err, &pe) {
		cause = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return ErrNotFound
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission: %w", ErrDenied)
	}
	// What is left is a link out of the root (os has no name for that error), a
	// loop of links, or a failing disk: none will be better on a second try.
	return fmt.Errorf("%w: %w", cause, ErrDenied)
}
