//go:build unix

package helper_test

import (
	"errors"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// A push goes to helpers that know what it is, and its answers are read with distrust.
func TestPush(t *testing.T) {
	src, err := open(t, client(t, options(t, "pushes")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	p := fetch.Push{Path: "p", Values: map[string]fetch.Value{"A": fetch.NewValue([]byte(canary))}}
	changes, err := src.(fetch.Pusher).Push(t.Context(), p)
	if err != nil || len(changes) != 1 || changes[0] != (fetch.Change{Name: "A", Do: fetch.Create, Note: `a\x1b[31mb`}) {
		t.Errorf("%+v, %v", changes, err)
	}
	_, err = src.(fetch.Pusher).Push(t.Context(), p)
	checkError(t, err, "answered a push with something else than changes")
	fetchtest.NoCanary(t, err)
	if _, err = src.(fetch.Pusher).Push(t.Context(), p); !errors.Is(err, fetch.ErrDenied) {
		t.Error(err)
	}
	p.Values["B"] = fetch.NewValue(make([]byte, 2<<20))
	_, err = src.(fetch.Pusher).Push(t.Context(), p)
	checkError(t, err, "push them in parts with --only")
}

// A helper of before, or of somebody else, would pass over a push and never answer.
func TestPushNotKnown(t *testing.T) {
	src, err := open(t, client(t, options(t, "good")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = src.(fetch.Pusher).Push(t.Context(), fetch.Push{Path: "p"})
	checkError(t, err, "cannot write: install matching versions")
}
