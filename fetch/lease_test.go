package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// issuer is a store that issues one lease for each trust level, and knows its own alone.
type issuer struct {
	own   string
	given *[]string // back
}

func (i issuer) Read(context.Context, string, url.Values) (fetch.Document, error) {
	return fetch.Document{Data: []byte("value"), Lease: &fetch.Lease{ID: i.own, Duration: time.Minute, Renewable: true}}, nil
}

func (i issuer) Renew(_ context.Context, l fetch.Lease) (fetch.Lease, error) {
	if l.ID != i.own {
		return l, fmt.Errorf("not ours: %w", fetch.ErrNotFound)
	}
	return fetch.Lease{ID: l.ID, Duration: time.Hour}, nil
}

func (i issuer) Revoke(_ context.Context, l fetch.Lease) error {
	switch l.ID {
	case i.own:
		*i.given = append(*i.given, l.ID)
		return nil
	case "broken":
		return fmt.Errorf("the server is down: %w", fetch.ErrUnavailable)
	case "panic":
		panic("a value")
	}
	return fmt.Errorf("not ours: %w", fetch.ErrNotFound)
}

// A lease is kept by the store that issued it, found by its secret, until Close.
func TestLeases(t *testing.T) {
	var given []string
	r := fetch.NewResolver(fetch.Env{}, fetch.Kind{Scheme: "lease", Aliases: []string{"le"}, Open: func(_ context.Context, env fetch.Env) (fetch.Source, error) {
		return issuer{fmt.Sprintf("trusted %v", env.Trusted), &given}, nil
	}}, fetch.Kind{Scheme: "plain", Open: func(context.Context, fetch.Env) (fetch.Source, error) { return nil, nil }})
	ref, err := fetch.ParseRef("le://x")
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := r.Resolve(t.Context(), []fetch.Request{{Name: "A", Ref: ref, Trusted: true}, {Name: "B", Ref: ref}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if got, err := r.Renew(t.Context(), s); err != nil || got.Duration != time.Hour || got.ID != s.Lease.ID {
			t.Errorf("%s: %v, error %v", s.Name, got, err)
		}
		if err := r.Revoke(t.Context(), s); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if len(given) != 2 || given[0] != "trusted true" || given[1] != "trusted false" {
		t.Errorf("given back: %q", given)
	}
	with := func(id string) fetch.Secret { return fetch.Secret{Name: "C", Ref: ref, Lease: &fetch.Lease{ID: id}} }
	other := with("x")
	other.Ref.Scheme = "plain"
	for _, c := range []struct {
		why  string
		s    fetch.Secret
		kind error
		text string
	}{
		{"no lease", fetch.Secret{Name: "C", Ref: ref}, fetch.ErrNotFound, "C has no lease"},
		{"nobody's lease", with("x"), fetch.ErrNotFound, "lease of C: no store that is open issued it"},
		{"a store that was not opened", other, fetch.ErrNotFound, "lease of C: no store that is open issued it"},
		{"a server that is down", with("broken"), fetch.ErrUnavailable, "lease of C: the server is down"},
		{"a panic shows nothing", with("panic"), nil, "lease of C: the store failed (panic)"},
	} {
		err := r.Revoke(t.Context(), c.s)
		if err == nil || c.kind != nil && !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "a value") {
			t.Errorf("%s: %v", c.why, err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Renew(t.Context(), secrets[0]); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("after Close: %v", err)
	}
}
