package infisical_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/infisical"
)

// fake is a fake of ours in the place of Infisical's API, after what it publishes.
func fake(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/api/v1/auth/") {
		login(w, r)
		return
	}
	q := r.URL.Query()
	project := q.Get("workspaceId") == "01234567-89ab-cdef-0123-456789abcdef" || q.Get("workspaceSlug") == "ml"
	switch {
	case r.Header.Get("Authorization") != "Bearer token":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path != "/api/v3/secrets/raw":
		w.WriteHeader(http.StatusTeapot)
	case q.Get("environment") == "closed":
		w.WriteHeader(http.StatusForbidden)
	case !project || q.Get("environment") != "prod" || q.Get("secretPath") != "/" && q.Get("secretPath") != "/a/b":
		w.WriteHeader(http.StatusNotFound)
	default:
		fmt.Fprintf(w, `{"secrets":[{"secretKey":"API_KEY","secretValue":%q,"version":3},{"secretKey":"WHERE","secretValue":%q},
			{"secretKey":"HIDDEN","secretValue":"<hidden-by-infisical>","secretValueHidden":true}],
			"imports":[{"secretPath":"/x","secrets":[{"secretKey":"API_KEY","secretValue":"imported"},{"secretKey":"OTHER","secretValue":"imported"}]}]}`,
			fetchtest.Canary, q.Get("secretPath"))
	}
}

func login(w http.ResponseWriter, r *http.Request) {
	var body map[string]string
	_ = json.NewDecoder(r.Body).Decode(&body)
	universal := r.URL.Path == "/api/v1/auth/universal-auth/login" && body["clientId"] == "id" && body["clientSecret"] == "secret"
	oidc := r.URL.Path == "/api/v1/auth/oidc-auth/login" && body["identityId"] == "me" && body["jwt"] == "job-token"
	if !universal && !oidc {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	fmt.Fprint(w, `{"accessToken":"token","expiresIn":7200,"tokenType":"Bearer"}`)
}

func world(t *testing.T, address string, vars map[string]string) fetch.Env {
	t.Helper()
	all := map[string]string{"INFISICAL_API_URL": address + "/api"}
	for k, v := range vars {
		all[k] = v
	}
	return fetch.Env{HTTP: fetchtest.Client(t), Getenv: fetchtest.Getenv(all)}
}

func TestConformance(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(fake))
	defer server.Close()
	fetchtest.Run(t, fetchtest.Harness{
		Kind: infisical.Kind(), Env: world(t, server.URL, map[string]string{"INFISICAL_TOKEN": "token"}),
		Path: "ml/prod/a/b", Want: []byte(`{"API_KEY":"` + fetchtest.Canary + `","OTHER":"imported","WHERE":"/a/b"}`),
		Missing: "ml/none", Denied: "ml/closed", Hostile: []string{"ml", "ml//prod", "ml/prod/", "ml/prod/a b", "ml/prod?x=y"},
		At: func(address string) fetch.Env {
			return world(t, address, map[string]string{"INFISICAL_TOKEN": fetchtest.Canary})
		},
	})
}

// FAULTS 87–90, 93, at login.
func TestFaults(t *testing.T) {
	fetchtest.Faults(t, func(address string) error {
		_, err := infisical.Kind().Open(t.Context(), world(t, address, map[string]string{"INFISICAL_CLIENT_ID": "id", "INFISICAL_CLIENT_SECRET": fetchtest.Canary}))
		return err
	})
}

func TestReferences(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(fake))
	defer server.Close()
	r := fetch.NewResolver(world(t, server.URL, map[string]string{"INFISICAL_TOKEN": "token"}), infisical.Kind())
	for _, c := range []struct{ ref, want string }{
		{"infisical://ml/prod#API_KEY", fetchtest.Canary}, // before the imported one
		{"infisical://ml/prod#OTHER", "imported"},
		{"infisical://01234567-89ab-cdef-0123-456789abcdef/prod/a/b#WHERE", "/a/b"},
		{"infisical://ml/prod#HIDDEN", ""}, // not what Infisical shows in its place
		{"infisical://ml/prod#NONE", ""},
	} {
		ref, err := fetch.ParseRef(c.ref)
		if err != nil {
			t.Fatal(err)
		}
		secrets, err := r.Resolve(t.Context(), []fetch.Request{{Name: "X", Ref: ref}})
		if (err == nil) != (c.want != "") || err == nil && string(secrets[0].Value.Reveal()) != c.want {
			t.Errorf("%s: error %v", c.ref, err)
		}
	}
}

// Where credentials come from, and where they may go.
func TestOpen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(fake))
	defer server.Close()
	identity := func(_ context.Context, audience string) (string, error) {
		if audience != server.URL {
			return "", fmt.Errorf("audience %s", audience)
		}
		return "job-token", nil
	}
	for _, c := range []struct {
		why      string
		vars     map[string]string
		config   map[string]any
		identity func(context.Context, string) (string, error)
		err      string
	}{
		{"a token", map[string]string{"INFISICAL_TOKEN": "token"}, nil, nil, ""},
		{"universal auth", map[string]string{"INFISICAL_CLIENT_ID": "id", "INFISICAL_CLIENT_SECRET": "secret"}, nil, nil, ""},
		{"universal auth, as the program has it", map[string]string{"INFISICAL_UNIVERSAL_AUTH_CLIENT_ID": "id", "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET": "secret"}, nil, nil, ""},
		{"the job's identity", nil, map[string]any{"identity": "me"}, identity, ""},
		{"the job's identity, by a variable", map[string]string{"INFISICAL_IDENTITY_ID": "me"}, nil, identity, ""},
		{"refused", map[string]string{"INFISICAL_CLIENT_ID": "id", "INFISICAL_CLIENT_SECRET": fetchtest.Canary}, nil, nil, "log in to Infisical (universal-auth): the credentials are not valid"},
		{"an identity and no job that has one", map[string]string{"INFISICAL_IDENTITY_ID": "me"}, nil, nil, "no Infisical credentials are given"},
		{"nothing", nil, nil, nil, "set INFISICAL_TOKEN"},
		{"an address of the configuration's own", map[string]string{"INFISICAL_TOKEN": "token"}, map[string]any{"address": "https://evil.example.com"}, nil, "only the configuration names"},
		{"a token in the configuration", nil, map[string]any{"token": fetchtest.Canary}, nil, "want the keys address and identity"},
	} {
		t.Run(c.why, func(t *testing.T) {
			env := world(t, server.URL, c.vars)
			env.Config, env.Identity = c.config, c.identity
			src, err := infisical.Kind().Open(t.Context(), env)
			if err == nil {
				_, err = src.Read(t.Context(), "ml/prod", nil)
			}
			fetchtest.NoCanary(t, err)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v", err)
			}
		})
	}
}
