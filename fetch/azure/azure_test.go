package azure_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/azure"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/internal/httpx"
)

func TestConformance(t *testing.T) {
	f := newFake(t)
	f.secrets["token"] = fetchtest.Canary
	f.errors["denied"] = "403 Forbidden AccessDenied"
	root := fetchtest.Root(t, map[string][]byte{
		"token.enc": []byte(cipherTag + "RSA-OAEP-256:" + fetchtest.Canary), "other.enc": []byte("x"), "huge.enc": make([]byte, 2000),
	})
	for _, h := range []fetchtest.Harness{
		{Kind: azure.KeyVault(), Env: f.env(nil), Path: "vault/token", Missing: "vault/absent", Denied: "vault/denied",
			Hostile: []string{"vault", "evil.example/token", "vault.vault.azure.net.evil.example/token", "vault/to ken", "vault/a/b/c", "va@ult/token", "vault/token/../x"}},
		{Kind: azure.KMS(), Env: f.env(map[string]any{"key": "vault/key"}), Path: "token.enc", Missing: "absent.enc", Oversize: "huge.enc", Hostile: []string{"other.enc"}},
	} {
		t.Run(h.Kind.Scheme, func(t *testing.T) {
			h.Want, h.Env.Root = []byte(fetchtest.Canary), root
			h.At = func(address string) fetch.Env {
				address = fetchtest.Front(t, address)
				t.Setenv("AZURE_AUTHORITY_HOST", address+"/")
				env := f.env(map[string]any{"endpoint": address, "key": h.Env.Config["key"]})
				env.Root = root
				return job(env, fetchtest.Canary, nil)
			}
			fetchtest.Run(t, h)
		})
	}
}

func open(t testing.TB, kind fetch.Kind, env fetch.Env) fetch.Source {
	t.Helper()
	return fetchtest.Open(t, kind, env)
}

func wantError(t *testing.T, err, kind error, text string) {
	t.Helper()
	fetchtest.WantError(t, err, kind, text, credentials...)
}

// credentials are what no error may show.
var credentials = []string{jobToken, accessToken, clientSecret}

// Every form a person writes.
func TestReferences(t *testing.T) {
	f := newFake(t)
	f.secrets = map[string]string{"db-password": `{"k":"current"}`, "db-password/ab12": `{"k":"old"}`}
	env := f.env(nil)
	env.Config = map[string]any{"azure-kv": env.Config}
	r := fetch.NewResolver(env, azure.KeyVault())
	defer r.Close()
	for _, c := range [][2]string{
		{"azure-kv://vault/db-password#/k", "current"},
		{"azure-kv://vault/DB_PASSWORD#/k", ""}, // Key Vault does not mind the case, the fake does
		{"azure-kv://vault/db_password#/k", "current"},
		{"azure-kv://vault/db-password/ab12#/k", "old"},
		{"azure-kv://vault/db-password?version=ab12#/k", "old"},
		{"ref+azurekeyvault://vault/db-password#/k", "current"},
		{"https://vault.vault.azure.net/secrets/db-password#/k", "current"},
		{"https://vault.vault.azure.cn/secrets/db-password/ab12#/k", "old"},
		{"azure-kv://vault.vault.usgovcloudapi.net/db-password#/k", "current"},
	} {
		ref, err := fetch.ParseRef(c[0])
		if err != nil {
			t.Fatalf("%s: %v", c[0], err)
		}
		secrets, err := r.Resolve(t.Context(), []fetch.Request{{Name: "A", Ref: ref, Trusted: true}})
		if c[1] == "" && errors.Is(err, fetch.ErrNotFound) {
			continue
		}
		if err != nil || string(secrets[0].Value.Reveal()) != c[1] || secrets[0].Version != "0123abcd" {
			t.Errorf("%s: error %v", c[0], err)
		}
	}
}

