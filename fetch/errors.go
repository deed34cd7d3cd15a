package fetch

import (
	"context"
	"errors"
	"strings"
)

// An Error says why one [Request] failed. It wraps what the store said.
type Error struct {
	Place  Place  // of the Request; may be zero
	Name   string // of the Request; may be empty
	Ref    Ref    // zero where it is not to be shown
	Err    error
	Remedy string // what a person can do; may be empty

	document bool // it could not be had at all, whatever of it is wanted
}

// Error returns one line: place, name, reference, what failed, remedy.
func (e *Error) Error() string { return together([]*Error{e}) }

// text is what failed and the remedy.
func (e *Error) text() string { return join(e.Err.Error(), e.Remedy) }

// Unwrap returns what the store said.
func (e *Error) Unwrap() error { return e.Err }

// Errors are all failures of one Resolve, in the order of the requests.
type Errors struct{ List []*Error }

// Error returns one line for each cause, in the order of the first failure it is the
// cause of. Failures that have it in common share the line: it names the place
// of the first in each file, the variables, and what failed for all of them: the document, or the
// store. Of many variables it names the first and tells how many more there are; List has them all.
func (e *Errors) Error() string {
	var lines []string
	for _, group := range e.byCause() {
		lines = append(lines, together(group))
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

// newError gives a failure its remedy; document tells whether none was there to take a field of.
func newError(req Request, err error, document bool) *Error {
	return &Error{Place: req.Place, Name: req.Name, Ref: req.Ref, Err: err, Remedy: remedy(err), document: document}
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
