package fetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A StoreError is a failure of a store as a whole: no address, no credentials, a
// login that was refused. It would be the same for any other document, and is told
// once for all that were asked for. It has the text of Err.
type StoreError struct {
	Of  string // what failed, where that is not the store but what several stores share, as a helper; mostly empty
	Err error
}

// Error says what Err says.
func (e *StoreError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *StoreError) Unwrap() error { return e.Err }

// StoreWide makes err a [*StoreError] of the store, unless it is one or nil.
func StoreWide(err error) error {
	if store := (*StoreError)(nil); err == nil || errors.As(err, &store) {
		return err
	}
	return &StoreError{Err: err}
}

// IsStoreWide tells whether err is a failure of the store, and another document would
// have met the same: a [*StoreError], and what says so by itself.
func IsStoreWide(err error) bool {
	var store *StoreError
	var passphrase *PassphraseError
	return errors.As(err, &store) || errors.As(err, &passphrase) || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNoIdentity) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// A Place is where a secret was asked for: a file (or flag) and where in it.
type Place struct{ File, At string } // "maskrun.yaml", ":4:3"

// String is the place as editors take it: maskrun.yaml:4:3.
func (p Place) String() string { return p.File + p.At }

// A cause is what failures on one line have in common. What is amiss with two
// documents is two causes, even if the words are the same.
type cause struct{ what, text string }

// cause tells what e is about, as narrowly as the failure is: a store, a document, or
// one reference. One path can be two documents if two files ask for it.
func (e *Error) cause() cause {
	what := []string{e.Place.File, e.Ref.Scheme, e.Ref.Path, e.Ref.storeParams().Encode()}
	switch store := (*StoreError)(nil); {
	case errors.As(e.Err, &store) && store.Of != "":
		what = []string{store.Of}
	case IsStoreWide(e.Err):
		what = []string{e.Ref.Scheme}
	case !e.document:
		what = append(what, e.Ref.Field, e.Ref.Params.Encode())
	}
	return cause{fmt.Sprintf("%q", what), e.text()}
}

// byCause groups the failures, in the order of the first of each group.
func (e *Errors) byCause() [][]*Error {
	var groups [][]*Error
	at := map[cause]int{}
	for _, err := range e.List {
		c := err.cause()
		i, known := at[c]
		if !known {
			i = len(groups)
			at[c], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], err)
	}
	return groups
}

// together is the line of failures that have one cause: who asked, what it is about, the cause.
func together(group []*Error) string {
	var refs []string
	for _, e := range group {
		refs = add(refs, shown(e.Ref))
	}
	if len(refs) > 1 {
		refs = nil
		for _, e := range group {
			refs = add(refs, e.shared())
		}
	}
	return oneLine(join(asked(group), strings.Join(refs, ", "), group[0].text()))
}

// asked names of every file the place of the first variable, and the variables.
func asked(group []*Error) string {
	var places []Place
	names := map[string][]string{}
	for _, e := range group {
		if !slices.ContainsFunc(places, func(p Place) bool { return p.File == e.Place.File }) {
			places = append(places, e.Place)
		}
		names[e.Place.File] = add(names[e.Place.File], e.Name)
	}
	var parts []string
	for _, p := range places {
		parts = append(parts, join(p.String(), list(names[p.File])))
	}
	return strings.Join(parts, "; ")
}

// join puts a colon between the parts that are there.
func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}

// shared is what e names where failures of several references share a line.
func (e *Error) shared() string {
	if IsStoreWide(e.Err) {
		return shown(Ref{Scheme: e.Ref.Scheme})
	}
	return shown(Ref{Scheme: e.Ref.Scheme, Path: e.Ref.Path, Params: e.Ref.storeParams()})
}

// shown is r as people read it; nothing for none.
func shown(r Ref) string {
	if r.Scheme == "" {
		return ""
	}
	return r.String()
}

func add(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// namesShown is how many variables a line names. What ails more is mended for all of them at once.
const namesShown = 20

// list writes names one after the other, as many as a person would read.
func list(names []string) string {
	if len(names) <= namesShown {
		return strings.Join(names, ", ")
	}
	few := names[:namesShown-1]
	return fmt.Sprintf("%s and %d more", strings.Join(few, ", "), len(names)-len(few))
}