// A secret past its end is handed out by Key Vault, and by us with a warning.
func TestExpired(t *testing.T) {
	f := newFake(t)
	f.secrets["a"], f.expires = "1", time.Date(2020, 2, 3, 0, 0, 0, 0, time.UTC).Unix()
	env := f.env(nil)
	var warned []string
	env.Warn = func(msg string) { warned = append(warned, msg) }
	doc, err := open(t, azure.KeyVault(), env).Read(t.Context(), "vault/a", nil)
	if err != nil || doc.Expires.Year() != 2020 || len(warned) != 1 || warned[0] != "azure-kv://vault/a: the secret expired on 2020-02-03" {
		t.Errorf("%v, %q, error %v", doc.Expires, warned, err)
	}
}

func TestIdentity(t *testing.T) {
	f := newFake(t)
	f.secrets["a"] = "1"
	for _, c := range []struct {
		why    string
		config map[string]any
		vars   map[string]string
		job    bool
	}{
		{"the job's token", nil, nil, true},
		{"the client of the environment", map[string]any{"tenant_id": nil, "client_id": nil}, map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": clientID}, true},
		{"a secret of the environment", map[string]any{"tenant_id": nil, "client_id": nil}, map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": clientID, "AZURE_CLIENT_SECRET": clientSecret}, false},
		{"a secret of the environment, by choice", map[string]any{"identity": "environment"}, map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": clientID, "AZURE_CLIENT_SECRET": clientSecret}, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			for k, v := range c.vars {
				t.Setenv(k, v)
			}
			env := f.env(c.config)
			asked := false
			inner := env.Identity
			env.Identity = func(ctx context.Context, audience string) (string, error) {
				asked = true
				return inner(ctx, audience)
			}
			f.calls = nil
			src := open(t, azure.KeyVault(), env)
			for range 3 {
				if doc, err := src.Read(t.Context(), "vault/a", nil); err != nil || string(doc.Data) != "1" {
					t.Fatalf("%q, error %v", doc.Data, err)
				}
			}
			tokens := 0
			for _, call := range f.calls {
				if strings.HasSuffix(call, "/oauth2/v2.0/token") {
					tokens++
				}
			}
			if tokens != 1 || asked != c.job {
				t.Errorf("%d tokens, the job's asked for: %t", tokens, asked)
			}
		})
	}
}

// Managed identity, at the address that App Service and the like name. FAULTS 93
func TestManagedIdentity(t *testing.T) {
	f := newFake(t)
	f.secrets["a"] = "1"
	f.fault = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/msi" {
			return false
		}
		if r.Header.Get("X-IDENTITY-HEADER") != "proof" {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":%q,"expires_on":"%d","resource":"https://vault.azure.net","token_type":"Bearer"}`, accessToken, time.Now().Add(time.Hour).Unix())
		return true
	}
	t.Setenv("IDENTITY_ENDPOINT", f.url+"/msi")
	t.Setenv("IDENTITY_HEADER", "proof")
	env := f.env(map[string]any{"identity": "managed", "client_id": nil})
	if doc, err := open(t, azure.KeyVault(), env).Read(t.Context(), "vault/a", nil); err != nil || string(doc.Data) != "1" {
		t.Errorf("%q, error %v, calls %v", doc.Data, err, f.calls)
	}
}

