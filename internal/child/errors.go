package child

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// The exit codes of env(1), timeout(1) and the shells for a command that did
// not run.
const (
	codeOwn      = 125 // we failed
	codeCannot   = 126 // found, but it cannot be executed
	codeNotFound = 127
)

var (
	errNoCommand   = errors.New("no command given")
	errNoLeader    = errors.New("the process that leads its terminal's session did not start")
	errLeaderGone  = errors.New("the process that leads the command's terminal was killed")
	errNotFound    = errors.New("command not found")
	errInterpreter = errors.New("its interpreter (the #! line or the loader) cannot be found")
	errFormat      = errors.New("not a program for this system (a script needs a #! line)")
	errTooLarge    = errors.New("arguments and environment together are too large for this system")
	errDirectory   = errors.New("is a directory")
	errNotDir      = errors.New("is not a directory")
)

// StartError tells that the command was not run. Its text names the command and
// no argument or variable value.
type StartError struct {
	Code int    // 127 not found, 126 not executable, 125 our own failure
	Name string // Argv[0]; empty if there is none
	Err  error
}

// Error is one line of the form `cannot run "name": reason`.
func (e *StartError) Error() string {
	if e.Name == "" {
		return "cannot run: " + e.Err.Error()
	}
	return fmt.Sprintf("cannot run %q: %v", e.Name, e.Err)
}

// Unwrap returns the reason.
func (e *StartError) Unwrap() error { return e.Err }

// SinkError tells that the writer of one stream failed; nothing was written to
// it afterwards. errors.Is(err, syscall.EPIPE) tells a reader that went away
// from a real failure such as ENOSPC; see [BrokenPipe].
type SinkError struct {
	Stream string // "stdout" or "stderr"; "stdout" if both share a writer
	Err    error
}

// Error names the stream and the reason.
func (e *SinkError) Error() string { return e.Stream + ": " + e.Err.Error() }

// Unwrap returns what the writer returned.
func (e *SinkError) Unwrap() error { return e.Err }

// ReadError tells that one stream of the command could not be read to its end.
type ReadError struct {
	Stream string // as in SinkError
	Err    error
}

// Error names the stream and the reason.
func (e *ReadError) Error() string { return "reading " + e.Stream + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *ReadError) Unwrap() error { return e.Err }

// BrokenPipe tells whether all that went wrong in err, an error of Run, is that
// readers went away (EPIPE). Shells are silent about that: the exit code, 141
// if the command was ended by SIGPIPE, says enough. It is false for nil.
func BrokenPipe(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if !BrokenPipe(e) {
				return false
			}
		}
		return true
	}
	var s *SinkError
	return errors.As(err, &s) && errors.Is(err, syscall.EPIPE)
}

func startError(s Spec, code int, err error) *StartError {
	e := &StartError{Code: code, Err: err}
	if len(s.Argv) > 0 {
		e.Name = s.Argv[0]
	}
	return e
}

// nulByte finds what execve cannot carry, and names the place, not the value.
func nulByte(s Spec) error {
	for i, a := range s.Argv {
		if strings.IndexByte(a, 0) >= 0 {
			return fmt.Errorf("argument %d contains a NUL byte", i)
		}
	}
	for i, kv := range s.Env {
		if strings.IndexByte(kv, 0) >= 0 {
			return fmt.Errorf("environment %s contains a NUL byte", variable(i, kv))
		}
	}
	return nil
}

// variable names an entry of the environment. An entry whose name is not plainly
// a name might be all value: that gets its number.
func variable(i int, kv string) string {
	name, _, ok := strings.Cut(kv, "=")
	if !ok || name == "" || strings.IndexByte(name, 0) >= 0 {
		return fmt.Sprintf("entry %d", i)
	}
	return "variable " + name
}

// badDir tells a missing directory from a missing command: to execve both are
// ENOENT.
func badDir(s Spec) error {
	if s.Dir == "" {
		return nil
	}
	fi, err := os.Stat(s.Dir)
	if err != nil {
		return fmt.Errorf("working directory: %w", err)
	}
	if !fi.IsDir() {
		return fmt.Errorf("working directory: %s %w", s.Dir, errNotDir)
	}
	return nil
}

// badStdin finds a closed file, which would otherwise reach the command as a
// closed descriptor 0, for its first open to fill.
func badStdin(s Spec) error {
	if s.Stdin == nil {
		return nil
	}
	_, err := s.Stdin.Stat()
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return nil
}
