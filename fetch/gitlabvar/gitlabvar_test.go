package gitlabvar_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/gitlabvar"
)

const token = "glpat-TESTTESTTESTTEST0000"

// A fake of GitLab's API for variables, after its published contract: owners in one
// path segment, scopes in filter[environment_scope], the token in a header.
func fake(t *testing.T, values map[string]string, status map[string]int) fetch.Env {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.String(), token) {
			t.Error("the token is in the address")
		}
		id := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v4/")
		if scope := r.URL.Query().Get("filter[environment_scope]"); scope != "*" {
			id += "@" + scope
		}
		value, ok := values[id]
		name := id[strings.LastIndex(id, "/")+1:]
		name, _, _ = strings.Cut(name, "@")
		code := status[name]
		switch {
		case r.Header.Get("Private-Token") != token:
			code = http.StatusUnauthorized
		case code == 0 && !ok:
			code = http.StatusNotFound
		}
		if code != 0 {
			fetchtest.Refuse(w, code)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"key": name, "value": value, "masked": true})
	}))
	t.Cleanup(server.Close)
	return at(t, server.URL, token)
}

// at is a world in which the API is at an address.
func at(t *testing.T, address, token string) fetch.Env {
	t.Helper()
	vars := map[string]string{"GITLAB_TOKEN": token, "GITLAB_URL": address}
	return fetch.Env{HTTP: fetchtest.Client(t), Getenv: fetchtest.Getenv(vars), Warn: func(string) {}}
}

func TestConformance(t *testing.T) {
	env := fake(t, map[string]string{
		"projects/group%2Fproject/variables/KEY":  fetchtest.Canary,
		"projects/group%2Fproject/variables/HUGE": strings.Repeat("x", fetch.MaxDocument+1),
	}, map[string]int{"DENIED": 403})
	fetchtest.Run(t, fetchtest.Harness{
		Kind: gitlabvar.Kind(), Env: env, Path: "group/project/KEY", Want: []byte(fetchtest.Canary),
		At:      func(address string) fetch.Env { return at(t, address, fetchtest.Canary) },
		Missing: "group/project/ABSENT", Denied: "group/project/DENIED", Oversize: "group/project/HUGE",
	})
}

// Which variable is read, and how the server's refusals come out. FAULTS 87, 90
func TestRead(t *testing.T) {
	env := fake(t, map[string]string{
		"projects/a%2Fb%2Fp/variables/OWN":       "own-value",
		"groups/a%2Fb/variables/OWN":             "group-value",
		"groups/a%2Fb/variables/NEAR":            "near-value",
		"groups/a/variables/NEAR":                "far-value",
		"groups/a/variables/FAR":                 "far-value",
		"projects/a%2Fb%2Fp/variables/OWN@prod":  "prod-value",
		"projects/a%2Fb%2Fp/variables/HIDDEN":    "",
		"projects/a%2Fb%2Fp/variables/TOO@other": "x",
	}, map[string]int{"LIMITED": 429, "BROKEN": 502, "LOGIN": 401, "CUT": fetchtest.CutOff})
	src, err := gitlabvar.Kind().Open(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why, path, environment, want string
		err                          error
	}{
		{"the project's own", "a/b/p/OWN", "", "own-value", nil},
		{"that of the environment", "a/b/p/OWN", "prod", "prod-value", nil},
		{"without one for the environment, that for all", "a/b/p/OWN", "dev", "own-value", nil},
		{"the nearest group's", "a/b/p/NEAR", "", "near-value", nil},
		{"that of a group further up", "a/b/p/FAR", "", "far-value", nil},
		{"nowhere", "a/b/p/TOO", "", "", fetch.ErrNotFound},
		{"hidden variables have no value", "a/b/p/HIDDEN", "", "", fetch.ErrDenied},
		{"429", "a/b/p/LIMITED", "", "", fetch.ErrUnavailable},
		{"502", "a/b/p/BROKEN", "", "", fetch.ErrUnavailable},
		{"401", "a/b/p/LOGIN", "", "", fetch.ErrDenied},
		{"a body that is cut off", "a/b/p/CUT", "", "", fetch.ErrUnavailable},
	} {
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
		"no token": {}, "an address without TLS": {"GITLAB_TOKEN": token, "GITLAB_URL": "http://gitlab.example.com"},
	} {
		if _, err := gitlabvar.Kind().Open(t.Context(), fetch.Env{HTTP: env.HTTP, Getenv: fetchtest.Getenv(vars)}); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