func TestIdentityFailures(t *testing.T) {
	f := newFake(t)
	f.secrets["a"] = "1"
	down := func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token") {
			return false
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, leak)
		return true
	}
	for _, c := range []struct {
		why   string
		env   fetch.Env
		fault func(http.ResponseWriter, *http.Request) bool
		kind  error
		text  string
	}{
		{"a tampered token", job(f.env(nil), jobToken+"x", nil), nil, fetch.ErrDenied, "does not accept the credentials or the job's OIDC token (AADSTS700213)"},
		{"no token", job(f.env(nil), "", errors.New("give the job permissions: id-token: write")), nil, nil, "the job's OIDC token: give the job"},
		{"the issuer is down", job(f.env(nil), "", fmt.Errorf("status 503: %w", fetch.ErrUnavailable)), nil, fetch.ErrUnavailable, "status 503"},
		{"Entra is down", f.env(nil), down, fetch.ErrUnavailable, "sign in to Azure"},
		{"the job's token is wanted, and there is none", func() fetch.Env { e := f.env(map[string]any{"identity": "job"}); e.Identity = nil; return e }(), nil, fetch.ErrDenied, "the job has none"},
		{"no credentials at all", f.env(map[string]any{"identity": "environment"}), nil, fetch.ErrDenied, "cannot be set up"},
	} {
		f.fault = c.fault
		src, err := azure.KeyVault().Open(t.Context(), c.env)
		if err == nil {
			_, err = src.Read(t.Context(), "vault/a", nil)
			fetchtest.StoreWide(t, err)
		}
		t.Run(c.why, func(t *testing.T) { wantError(t, err, c.kind, c.text) })
	}
}

// What a pull request's configuration must not do, and typing errors.
func TestConfiguration(t *testing.T) {
	f := newFake(t)
	for _, c := range []struct{ why, key, value, text string }{
		{"a typing error", "tenent", "x", `unknown key "tenent": known are audience, client_id, cloud, `},
		{"a server", "endpoint", "https://evil.example", "--trust-config"},
		{"a tenant that is a path", "tenant_id", "../x", "want an id"},
		{"a cloud that there is not", "cloud", "evil.example", "want public, china"},
		{"an identity that there is not", "identity", "mine", "want job, managed"},
	} {
		env := f.env(map[string]any{"endpoint": nil, c.key: c.value})
		env.Trusted = false
		_, err := azure.KeyVault().Open(t.Context(), env)
		wantError(t, err, nil, c.text)
	}
}

