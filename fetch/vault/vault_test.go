package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/vault"
)

const secret = `{"token":"` + fetchtest.Canary + `"}`

// A fake answers as Vault does, for one KV engine and what a test adds. It is ours:
// the suite behind the tag servers asks the real one.
type fake struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // method, path, namespace, token
	also  map[string]http.HandlerFunc
}

func newFake(t *testing.T, also map[string]http.HandlerFunc) *fake {
	f := &fake{also: also}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	f.mu.Lock()
	f.asked = append(f.asked, strings.Join(strings.Fields(r.Method+" "+path+" "+r.Header.Get("X-Vault-Namespace")+" "+r.Header.Get("X-Vault-Token")), " "))
	f.mu.Unlock()
	if h := f.also[path]; h != nil {
		h(w, r)
		return
	}
	switch {
	case strings.HasPrefix(path, "sys/internal/ui/mounts/secret/"):
		fmt.Fprint(w, `{"data":{"path":"secret/","type":"kv","options":{"version":"2"}}}`)
	case path == "secret/data/app":
		fmt.Fprintf(w, `{"data":{"data":%s,"metadata":{"version":3}}}`, secret)
	case path == "secret/data/huge":
		fmt.Fprintf(w, `{"data":{"data":{"x":"%s"},"metadata":{"version":3}}}`, strings.Repeat("x", fetch.MaxDocument))
	case path == "secret/data/forbidden":
		refuse(w, http.StatusForbidden, "1 error occurred:\n\t* permission denied "+fetchtest.Canary)
	default:
		refuse(w, http.StatusNotFound, "")
	}
}

func refuse(w http.ResponseWriter, code int, said string) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []string{said}})
}

func (f *fake) count(want string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, line := range f.asked {
		if strings.HasPrefix(line, want) {
			n++
		}
	}
	return n
}

func env(t *testing.T, vars map[string]string, config map[string]any) fetch.Env {
	t.Helper()
	return fetch.Env{Getenv: fetchtest.Getenv(vars), HTTP: fetchtest.Client(t), Config: config, Trusted: true, Root: fetchtest.Root(t, nil), Warn: func(string) {}}
}

func TestConformance(t *testing.T) {
	f := newFake(t, nil)
	fetchtest.Run(t, fetchtest.Harness{
		Kind: vault.Kind(), Env: env(t, map[string]string{"VAULT_ADDR": f.URL, "VAULT_TOKEN": "t-" + fetchtest.Canary}, nil),
		At: func(address string) fetch.Env {
			return env(t, map[string]string{"VAULT_ADDR": address, "VAULT_TOKEN": "t-" + fetchtest.Canary}, nil)
		},
		Path: "secret/data/app", Want: []byte(secret), Missing: "secret/data/none", Denied: "secret/data/forbidden", Oversize: "secret/data/huge",
	})
}

