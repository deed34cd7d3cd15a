// Package action is what maskrun says to the CI system it runs under.
//
// [Detect] finds the system by its environment and gives a [Platform]: it hides
// values in later output, sets variables and outputs for later steps, and writes
// a summary. [Plain] is the one for everywhere else.
//
// # Guarantee
//
// What is set comes back byte for byte, and nothing else is defined by it,
// whatever the value holds: a value that the system's format cannot carry is an
// error, and nothing is written. Nothing is printed to a CI system that is not
// there.
//
// # Errors
//
// No error carries a byte of a value, nor its length.
package action

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// A Platform is one CI system, as seen from a job. Its methods are not safe for
// concurrent use; several processes may use one platform at the same time.
type Platform interface {
	// Name is the row's name: github, plain.
	Name() string

	// Mask asks the system to hide form in the output of this and of later
	// steps. A form of several lines is hidden line by line, because systems
	// compare line by line; lines under four bytes are left out: who must know of
	// those asks before. Mask what is secret before setting it. A system that cannot be
	// told what to hide wraps [ErrUnsupported]; where there is none there is no error.
	Mask(form []byte) error

	// SetEnv sets a variable for later steps. The name must satisfy [CheckName],
	// or be in Env.AllowNames; the value must be UTF-8 without NUL.
	SetEnv(name string, value []byte) error

	// SetOutput sets an output of this step. The name is a letter or _, then
	// letters, digits, _ and -; the value as in SetEnv.
	SetOutput(name string, value []byte) error

	// Summary adds markdown to the summary of the job. The caller has passed it
	// through the redactor.
	Summary(markdown string) error

	// Trusted is false, with a sentence that says why, for runs that code of
	// strangers can be part of: pull requests from forks, those of dependabot.
	Trusted() (bool, string)
}

// ErrUnsupported is wrapped where a platform has no such thing: a plain shell has
// no later steps.
var ErrUnsupported = errors.ErrUnsupported

// Env is the world as a platform may see it.
type Env struct {
	// Getenv reads the environment; nil is an empty one.
	Getenv func(string) string
	// Stdout is where commands to the system go; nil drops them.
	Stdout io.Writer
	// AllowNames are reserved names that the user wants set all the same.
	AllowNames []string
	// Run runs a program of the system, found on PATH, with a text on its stdin; nil
	// means that there is none. A value is never an argument.
	Run func(stdin []byte, argv ...string) error
	// Write writes to an open file by one write, as its method does, which nil means. It
	// is asked where the kernel could cut the write, should this process be killed: a
	// program can have another process do it.
	Write func(f *os.File, data []byte) (int, error)
	// Random is what delimiters are made of; nil means crypto/rand.
	Random io.Reader
}

func (e Env) getenv(name string) string {
	if e.Getenv == nil {
		return ""
	}
	return e.Getenv(name)
}

func (e Env) stdout() io.Writer {
	if e.Stdout == nil {
		return io.Discard
	}
	return e.Stdout
}

// A row is one CI system of the table.
type row struct {
	name string
	here func(Env) bool // whether we run under it
	open func(Env) Platform
}

// platforms is the table; the first row that is here counts.
func platforms() []row {
	return append([]row{
		{"github", onGitHub, openGitHub},
	}, systems()...)
}

// Detect gives the platform that env speaks of, and Plain when there is none.
func Detect(env Env) Platform {
	for _, r := range platforms() {
		if r.here(env) {
			return r.open(env)
		}
	}
	return Plain{}
}

// Plain is a machine without a CI system that we know: there are no later steps
// to set anything for, and nothing to be told what to hide.
type Plain struct{}

// Name is plain.
func (Plain) Name() string { return "plain" }

// Mask does nothing: no log is kept here but what maskrun itself writes.
func (Plain) Mask([]byte) error { return nil }

// SetEnv fails: there is no later step.
func (Plain) SetEnv(name string, _ []byte) error { return unsupported("set variable " + name) }

// SetOutput fails: there is no later step.
func (Plain) SetOutput(name string, _ []byte) error { return unsupported("set output " + name) }

// Summary fails: there is no place for it.
func (Plain) Summary(string) error { return unsupported("write a summary") }

// Trusted is true: whoever has a shell here runs what they like.
func (Plain) Trusted() (bool, string) { return true, "" }

func unsupported(what string) error {
	return fmt.Errorf("%s: no CI system found in the environment (GITHUB_ACTIONS=true …): %w", what, ErrUnsupported)
}