// Without an endpoint of our own the SDK sends the token to the domains of Azure only, and to the cloud's.
func TestClouds(t *testing.T) {
	f := newFake(t)
	for _, c := range []struct{ cloud, path, host string }{
		{"", "no-such-vault-of-maskrun/a", "no-such-vault-of-maskrun.vault.azure.net"},
		{"china", "no-such-vault-of-maskrun/a", "no-such-vault-of-maskrun.vault.azure.cn"},
		{"usgovernment", "no-such-vault-of-maskrun/a", "no-such-vault-of-maskrun.vault.usgovcloudapi.net"},
		{"", "no-such-vault-of-maskrun.vault.azure.cn/a", "no-such-vault-of-maskrun.vault.azure.cn"},
	} {
		var asked string
		env := f.env(map[string]any{"endpoint": nil, "cloud": c.cloud})
		proxied, err := httpx.New(&httpx.Options{Getenv: func(name string) string {
			if name == "HTTPS_PROXY" {
				return f.url
			}
			return ""
		}, CA: f.ca})
		if err != nil {
			t.Fatal(err)
		}
		env.HTTP = proxied
		f.fault = func(w http.ResponseWriter, r *http.Request) bool { // a proxy sees the host, and lets nobody through
			asked = r.Host
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		_, err = open(t, azure.KeyVault(), env).Read(t.Context(), c.path, nil)
		if asked != c.host+":443" || err == nil {
			t.Errorf("cloud %q, %s: asked for %q, error %v", c.cloud, c.path, asked, err)
		}
	}
}

// FAULTS 87, 88, 90
func TestFaults(t *testing.T) {
	f := newFake(t)
	f.secrets["a"] = fetchtest.Canary
	say := func(code int, text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/secrets") || r.Header.Get("Authorization") == "" {
				return false
			}
			switch code {
			case http.StatusFound:
				w.Header().Set("Location", "/elsewhere/"+fetchtest.Canary)
			case -1:
				w.Header().Set("Content-Length", "10000")
				code = 200
				defer func() { code = -1 }()
			}
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(code)
			fmt.Fprint(w, text)
			return true
		}
	}
	page := "<html>" + fetchtest.Canary + leak
	for _, c := range []struct {
		why   string
		fault func(http.ResponseWriter, *http.Request) bool
		code  string
		kind  error
		text  string
	}{
		{"no permission", nil, "403 Forbidden AccessDenied", fetch.ErrDenied, "the identity lacks secrets/get (role Key Vault Secrets User) on vault/a"},
		{"disabled", nil, "403 Forbidden SecretDisabled", fetch.ErrDenied, "disabled, expired or not valid yet"},
		{"the firewall", nil, "403 Forbidden ForbiddenByFirewall", fetch.ErrDenied, "firewall"},
		{"not there", nil, "404 SecretNotFound", fetch.ErrNotFound, "no such secret"},
		{"busy", nil, "429 Throttled", fetch.ErrUnavailable, "status 429"},
		{"down", nil, "503 ServiceUnavailable", fetch.ErrUnavailable, "status 503"},
		{"a bad request", nil, "400 BadParameter", nil, "does not take the reference"},
		{"a page for 404 is another server's", say(404, page), "", nil, "is this the address of the store?"},
		{"a page for 500", say(500, page), "", fetch.ErrUnavailable, "status 500"},
		{"a login page with 200", say(200, page), "", nil, "is this the address of the store?"},
		{"another answer", say(200, "{}"), "", nil, "is this the address of the store?"},
		{"an endless body", say(200, `{"value":"`+strings.Repeat("x", 2<<20)), "", nil, "too large"},
		{"a body cut off", say(-1, `{"value":"`+fetchtest.Canary), "", fetch.ErrUnavailable, "broke off"},
		{"a redirect", say(302, ""), "", fetch.ErrDenied, "redirects"},
	} {
		f.fault, f.calls = c.fault, nil
		f.errors["a"] = c.code
		doc, err := open(t, azure.KeyVault(), f.env(nil)).Read(t.Context(), "vault/a", nil)
		t.Run(c.why, func(t *testing.T) {
			wantError(t, err, c.kind, c.text)
			if doc.Data != nil {
				t.Error("a document and an error")
			}
			reads := 0
			for _, call := range f.calls {
				if strings.HasPrefix(call, "GET /secrets") {
					reads++
				}
				if strings.Contains(call, "elsewhere") {
					t.Errorf("the redirect was followed: %s", call)
				}
			}
			if reads != 2 { // the challenge, and the request
				t.Errorf("the SDK asked %d times", reads)
			}
		})
	}
	f.fault = say(503, page)
	_, err := open(t, azure.KeyVault(), f.env(nil)).Read(t.Context(), "vault/a", nil)
	var later fetch.RetryAfterError
	if !errors.As(err, &later) || later.RetryAfter() != 7*time.Second {
		t.Errorf("Retry-After is lost: %v", err)
	}
}

// An unknown authority, and http instead of https. FAULTS 89
func TestTLS(t *testing.T) {
	f := newFake(t)
	env := f.env(nil)
	env.HTTP, _ = httpx.New(nil)
	_, err := open(t, azure.KeyVault(), env).Read(t.Context(), "vault/a", nil)
	wantError(t, err, fetch.ErrDenied, "unknown authority")
	env = f.env(map[string]any{"endpoint": "http://127.0.0.1:1"})
	_, err = open(t, azure.KeyVault(), env).Read(t.Context(), "vault/a", nil)
	wantError(t, err, nil, "")
	for _, call := range f.calls {
		if strings.HasPrefix(call, "GET /secrets") {
			t.Errorf("asked: %s", call)
		}
	}
}