// However many read at once, there is one login and one question about a mount;
// references to the API's path do not wait for it.
func TestOneQuestion(t *testing.T) {
	f := newFake(t, map[string]http.HandlerFunc{"auth/userpass/login/ann": func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"auth":{"client_token":"fresh"}}`)
	}})
	src, err := vault.Kind().Open(t.Context(), env(t, map[string]string{"VAULT_ADDR": f.URL, "VAULT_USERNAME": "ann", "VAULT_PASSWORD": "p"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			path := "secret/data/app"
			if i%2 == 0 {
				path = "secret/app"
			}
			if doc, err := src.Read(t.Context(), path, nil); err != nil || string(doc.Data) != secret || doc.Version != "3" {
				t.Errorf("version %q, error %v", doc.Version, err)
			}
		})
	}
	wg.Wait()
	if logins, mounts, reads := f.count("PUT auth/"), f.count("GET sys/internal/ui/mounts"), f.count("GET secret/data/app fresh"); logins != 1 || mounts > 2 || reads != 32 {
		t.Errorf("%d logins, %d questions about mounts, %d reads", logins, mounts, reads)
	}
}

// The path of a secret is guessed while its mount is asked about; what was guessed
// wrongly changes nothing but the number of requests.
func TestGuess(t *testing.T) {
	mount := func(answer string) map[string]http.HandlerFunc {
		says := func(text string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
		}
		also := map[string]http.HandlerFunc{"x/app": says(`{"data":` + secret + `}`), "x/y/data/app": says(`{"data":{"data":` + secret + `,"metadata":{"version":3}}}`), "x/data/app": says(`{"data":{"token":"another"}}`)}
		for _, path := range []string{"x/app", "x/y/app", "auth/app"} {
			also["sys/internal/ui/mounts/"+path] = says(answer)
		}
		return also
	}
	kv1 := mount(`{"data":{"path":"x/","type":"kv","options":{"version":"1"}}}`)
	refused := mount(`{"data":{"path":"x/","type":"kv","options":null}}`)
	refused["x/data/app"] = func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "permission denied")
	}
	for _, c := range []struct {
		why, path, params string
		also              map[string]http.HandlerFunc
		asked             []string // besides the mount
		err               string
	}{
		{"right: nothing else is asked", "secret/app", "", nil, []string{"secret/data/app"}, ""},
		{"the path of the API is its own guess", "secret/data/app", "", nil, []string{"secret/data/app"}, ""},
		{"a KV engine of version 1, which has a secret where the guess was", "x/app", "", kv1, []string{"x/data/app", "x/app"}, ""},
		{"the guess is refused: so may it be in version 1, or another engine", "x/app", "", refused, []string{"x/data/app", "x/app"}, ""},
		{"the mount has two parts", "x/y/app", "", mount(`{"data":{"path":"x/y/","type":"kv","options":{"version":"2"}}}`), []string{"x/data/y/app", "x/y/data/app"}, ""},
		{"a version is asked of what has none: the guess does not count", "x/app", "version=2", kv1, []string{"x/data/app"}, "not a KV engine of version 2"},
		{"to wrap is to do something", "secret/app", "wrap_ttl=5m", nil, []string{"secret/data/app"}, ""},
		{"no KV engine can be there", "auth/app", "", mount(`{"data":{"path":"auth/","type":"token","options":null}}`), []string{"auth/app"}, "not found"},
		{"another path of the engine's API", "secret/metadata/app", "", nil, []string{"secret/metadata/app"}, "not found"},
	} {
		t.Run(c.why, func(t *testing.T) {
			f := newFake(t, maps.Clone(c.also))
			for path, answer := range c.also {
				if strings.HasPrefix(path, "sys/internal/ui/mounts/x/") {
					f.also[path] = func(w http.ResponseWriter, r *http.Request) {
						for f.count("GET x/data/") == 0 { // or the guess would be given up before it was sent
							time.Sleep(time.Millisecond)
						}
						answer(w, r)
					}
				}
			}
			src, err := vault.Kind().Open(t.Context(), env(t, map[string]string{"VAULT_ADDR": f.URL, "VAULT_TOKEN": "tok"}, nil))
			if err != nil {
				t.Fatal(err)
			}
			params, _ := url.ParseQuery(c.params)
			doc, err := src.Read(t.Context(), c.path, params)
			if (c.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if err == nil && c.params == "" && string(doc.Data) != secret {
				t.Errorf("got another secret")
			}
			var asked []string
			for _, line := range f.asked {
				if path := strings.Fields(line)[1]; !strings.HasPrefix(path, "sys/internal/") {
					asked = append(asked, path)
				}
			}
			if !slices.Equal(asked, c.asked) {
				t.Errorf("asked %q, want %q", asked, c.asked)
			}
		})
	}
}

// FAULTS 87, at login too: what passes is tried again, what does not is not.
func TestStatusAtLogin(t *testing.T) {
	for _, c := range []struct {
		code  int
		said  string
		times int
		kind  error
		text  string
	}{
		{412, "required index state not present", 3, nil, ""},
		{429, "request path is rate limited", 3, nil, ""},
		{500, "internal error " + fetchtest.Canary, 3, nil, ""},
		{503, "Vault is sealed", 3, nil, ""},
		{473, "", 3, nil, ""},
		{400, "invalid username or password", 1, fetch.ErrDenied, "user name or the password"},
		{400, fetchtest.Canary, 1, nil, "status 400"},
		{403, "permission denied", 1, fetch.ErrDenied, "permission denied"},
		{404, "", 1, nil, "no such auth method"},
	} {
		t.Run(fmt.Sprint(c.code), func(t *testing.T) {
			var n int
			login := func(w http.ResponseWriter, _ *http.Request) {
				if n++; n < 3 {
					refuse(w, c.code, c.said)
					return
				}
				fmt.Fprint(w, `{"auth":{"client_token":"fresh"}}`)
			}
			f := newFake(t, map[string]http.HandlerFunc{"auth/userpass/login/ann": login})
			r := fetch.NewResolver(env(t, map[string]string{"VAULT_ADDR": f.URL, "VAULT_USERNAME": "ann", "VAULT_PASSWORD": fetchtest.Canary}, nil), vault.Kind())
			defer r.Close()
			ref, err := fetch.ParseRef("vault://secret/data/app#token")
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.Resolve(t.Context(), []fetch.Request{{Name: "A", Ref: ref, Trusted: true}})
			fetchtest.NoCanary(t, err)
			if n != c.times || (c.text == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.text) || c.kind != nil && !errors.Is(err, c.kind) {
				t.Errorf("asked %d times, error %v", n, err)
			}
			if err != nil {
				fetchtest.StoreWide(t, err)
			}
		})
	}
}

func TestNamespaces(t *testing.T) {
	f := newFake(t, nil)
	src, err := vault.Kind().Open(t.Context(), env(t, map[string]string{"VAULT_ADDR": f.URL, "VAULT_TOKEN": "tok", "VAULT_NAMESPACE": "team"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	for params, want := range map[string]string{"": "GET secret/data/app team tok", "namespace=team/ml": "GET secret/data/app team/ml tok"} {
		query, _ := url.ParseQuery(params)
		if _, err := src.Read(t.Context(), "secret/data/app", query); err != nil || f.count(want) != 1 {
			t.Errorf("%s: asked %q, error %v", params, f.asked, err)
		}
	}
	if _, err := src.Read(t.Context(), "secret/data/app", url.Values{"namespace": {"../x"}}); !errors.Is(err, fetch.ErrDenied) {
		t.Error(err)
	}
}

// A configuration that a pull request can change does not say where credentials go:
// only a token made for that address goes there.
func TestUntrustedAddress(t *testing.T) {
	good := newFake(t, nil)
	jwt := func(w http.ResponseWriter, r *http.Request) {
		var body struct{ JWT string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		if body.JWT != "for http://"+r.Host {
			refuse(w, http.StatusBadRequest, "invalid audience (aud) claim")
			return
		}
		fmt.Fprint(w, `{"auth":{"client_token":"fresh"}}`)
	}
	theirs := newFake(t, map[string]http.HandlerFunc{"auth/jwt/login": jwt})
	identity := func(_ context.Context, audience string) (string, error) { return "for " + audience, nil }
	type m = map[string]any
	for _, c := range []struct {
		why     string
		vars    map[string]string
		config  m
		believe bool
		untrust bool // the reference
		params  string
		text    string // of the error; empty when it is read
	}{
		{"a token is not sent there", map[string]string{"VAULT_TOKEN": fetchtest.Canary}, m{"address": theirs.URL}, false, false, "", "a pull request can change"},
		{"nor a password", map[string]string{"VAULT_USERNAME": "ann", "VAULT_PASSWORD": fetchtest.Canary}, m{"address": theirs.URL, "auth": m{"method": "userpass"}}, false, false, "", "auth method userpass"},
		{"nor an identity token for someone else", nil, m{"address": theirs.URL, "auth": m{"role": "ci", "audience": good.URL}}, false, false, "", "another audience"},
		{"nor GitLab's", map[string]string{"VAULT_ID_TOKEN": fetchtest.Canary}, m{"address": theirs.URL, "auth": m{"role": "ci"}}, false, false, "", ""},
		{"an identity token for it is", nil, m{"address": theirs.URL, "auth": m{"role": "ci"}}, false, true, "", ""},
		{"the environment names the same address", map[string]string{"VAULT_ADDR": theirs.URL + "/", "VAULT_TOKEN": "tok"}, m{"address": theirs.URL}, false, true, "", ""},
		{"--trust-config", map[string]string{"VAULT_TOKEN": "tok"}, m{"address": theirs.URL}, true, true, "", ""},
		{"an address in an untrusted reference", map[string]string{"VAULT_ADDR": good.URL, "VAULT_TOKEN": fetchtest.Canary}, nil, false, true, "address=" + theirs.URL, "a pull request can change"},
		{"in a trusted one", map[string]string{"VAULT_ADDR": good.URL, "VAULT_TOKEN": "tok"}, nil, false, false, "address=" + theirs.URL, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			theirs.asked = nil
			e := env(t, c.vars, c.config)
			e.ConfigTrusted, e.Trusted, e.Identity = c.believe, !c.untrust, identity
			src, err := vault.Kind().Open(t.Context(), e)
			if err != nil {
				t.Fatal(err)
			}
			query, _ := url.ParseQuery(c.params)
			_, err = src.Read(t.Context(), "secret/data/app", query)
			if (c.text != "") != (err != nil) || err != nil && (!strings.Contains(err.Error(), c.text) || !errors.Is(err, fetch.ErrDenied)) {
				t.Errorf("error %v", err)
			}
			if asked := strings.Join(theirs.asked, "\n"); c.text != "" && asked != "" || strings.Contains(asked, fetchtest.Canary) {
				t.Error("something was sent")
			}
		})
	}
}

// An untrusted reference rules no server.
func TestUntrustedWrite(t *testing.T) {
	f := newFake(t, nil)
	e := env(t, map[string]string{"VAULT_ADDR": f.URL, "VAULT_TOKEN": "tok"}, nil)
	e.Trusted = false
	src, err := vault.Kind().Open(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"sys/policies/acl/x", "auth/token/create", "ns/identity/oidc/key/x", "secret/data/app", "unknown/x"} {
		if _, err := src.Read(t.Context(), path, url.Values{"method": {"post"}}); !errors.Is(err, fetch.ErrDenied) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if n := f.count("PUT"); n != 0 {
		t.Errorf("%d writes were sent", n)
	}
}

func TestSettings(t *testing.T) {
	type m = map[string]any
	for _, c := range []struct {
		why    string
		vars   map[string]string
		config m
		text   string
	}{
		{"a secret in the configuration", nil, m{"auth": m{"token": fetchtest.Canary}}, "secrets do not belong in maskrun.yaml"},
		{"a typing error", nil, m{"adress": "https://v"}, `unknown key "adress": did you mean "address"?`},
		{"every mistake", nil, m{"x": 1, "auth": m{"method": 3}}, "want a text"},
		{"no scheme", nil, m{"address": "vault.example.com"}, "no https:// address"},
		{"a password in the address", map[string]string{"VAULT_ADDR": "https://u:" + fetchtest.Canary + "@v"}, nil, "VAULT_ADDR: the address has more"},
		{"a file of authorities that is missing", map[string]string{"VAULT_CACERT": "/nonexistent"}, nil, "authority"},
		{"a file that leaves the directory", nil, m{"ca_cert": "../x"}, "authority"},
		{"half a client certificate", map[string]string{"VAULT_CLIENT_CERT": "/nonexistent"}, nil, "client certificate"},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := vault.Kind().Open(t.Context(), env(t, c.vars, c.config))
			fetchtest.NoCanary(t, err)
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v", err)
			}
		})
	}
	src, err := vault.Kind().Open(t.Context(), env(t, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Read(t.Context(), "secret/x", nil); err == nil || !strings.Contains(err.Error(), "set VAULT_ADDR") {
		t.Error(err)
	}
}

// FAULTS 88, 90: an answer that is none.
func TestNotVault(t *testing.T) {
	for why, c := range map[string]struct {
		handle http.HandlerFunc
		text   string
	}{
		"a page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>"+fetchtest.Canary) }, "not Vault's"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/"+fetchtest.Canary, http.StatusTemporaryRedirect)
		}, "redirects to"},
	} {
		t.Run(why, func(t *testing.T) {
			s := httptest.NewServer(c.handle)
			defer s.Close()
			src, err := vault.Kind().Open(t.Context(), env(t, map[string]string{"VAULT_ADDR": s.URL, "VAULT_TOKEN": "tok"}, nil))
			if err != nil {
				t.Fatal(err)
			}
			_, err = src.Read(t.Context(), "secret/data/app", nil)
			fetchtest.NoCanary(t, err)
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Error(err)
			}
		})
	}
}

// What has no answer (a token gives itself back) is not found, which optional
// forgives; an empty answer that should be one is not.
func TestNothingToSay(t *testing.T) {
	for _, c := range []struct {
		status int
		found  bool
	}{{http.StatusNoContent, false}, {http.StatusOK, true}} {
		f := newFake(t, map[string]http.HandlerFunc{
			"auth/token/revoke-self": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(c.status) },
		})
		src, err := vault.Kind().Open(t.Context(), env(t, map[string]string{"VAULT_ADDR": f.URL, "VAULT_TOKEN": "tok"}, nil))
		if err != nil {
			t.Fatal(err)
		}
		_, err = src.Read(t.Context(), "auth/token/revoke-self", url.Values{"method": {"post"}})
		if err == nil || errors.Is(err, fetch.ErrNotFound) == c.found {
			t.Errorf("%d: %v", c.status, err)
		}
	}
}
