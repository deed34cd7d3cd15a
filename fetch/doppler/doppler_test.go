package doppler_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/doppler"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

const document = `{"API_KEY":"` + fetchtest.Canary + `","DOPPLER_CONFIG":"prd","MULTI":"a\nb"}`

// fake is a fake of ours in the place of Doppler's API, after what it publishes.
type fake struct {
	mu    sync.Mutex
	asked []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked = append(f.asked, r.URL.Path)
	f.mu.Unlock()
	if r.URL.Path == "/v3/auth/oidc" {
		var body struct{ Identity, Token string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		if body.Identity != "uuid" || body.Token != "job-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"success":true,"token":"dp.sa.x"}`)
		return
	}
	q := r.URL.Query()
	switch {
	case r.Header.Get("Authorization") != "Bearer dp.sa.x":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path != "/v3/configs/config/secrets/download" || q.Get("format") != "json":
		w.WriteHeader(http.StatusTeapot)
	case q.Get("config") == "closed":
		w.WriteHeader(http.StatusForbidden)
	case q.Get("project") != "ml" || q.Get("config") != "prd":
		w.WriteHeader(http.StatusNotFound)
	default:
		fmt.Fprint(w, document)
	}
}

func world(t *testing.T, address string, vars map[string]string) fetch.Env {
	t.Helper()
	all := map[string]string{"DOPPLER_API_HOST": address}
	for k, v := range vars {
		all[k] = v
	}
	return fetch.Env{HTTP: fetchtest.Client(t), Getenv: fetchtest.Getenv(all)}
}

func TestConformance(t *testing.T) {
	server := httptest.NewServer(&fake{})
	defer server.Close()
	fetchtest.Run(t, fetchtest.Harness{
		Kind: doppler.Kind(), Env: world(t, server.URL, map[string]string{"DOPPLER_TOKEN": "dp.sa.x"}),
		Path: "ml/prd", Want: []byte(document), Missing: "ml/none", Denied: "ml/closed",
		Hostile: []string{"ml", "ml/prd/x/y", "ml/", "ml/prd?format=env", "ml/a b"},
		At: func(address string) fetch.Env {
			return world(t, address, map[string]string{"DOPPLER_TOKEN": fetchtest.Canary})
		},
	})
}

// FAULTS 87–90, 93, at login.
func TestFaults(t *testing.T) {
	fetchtest.Faults(t, func(address string) error {
		env := world(t, address, nil)
		env.Config = map[string]any{"identity": "uuid"}
		env.Identity = func(context.Context, string) (string, error) { return fetchtest.Canary, nil }
		_, err := doppler.Kind().Open(t.Context(), env)
		return err
	})
}

// One request, whatever the number of secrets. FAULTS 95.
func TestReferences(t *testing.T) {
	f := &fake{}
	server := httptest.NewServer(f)
	defer server.Close()
	r := fetch.NewResolver(world(t, server.URL, map[string]string{"DOPPLER_TOKEN": "dp.sa.x"}), doppler.Kind())
	var reqs []fetch.Request
	for i, text := range []string{"doppler://ml/prd#API_KEY", "ref+doppler://ml/prd/API_KEY", "doppler://ml/prd#MULTI", "doppler://ml/prd?optional=true#NONE"} {
		ref, err := fetch.ParseRef(text)
		if err != nil {
			t.Fatal(err)
		}
		reqs = append(reqs, fetch.Request{Name: fmt.Sprint("V", i), Ref: ref})
	}
	secrets, err := r.Resolve(t.Context(), reqs)
	if err != nil || len(secrets) != 3 {
		t.Fatalf("%d secrets, error %v", len(secrets), err)
	}
	for i, want := range []string{fetchtest.Canary, fetchtest.Canary, "a\nb"} {
		if string(secrets[i].Value.Reveal()) != want {
			t.Errorf("%s: another value", secrets[i].Name)
		}
	}
	if len(f.asked) != 1 {
		t.Errorf("asked %v", f.asked)
	}
}

// Where the token comes from, and where it may go.
func TestOpen(t *testing.T) {
	server := httptest.NewServer(&fake{})
	defer server.Close()
	identity := func(token string) func(context.Context, string) (string, error) {
		return func(_ context.Context, audience string) (string, error) {
			if audience != server.URL {
				return "", fmt.Errorf("audience %s", audience)
			}
			return token, nil
		}
	}
	for _, c := range []struct {
		why      string
		vars     map[string]string
		config   map[string]any
		identity func(context.Context, string) (string, error)
		err      string
	}{
		{"a token", map[string]string{"DOPPLER_TOKEN": "dp.sa.x"}, nil, nil, ""},
		{"the job's identity", nil, map[string]any{"identity": "uuid"}, identity("job-token"), ""},
		{"an identity that is refused", nil, map[string]any{"identity": "uuid"}, identity(fetchtest.Canary), "log in to Doppler: the token is not valid"},
		{"an identity and no job that has one", nil, map[string]any{"identity": "uuid"}, nil, "no Doppler token is given"},
		{"nothing", nil, nil, nil, "no Doppler token is given: set DOPPLER_TOKEN"},
		{"an address of the configuration's own", map[string]string{"DOPPLER_TOKEN": "dp.sa.x"}, map[string]any{"address": "https://evil.example.com"}, nil, "only the configuration names"},
		{"a token in the configuration", nil, map[string]any{"token": fetchtest.Canary}, nil, "want the keys address and identity"},
	} {
		t.Run(c.why, func(t *testing.T) {
			env := world(t, server.URL, c.vars)
			env.Config, env.Identity = c.config, c.identity
			src, err := doppler.Kind().Open(t.Context(), env)
			if err == nil {
				_, err = src.Read(t.Context(), "ml/prd", nil)
			}
			fetchtest.NoCanary(t, err)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v", err)
			}
		})
	}
}
