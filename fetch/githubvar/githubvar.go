// Package githubvar is the store github-var://OWNER/REPO/NAME: configuration
// variables of GitHub Actions over its API, for trying a job at home. Secrets of
// GitHub cannot be read by anybody; maskrun push writes them.
//
// What a job would get is read: with environment=NAME the variable of that
// environment, then the repository's, then the organisation's.
//
// The token is GITHUB_TOKEN or GH_TOKEN; it goes to the server of GITHUB_API_URL,
// else to api.github.com.
package githubvar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "github-var", Help: "a variable of GitHub Actions: environment, repository or organisation", Open: open}
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	if len(env.Config) > 0 {
		return nil, errors.New("stores.github-var has no settings: the server is that of GITHUB_API_URL")
	}
	token := cmp.Or(env.Getenv("GITHUB_TOKEN"), env.Getenv("GH_TOKEN"))
	if token == "" {
		return nil, fmt.Errorf("no token: set GITHUB_TOKEN or GH_TOKEN: %w", fetch.ErrDenied)
	}
	base, err := url.Parse(strings.TrimRight(cmp.Or(env.Getenv("GITHUB_API_URL"), "https://api.github.com"), "/") + "/")
	if err != nil || base.Host == "" || base.User != nil || base.Scheme != "https" && !httpx.Loopback(base.String()) {
		return nil, errors.New("GITHUB_API_URL is no https:// address of a server")
	}
	client := github.NewClient(env.HTTP).WithAuthToken(token)
	client.BaseURL = base
	return &source{client}, nil
}

type source struct{ client *github.Client }

var (
	segment = fetch.Pattern(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	key     = fetch.Pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// Read is that of fetch.Source.
func (s *source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params, "environment"); err != nil {
		return fetch.Document{}, err
	}
	parts := strings.Split(path, "/")
	if len(parts) != 3 || !key().MatchString(parts[2]) {
		return fetch.Document{}, errors.New("want github-var://OWNER/REPO/NAME")
	}
	owner, repo, name := parts[0], parts[1], parts[2]
	environment := params.Get("environment")
	if !segment().MatchString(owner) || !segment().MatchString(repo) || strings.ContainsAny(environment, "/\\?#%") {
		return fetch.Document{}, fmt.Errorf("the path has parts that are no names: %w", fetch.ErrDenied)
	}
	var tries []func() (*github.ActionsVariable, *github.Response, error)
	if environment != "" {
		tries = append(tries, func() (*github.ActionsVariable, *github.Response, error) {
			return s.ofEnvironment(ctx, owner, repo, environment, name)
		})
	}
	tries = append(tries,
		func() (*github.ActionsVariable, *github.Response, error) {
			return s.client.Actions.GetRepoVariable(ctx, owner, repo, name)
		},
		func() (*github.ActionsVariable, *github.Response, error) {
			return s.client.Actions.GetOrgVariable(ctx, owner, name)
		})
	return first(name, tries)
}

// first takes the first that is there. Only "not found" leads on.
func first(name string, tries []func() (*github.ActionsVariable, *github.Response, error)) (fetch.Document, error) {
	for _, try := range tries {
		v, resp, err := try()
		if err != nil {
			if err = failure(resp, err); errors.Is(err, fetch.ErrNotFound) {
				continue
			}
			return fetch.Document{}, err
		}
		if !strings.EqualFold(v.Name, name) {
			return fetch.Document{}, errors.New("the answer is not the variable: is this the address of GitHub's API?")
		}
		return fetch.Document{Data: []byte(v.Value)}, nil
	}
	return fetch.Document{}, fmt.Errorf("no such variable in the repository or its organisation, or the token may not see it: %w", fetch.ErrNotFound)
}

// ofEnvironment needs the repository's number.
func (s *source) ofEnvironment(ctx context.Context, owner, repo, environment, name string) (*github.ActionsVariable, *github.Response, error) {
	r, resp, err := s.client.Repositories.Get(ctx, owner, repo)
	if err != nil {
		return nil, resp, err
	}
	return s.client.Actions.GetEnvVariable(ctx, int(r.GetID()), environment, name)
}

// failure says nothing of what the server wrote. Of a rate limit GitHub speaks with 403 too.
func failure(resp *github.Response, err error) error {
	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	switch {
	case errors.As(err, &primary):
		return limited{time.Until(primary.Rate.Reset.Time)}
	case errors.As(err, &secondary):
		return limited{secondary.GetRetryAfter()}
	case resp != nil && resp.Response != nil && resp.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%s: %w", resp.Request.URL.Host, httpx.CheckStatus(resp.Response))
	}
	return httpx.Classify(err)
}

// limited is a rate limit of GitHub's API that is used up, and when it is not any more.
type limited struct{ after time.Duration }

func (limited) Error() string {
	return "the rate limit of GitHub's API is used up: " + fetch.ErrUnavailable.Error()
}

// Unwrap makes it fetch.ErrUnavailable.
func (limited) Unwrap() error { return fetch.ErrUnavailable }

// RetryAfter makes it a fetch.RetryAfterError.
func (l limited) RetryAfter() time.Duration { return l.after }
