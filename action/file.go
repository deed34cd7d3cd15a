package action

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
)

// A commandFile is a file that the runner reads when the step has ended
// (GITHUB_ENV and its kin). Records are "NAME<<DELIMITER", the value, DELIMITER,
// on lines of their own; what stands between is taken as it is. So a value that
// held the delimiter could define variables of its own: the delimiter is 128
// random bits, and a value that holds it all the same is refused.
type commandFile struct {
	variable, path string
	random         io.Reader
	write          func(*os.File, []byte) (int, error) // see Env
}

// set appends one record.
func (f commandFile) set(name string, value []byte) error {
	delimiter, err := f.delimiter()
	if err != nil {
		return fmt.Errorf("%s: %w", f.variable, err)
	}
	if bytes.Contains(value, []byte(delimiter)) {
		return fmt.Errorf("%s: %s: the value holds the delimiter of its own record; try again", f.variable, name)
	}
	eol := lineEnd()
	record := make([]byte, 0, len(name)+len(value)+2*len(delimiter)+8)
	for _, part := range []string{name, "<<", delimiter, eol, string(value), eol, delimiter, eol} {
		record = append(record, part...)
	}
	defer clear(record)
	return f.append(record)
}

// lineEnd is the system's: the runner on Windows takes a CR before LF as part of
// the line end, and would take the last byte of a value that ends in CR.
func lineEnd() string {
	if runtime.GOOS == "windows" {
		return "\r\n"
	}
	return "\n"
}

func (f commandFile) delimiter() (string, error) {
	random := f.random
	if random == nil {
		random = rand.Reader
	}
	bits := make([]byte, 128/8)
	if _, err := io.ReadFull(random, bits); err != nil {
		return "", fmt.Errorf("no random delimiter: %w", err)
	}
	return "maskrun_" + hex.EncodeToString(bits), nil
}

// page is the least that Linux has; where pages are larger, some writes are left to
// Env.Write that need not be.
const page = 4096

// append adds data by one write at the end of the file, so that it is there whole
// or not at all, also beside other processes that append. What a full disk has
// cut is taken back. FAULTS 76, 77, 110.
//
// Linux copies a write page by page, and looks for kill -9 between two pages: what
// crosses one is left to Env.Write. (A new file renamed over the old one would
// have no such moment, but would lose what others append meanwhile.)
func (f commandFile) append(data []byte) (err error) {
	file, err := f.open()
	if err != nil {
		return fmt.Errorf("%s: %w", f.variable, err)
	}
	defer func() {
		if closeErr := file.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("%s: %w", f.variable, pathless(closeErr))
		}
	}()
	unlock := lock(file)
	defer unlock()
	before, err := file.Stat()
	if err != nil {
		return fmt.Errorf("%s: %w", f.variable, pathless(err))
	}
	write := (*os.File).Write
	if last := before.Size() + int64(len(data)) - 1; f.write != nil && last/page != before.Size()/page {
		write = f.write
	}
	n, err := write(file, data)
	if err == nil {
		return nil
	}
	if n > 0 {
		err = errors.Join(pathless(err), f.takeBack(file, before.Size(), int64(n)))
	}
	return fmt.Errorf("%s: nothing was written: %w", f.variable, pathless(err))
}

// takeBack removes the n bytes of a cut record, unless somebody has written more.
func (f commandFile) takeBack(file *os.File, size, n int64) error {
	after, err := file.Stat()
	if err == nil && after.Size() != size+n {
		err = errors.New("another process has written behind a cut record")
	}
	if err != nil {
		return err
	}
	return pathless(file.Truncate(size))
}

// open opens what must be there already: a regular file that the runner has made.
func (f commandFile) open() (*os.File, error) {
	if f.path == "" {
		return nil, errors.New("not set in the environment: is this a step of a job?")
	}
	info, err := os.Lstat(f.path)
	if err != nil {
		return nil, pathless(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("is a %s, not the file that the runner makes", kind(info.Mode()))
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|noFollow, 0)
	if err != nil {
		return nil, pathless(err)
	}
	if now, err := file.Stat(); err != nil || !now.Mode().IsRegular() || !os.SameFile(info, now) {
		file.Close()
		return nil, errors.New("has changed while it was opened")
	}
	return file, nil
}

func kind(m fs.FileMode) string {
	for _, k := range []struct {
		bit  fs.FileMode
		name string
	}{
		{fs.ModeDir, "directory"}, {fs.ModeSymlink, "symbolic link"}, {fs.ModeNamedPipe, "pipe"}, {fs.ModeDevice, "device"},
	} {
		if m&k.bit != 0 {
			return k.name
		}
	}
	return "special file"
}

// pathless takes the path out of a file error: it is the runner's, and long.
func pathless(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
