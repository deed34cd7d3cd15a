package identity

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// What GitHub gives to a job that has permissions: id-token: write.
const (
	githubURL   = "ACTIONS_ID_TOKEN_REQUEST_URL"
	githubToken = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
)

// The service is known to fail for a moment; a job should not.
const (
	githubTries = 4
	githubTry   = 5 * time.Second
)

// fromGitHub has GitHub make a token for the audience.
func fromGitHub(ctx context.Context, g *giver, audience string) ([]claims, error) {
	address, err := githubAddress(g.env[githubURL], audience)
	if err != nil {
		return nil, err
	}
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = 200 * time.Millisecond
	var last error
	token, err := backoff.Retry(ctx, func() (string, error) {
		token, err := askGitHub(ctx, g, address)
		last = err
		if err != nil && !errors.Is(err, fetch.ErrUnavailable) {
			err = backoff.Permanent(err)
		}
		return token, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(githubTries))
	if err != nil {
		if ctx.Err() == nil {
			err = last
		}
		return nil, explainGitHub(err)
	}
	c, ok := parse("the token of GitHub", token)
	if !ok {
		return nil, errNotGitHub
	}
	return []claims{c}, nil
}

// explainGitHub adds what a person can do.
func explainGitHub(err error) error {
	if errors.Is(err, fetch.ErrDenied) {
		return fmt.Errorf("GitHub's token service: %w (the job needs permissions: id-token: write)", err)
	}
	return fmt.Errorf("GitHub's token service: %w", err)
}

// githubAddress adds the audience. The credential goes nowhere but over https, or to this machine.
func githubAddress(text, audience string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && httpx.Loopback(text)) {
		return "", errors.New(githubURL + " is no https address")
	}
	if audience != "" {
		q := u.Query()
		q.Set("audience", audience)
		u.RawQuery = q.Encode()
	}
	return u.String(), nil
}

// askGitHub is one try.
func askGitHub(ctx context.Context, g *giver, address string) (string, error) {
	tryCtx, cancel := context.WithTimeout(ctx, githubTry)
	defer cancel()
	var body struct {
		Value string `json:"value"`
	}
	if err := (httpx.Call{URL: address, Token: g.env[githubToken]}).JSON(tryCtx, g.o.HTTP, &body); err != nil {
		if tryCtx.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("no answer within %s: %w", githubTry, fetch.ErrUnavailable)
		}
		return "", err
	}
	if body.Value == "" {
		return "", errNotGitHub
	}
	return body.Value, nil
}
