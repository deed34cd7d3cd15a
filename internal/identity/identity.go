// Package identity gives the OIDC token of the CI job that we run in, for an audience.
//
// Where a token can come from is a table, in this order:
//
//  1. MASKRUN_ID_TOKEN_FILE, a file, and MASKRUN_ID_TOKEN: named by a person;
//  2. GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL makes one for any audience;
//  3. variables that hold a token already: GitLab's id_tokens under any name,
//     CircleCI's CIRCLE_OIDC_TOKEN_V2, and whatever else has the shape of one;
//  4. files that other tools name: AWS_WEB_IDENTITY_TOKEN_FILE, AZURE_FEDERATED_TOKEN_FILE.
//
// # Guarantee
//
// A token is given out only for an audience that it names itself (its aud claim),
// whatever variable it was found in: to show it to anyone else would let them use it
// elsewhere. Tokens that have expired are not given out. No byte of a token, or of
// the credential that asks for one, is in an error.
package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// Options are the world that a job's identity is looked for in. The zero value
// finds none.
type Options struct {
	Environ  []string                          // NAME=value, as os.Environ gives it; of duplicates the last counts
	HTTP     *http.Client                      // of package httpx; needed on GitHub
	ReadFile func(path string) ([]byte, error) // reads a file that a variable names; nil means that none is read
	Now      func() time.Time                  // nil means time.Now
}

// Func is the type of fetch.Env.Identity: it gives a token for an audience, or an
// error that says which audiences there are tokens for. It is safe for concurrent use.
type Func = func(ctx context.Context, audience string) (string, error)

// New looks where tokens can come from and gives the function that fetches them,
// or nil if this job has no identity. It reads no file and asks no server yet. An
// empty audience takes the first token there is, except on GitHub, which then
// makes one for its own default. Tokens are kept until a minute before their end.
func New(o *Options) Func {
	if o == nil {
		return nil
	}
	g := &giver{o: *o, env: map[string]string{}, turn: make(chan struct{}, 1), kept: map[string]claims{}}
	for _, kv := range o.Environ {
		if name, value, ok := strings.Cut(kv, "="); ok {
			g.env[name] = value
		}
	}
	if g.o.Now == nil {
		g.o.Now = time.Now
	}
	for _, row := range places {
		if row.there(g) {
			g.places = append(g.places, row)
		}
	}
	if len(g.places) == 0 {
		return nil
	}
	return g.token
}

// A giver is one job's identity.
type giver struct {
	o      Options
	env    map[string]string
	places []place

	turn chan struct{}     // one at a time: eight stores that start at once want one token
	kept map[string]claims // by audience
}

// token asks the places in turn. The first token that fits is it; failures are told if none does.
func (g *giver) token(ctx context.Context, audience string) (string, error) {
	select {
	case g.turn <- struct{}{}:
		defer func() { <-g.turn }()
	case <-ctx.Done():
		return "", fmt.Errorf("identity token: %w", ctx.Err())
	}
	if c, ok := g.kept[audience]; ok && c.fresh(g.o.Now()) {
		return c.raw, nil
	}
	var failed []error
	for _, p := range g.places {
		found, err := p.find(ctx, g, audience)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		for _, c := range found {
			if err := c.fits(audience, g.o.Now()); err != nil {
				failed = append(failed, err)
				continue
			}
			g.kept[audience] = c
			return c.raw, nil
		}
	}
	return "", noToken(audience, failed)
}

// noToken joins the reasons in one line, each once.
func noToken(audience string, failed []error) error {
	var texts []string
	seen := map[string]bool{}
	kind := fetch.ErrDenied
	for _, err := range failed {
		if errors.Is(err, fetch.ErrUnavailable) {
			kind = fetch.ErrUnavailable
		}
		if text := err.Error(); !seen[text] {
			seen[text], texts = true, append(texts, text)
		}
	}
	return &tokenError{fmt.Sprintf("no identity token for audience %q: %s", audience, strings.Join(texts, "; ")), kind}
}

// A tokenError says text and is kind, without naming it twice.
type tokenError struct {
	text string
	kind error
}

func (e *tokenError) Error() string { return e.text }
func (e *tokenError) Unwrap() error { return e.kind }
