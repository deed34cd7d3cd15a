package fetch

import (
	"context"
	"errors"
	"strings"
)

// An Error says why one [Request] failed. It wraps what the store said.
type Error struct {
	Name   string // of the Request
	Ref    Ref
	Err    error
	Remedy string // what a person can do; may be empty
}

// Error returns one line: name, reference, what failed, remedy.
func (e *Error) Error() string {
	parts := []string{e.Ref.String(), e.Err.Error(), e.Remedy}
	if e.Name != "" {
		parts = append([]string{e.Name}, parts...)
	}
	return oneLine(strings.TrimSuffix(strings.Join(parts, ": "), ": "))
}

// Unwrap returns what the store said.
func (e *Error) Unwrap() error { return e.Err }

// Errors are all failures of one Resolve, in the order of the requests.
type Errors struct{ List []*Error }

// Error returns one line for each failure.
func (e *Errors) Error() string {
	lines := make([]string, len(e.List))
	for i, err := range e.List {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the failures, for errors.Is and errors.As.
func (e *Errors) Unwrap() []error {
	list := make([]error, len(e.List))
	for i, err := range e.List {
		list[i] = err
	}
	return list
}

// oneLine replaces control bytes, so that nothing in a name or a store's message
// starts a line of its own in a log that a machine reads. FAULTS 83.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' {
			return ' '
		}
		return r
	}, s)
}

// newError gives a failure its remedy.
func newError(req Request, err error) *Error {
	return &Error{Name: req.Name, Ref: req.Ref, Err: err, Remedy: remedy(err)}
}

func remedy(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, ErrNotFound):
		return "check the reference, or make it optional"
	case errors.Is(err, ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return "try again later, or check the address of the store"
	}
	return ""
}
