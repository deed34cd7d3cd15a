package githubvar_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/githubvar"
)

const token = "ghp_TESTTESTTESTTEST0000"

// A fake of GitHub's API for variables, after its published contract.
func fake(t *testing.T, values map[string]string, status map[string]int) fetch.Env {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.String(), token) {
			t.Error("the token is in the address")
		}
		name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		value, ok := values[r.URL.Path]
		code := status[name]
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token:
			code = http.StatusUnauthorized
		case code == 0 && !ok:
			code = http.StatusNotFound
		case code == 2: // the primary rate limit
			w.Header().Set("X-RateLimit-Limit", "60")
			w.Header().Set("X-RateLimit-Remaining", "0")
			w.Header().Set("X-RateLimit-Reset", "1900000000")
			code = http.StatusForbidden
		}
		if code != 0 {
			fetchtest.Refuse(w, code)
			return
		}
		if value == "repository" {
			_, _ = io.WriteString(w, `{"id":77}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "value": value})
	}))
	t.Cleanup(server.Close)
	return at(t, server.URL, token)
}

// at is a world in which the API is at an address.
func at(t *testing.T, address, token string) fetch.Env {
	t.Helper()
	vars := map[string]string{"GITHUB_TOKEN": token, "GITHUB_API_URL": address}
	return fetch.Env{HTTP: fetchtest.Client(t), Getenv: fetchtest.Getenv(vars), Warn: func(string) {}}
}

func TestConformance(t *testing.T) {
	env := fake(t, map[string]string{
		"/repos/owner/repo/actions/variables/KEY":  fetchtest.Canary,
		"/repos/owner/repo/actions/variables/HUGE": strings.Repeat("x", fetch.MaxDocument+1),
	}, map[string]int{"DENIED": 403})
	fetchtest.Run(t, fetchtest.Harness{
		Kind: githubvar.Kind(), Env: env, Path: "owner/repo/KEY", Want: []byte(fetchtest.Canary),
		At:      func(address string) fetch.Env { return at(t, address, fetchtest.Canary) },
		Missing: "owner/repo/ABSENT", Denied: "owner/repo/DENIED", Oversize: "owner/repo/HUGE",
	})
}

// Which variable is read, and how the server's refusals come out. FAULTS 87, 90
func TestRead(t *testing.T) {
	env := fake(t, map[string]string{
		"/repos/o/r":                                       "repository",
		"/repos/o/r/actions/variables/OWN":                 "own-value",
		"/orgs/o/actions/variables/OWN":                    "org-value",
		"/orgs/o/actions/variables/ORG":                    "org-value",
		"/repositories/77/environments/prod/variables/OWN": "prod-value",
	}, map[string]int{"LIMITED": 429, "USED_UP": 2, "BROKEN": 502, "LOGIN": 401, "CUT": fetchtest.CutOff})
	for _, c := range []struct {
		why, path, environment, want string
		err                          error
	}{
		{"the repository's own", "o/r/OWN", "", "own-value", nil},
		{"that of the environment", "o/r/OWN", "prod", "prod-value", nil},
		{"without one for the environment, the repository's", "o/r/OWN", "dev", "own-value", nil},
		{"the organisation's", "o/r/ORG", "", "org-value", nil},
		{"nowhere", "o/r/NOPE", "", "", fetch.ErrNotFound},
		{"429", "o/r/LIMITED", "", "", fetch.ErrUnavailable},
		{"502", "o/r/BROKEN", "", "", fetch.ErrUnavailable},
		{"401", "o/r/LOGIN", "", "", fetch.ErrDenied},
		{"a body that is cut off", "o/r/CUT", "", "", fetch.ErrUnavailable},
		{"403 for a rate limit is no refusal", "o/r/USED_UP", "", "", fetch.ErrUnavailable},
	} {
		src, err := githubvar.Kind().Open(t.Context(), env) // anew: the client remembers a rate limit
		if err != nil {
			t.Fatal(err)
		}
		params := url.Values{}
		if c.environment != "" {
			params.Set("environment", c.environment)
		}
		doc, err := src.Read(t.Context(), c.path, params)
		if string(doc.Data) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v", c.why, doc.Data, err)
		}
		if err != nil && (strings.Contains(err.Error(), fetchtest.Canary) || strings.Contains(err.Error(), token)) {
			t.Errorf("%s: the error repeats what it must not: %v", c.why, err)
		}
	}
	for name, vars := range map[string]map[string]string{
		"no token": {}, "an address without TLS": {"GITHUB_TOKEN": token, "GITHUB_API_URL": "http://github.example.com"},
	} {
		if _, err := githubvar.Kind().Open(t.Context(), fetch.Env{HTTP: env.HTTP, Getenv: fetchtest.Getenv(vars)}); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