func TestKMS(t *testing.T) {
	f := newFake(t)
	sealed := []byte(cipherTag + "RSA-OAEP-256:" + `{"a":"one"}`)
	old := []byte(cipherTag + "RSA-OAEP:" + "two")
	root := fetchtest.Root(t, map[string][]byte{
		"a.json.enc": sealed, "std.b64": []byte(base64.StdEncoding.EncodeToString(sealed) + "\n"),
		"url.b64": []byte(base64.RawURLEncoding.EncodeToString(sealed)), "old.enc": old, "empty": nil,
	})
	for _, c := range []struct {
		why, path string
		params    url.Values
		code      string
		want      string
		kind      error
		text      string
	}{
		{why: "bytes", path: "a.json.enc", want: `{"a":"one"}`},
		{why: "base64", path: "std.b64", want: `{"a":"one"}`},
		{why: "base64 of az", path: "url.b64", want: `{"a":"one"}`},
		{why: "another algorithm, the key as an address", path: "old.enc", params: url.Values{"alg": {"RSA-OAEP"}, "key": {"https://vault.vault.azure.net/keys/key/1a"}}, want: "two"},
		{why: "the wrong algorithm", path: "old.enc", text: "?alg="},
		{why: "an algorithm that there is not", path: "old.enc", params: url.Values{"alg": {"none"}}, text: "alg: want"},
		{why: "no such key is not a missing secret", path: "a.json.enc", params: url.Values{"key": {"vault/other"}}, kind: fetch.ErrDenied, text: "no such key"},
		{why: "a key elsewhere", path: "a.json.enc", params: url.Values{"key": {"https://evil.example/keys/key"}}, text: "of a vault in a domain of Azure"},
		{why: "denied", path: "a.json.enc", code: "403 Forbidden", kind: fetch.ErrDenied, text: "keys/decrypt"},
		{why: "disabled", path: "a.json.enc", code: "403 Forbidden KeyDisabled", kind: fetch.ErrDenied, text: "disabled"},
		{why: "an empty file", path: "empty", kind: fetch.ErrDenied, text: "is empty"},
	} {
		f.errors["key"] = c.code
		env := f.env(map[string]any{"key": "vault/key"})
		env.Root = root
		doc, err := open(t, azure.KMS(), env).Read(t.Context(), c.path, c.params)
		t.Run(c.why, func(t *testing.T) {
			if c.want != "" {
				if err != nil || string(doc.Data) != c.want {
					t.Errorf("%q, error %v", doc.Data, err)
				}
				return
			}
			wantError(t, err, c.kind, c.text)
		})
	}
}

// What a hostile server sends for an error shows nowhere, and neither does what it was sent.
func FuzzFailures(f *testing.F) {
	f.Add(403, "Forbidden", "SecretDisabled", true)
	f.Add(400, "\xff", "AADSTS70021", false)
	f.Add(200, `{"value":`, "x", true)
	f.Add(302, "x", "y", true)
	fake := newFake(f)
	src := open(f, azure.KeyVault(), fake.env(nil))
	if os.Getenv("AZURE_AUTHORITY_HOST") == "" {
		f.Fatal("the fake is not asked")
	}
	f.Fuzz(func(t *testing.T, code int, status, inner string, atSecret bool) {
		if code < 200 || code > 599 {
			code = 200 + (code&0x7fffffff)%400
		}
		fake.fault = func(w http.ResponseWriter, r *http.Request) bool {
			if atSecret && (!strings.HasPrefix(r.URL.Path, "/secrets") || r.Header.Get("Authorization") == "") {
				return false
			}
			_ = r.ParseForm()
			w.Header().Set("Location", "/"+fetchtest.Canary)
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"id":%q,"error":{"code":%q,"message":%q,"innererror":{"code":%q}}} %v %v`, fetchtest.Canary, status, leak, inner, r.Header, r.Form)
			return true
		}
		_, err := src.Read(t.Context(), "vault/a", nil)
		if err == nil {
			t.Fatal("no error")
		}
		fetchtest.ShowsNothing(t, err, credentials...)
	})
}
