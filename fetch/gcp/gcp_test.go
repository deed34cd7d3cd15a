package gcp_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/gcp"
)

func job(env fetch.Env, token string, err error) fetch.Env {
	return fetchtest.Job(env, "https://iam.googleapis.com/"+provider, token, err)
}

func TestConformance(t *testing.T) {
	f := newFake(t)
	f.secrets["projects/proj/secrets/token/versions/latest"] = fetchtest.Canary
	f.states["projects/proj/secrets/denied/versions/latest"] = "PERMISSION_DENIED"
	root := fetchtest.Root(t, map[string][]byte{
		"token.enc": []byte(cipherTag + ":" + fetchtest.Canary), "other.enc": []byte("x"), "huge.enc": make([]byte, 70<<10),
	})
	for _, h := range []fetchtest.Harness{
		{Kind: gcp.SecretManager(), Env: f.env(nil), Path: "proj/token", Missing: "proj/absent", Denied: "proj/denied",
			Hostile: []string{"proj", "proj/a/b/c", "proj/a b", "proj/a?x", "-/a", "proj/to.ken", "proj/token/latest:destroy"}},
		{Kind: gcp.KMS(), Env: f.env(map[string]any{"key": key}), Path: "token.enc", Missing: "absent.enc", Oversize: "huge.enc", Hostile: []string{"other.enc"}},
	} {
		t.Run(h.Kind.Scheme, func(t *testing.T) {
			h.Want, h.Env.Root = []byte(fetchtest.Canary), root
			h.At = func(address string) fetch.Env {
				env := f.env(map[string]any{"endpoint": address, "sts_endpoint": address, "iam_endpoint": address, "key": h.Env.Config["key"]})
				env.Root = root
				return env
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
var credentials = []string{jobToken, stsToken, saToken, actToken, "BEGIN"}

// Every form a person writes.
func TestReferences(t *testing.T) {
	f := newFake(t)
	f.secrets = map[string]string{
		"projects/proj/secrets/a/versions/latest":                        `{"k":"current"}`,
		"projects/proj/secrets/a/versions/3":                             `{"k":"third"}`,
		"projects/proj/secrets/a/versions/prod":                          `{"k":"alias"}`,
		"projects/proj/locations/europe-west1/secrets/a/versions/latest": `{"k":"regional"}`,
		"projects/example.com:proj/secrets/a/versions/latest":            `{"k":"domain"}`,
	}
	r := fetch.NewResolver(fetch.Env{Getenv: os.Getenv, HTTP: f.env(nil).HTTP, Identity: f.env(nil).Identity,
		Config: map[string]any{"gcp-sm": f.env(nil).Config}}, gcp.SecretManager())
	defer r.Close()
	for _, c := range [][2]string{
		{"gcp-sm://proj/a#/k", "current"},
		{"gcp-sm://proj/a/3#/k", "third"},
		{"gcp-sm://proj/a?version=prod#/k", "alias"},
		{"gcp-sm://proj/a?location=europe-west1#/k", "regional"},
		{"gcp-sm://example.com:proj/a#/k", "domain"},
		{"ref+gcpsecrets://proj/a?version=3#/k", "third"},
		{"sm://proj/a#3", `{"k":"third"}`},
		{"projects/proj/secrets/a/versions/3#/k", "third"},
		{"projects/proj/locations/europe-west1/secrets/a/versions/latest#/k", "regional"},
	} {
		ref, err := fetch.ParseRef(c[0])
		if err != nil {
			t.Fatalf("%s: %v", c[0], err)
		}
		secrets, err := r.Resolve(t.Context(), []fetch.Request{{Name: "A", Ref: ref, Trusted: true}})
		if err != nil || string(secrets[0].Value.Reveal()) != c[1] {
			t.Errorf("%s: error %v", c[0], err)
		}
	}
	doc, err := open(t, gcp.SecretManager(), f.env(nil)).Read(t.Context(), "proj/a", nil)
	if err != nil || doc.Version != "7" {
		t.Errorf("version %q, error %v: latest has a number", doc.Version, err)
	}
}

func TestIdentity(t *testing.T) {
	f := newFake(t)
	f.secrets["projects/proj/secrets/a/versions/latest"] = "1"
	dir := t.TempDir()
	adc := filepath.Join(dir, "adc.json")
	if err := os.WriteFile(adc, f.keyFile(nil), 0o600); err != nil {
		t.Fatal(err)
	}
	paying := filepath.Join(dir, "paying.json")
	if err := os.WriteFile(paying, f.keyFile(func(m map[string]any) { m["quota_project_id"] = "payer" }), 0o600); err != nil {
		t.Fatal(err)
	}
	root := fetchtest.Root(t, map[string][]byte{"key.json": f.keyFile(nil)})
	no := map[string]any{"workload_identity_provider": nil}
	with := func(k, v string) map[string]any { return map[string]any{"workload_identity_provider": nil, k: v} }
	const read = "/v1/projects/proj/secrets/a/versions/latest:access "
	const act = "/v1/projects/-/serviceAccounts/" + email + ":generateAccessToken "
	for _, c := range []struct {
		why    string
		config map[string]any
		vars   map[string]string
		calls  string
	}{
		{"the job's token and a provider", nil, nil, "/v1/token , " + read + stsToken},
		{"GitLab's variables", no, map[string]string{"GCP_PROJECT_NUMBER": "123", "GCP_WORKLOAD_IDENTITY_FEDERATION_POOL_ID": "ci", "GCP_WORKLOAD_IDENTITY_FEDERATION_PROVIDER_ID": "github"},
			"/v1/token , " + read + stsToken},
		{"the provider as a whole address", map[string]any{"workload_identity_provider": "//iam.googleapis.com/" + provider}, nil, "/v1/token , " + read + stsToken},
		{"a service account with it", map[string]any{"service_account": email}, nil, "/v1/token , " + act + stsToken + ", " + read + actToken},
		{"Application Default Credentials", no, map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": adc}, "/token , " + read + saToken},
		{"a service account with them", with("service_account", email), map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": adc}, "/token , " + act + saToken + ", " + read + actToken},
		{"credentials that say which project pays, as gcloud writes them", no, map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": paying}, "/token , " + read + saToken + " paid by payer"},
		{"a project of the environment's pays", no, map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": paying, "GOOGLE_CLOUD_QUOTA_PROJECT": "other"}, "/token , " + read + saToken + " paid by other"},
		{"a service account pays for itself", with("service_account", email), map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": paying}, "/token , " + act + saToken + ", " + read + actToken},
		{"a key file of the configuration", with("credentials_file", "key.json"), nil, "/token , " + read + saToken},
	} {
		t.Run(c.why, func(t *testing.T) {
			for k, v := range c.vars {
				t.Setenv(k, v)
			}
			f.calls = nil
			env := f.env(c.config)
			env.Root = root
			src := open(t, gcp.SecretManager(), env)
			for range 2 { // the second needs no token any more
				if doc, err := src.Read(t.Context(), "proj/a", nil); err != nil || string(doc.Data) != "1" {
					t.Fatalf("%q, error %v", doc.Data, err)
				}
			}
			last := c.calls[strings.LastIndex(c.calls, read):]
			if got := strings.Join(f.calls, ", "); got != c.calls+", "+last {
				t.Errorf("calls: %s", got)
			}
		})
	}
}

func TestIdentityFailures(t *testing.T) {
	f := newFake(t)
	f.secrets["projects/proj/secrets/a/versions/latest"] = "1"
	fail := func(path string, code int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, path) {
				return false
			}
			w.WriteHeader(code)
			fmt.Fprint(w, fakeLeak)
			return true
		}
	}
	for _, c := range []struct {
		why   string
		env   fetch.Env
		fault func(http.ResponseWriter, *http.Request) bool
		kind  error
		text  string
	}{
		{"a tampered token", job(f.env(nil), jobToken+"x", nil), nil, fetch.ErrDenied, "does not accept the credentials or the job's OIDC token (status 400)"},
		{"no token", job(f.env(nil), "", errors.New("give the job permissions: id-token: write")), nil, nil, "the job's OIDC token: give the job"},
		{"the issuer is down", job(f.env(nil), "", fmt.Errorf("status 503: %w", fetch.ErrUnavailable)), nil, fetch.ErrUnavailable, "status 503"},
		{"the exchange is down", f.env(nil), fail("/v1/token", 503), fetch.ErrUnavailable, "sign in to Google: status 503"},
		{"the exchange gives no token", f.env(nil), fail("/v1/token", 200), nil, "cannot be used"},
		{"the service account may not be acted as", f.env(map[string]any{"service_account": email}), fail(":generateAccessToken", 403), fetch.ErrDenied, "act as " + email + " (it needs roles/iam."},
	} {
		f.fault = c.fault
		_, err := open(t, gcp.SecretManager(), c.env).Read(t.Context(), "proj/a", nil)
		t.Run(c.why, func(t *testing.T) { wantError(t, err, c.kind, c.text); fetchtest.StoreWide(t, err) })
	}
}

// What a pull request's configuration must not do, and typing errors.
func TestConfiguration(t *testing.T) {
	f := newFake(t)
	root := fetchtest.Root(t, map[string][]byte{
		"evil.json":   f.keyFile(func(m map[string]any) { m["type"] = "external_account"; m["token_url"] = "https://evil.example" }),
		"broken.json": f.keyFile(func(m map[string]any) { m["private_key"] = fetchtest.Canary }),
		"text":        []byte(fetchtest.Canary),
		"key.json":    f.keyFile(nil),
	})
	untrusted := map[string]any{"endpoint": nil, "sts_endpoint": nil, "iam_endpoint": nil, "workload_identity_provider": nil}
	for _, c := range []struct{ why, key, value, text string }{
		{"a typing error", "projct", "x", `unknown key "projct"`},
		{"a server", "endpoint", "https://evil.example", "--trust-config"},
		{"a server for tokens", "sts_endpoint", "https://evil.example", "--trust-config"},
		{"a provider that is a path", "workload_identity_provider", "../x", "want projects/NUMBER"},
		{"an account that is a path", "service_account", "../x", "want an e-mail address"},
		{"a location that is a host", "location", "x.evil.example/", "want a region"},
		{"credentials that name a server", "credentials_file", "evil.json", "only a service account's key"},
		{"credentials outside", "credentials_file", "/etc/passwd", "outside"},
		{"no credentials", "credentials_file", "text", "not a file of credentials"},
	} {
		env := f.env(untrusted)
		env.Trusted, env.Root, env.Config[c.key] = false, root, c.value
		_, err := gcp.SecretManager().Open(t.Context(), env)
		wantError(t, err, nil, c.text)
	}
	env := f.env(map[string]any{"workload_identity_provider": nil, "credentials_file": "broken.json"})
	env.Root = root
	src, err := gcp.SecretManager().Open(t.Context(), env)
	if err == nil {
		_, err = src.Read(t.Context(), "proj/a", nil)
	}
	wantError(t, err, nil, "credentials")
}

// FAULTS 87, 88, 90
func TestFaults(t *testing.T) {
	f := newFake(t)
	f.secrets["projects/proj/secrets/a/versions/latest"] = fetchtest.Canary
	say := func(code int, text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v1/token" {
				return false
			}
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			fmt.Fprint(w, text)
			return true
		}
	}
	cut := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v1/token" {
			return false
		}
		w.Header().Set("Content-Length", "10000")
		fmt.Fprint(w, `{"payload":{"data":"`+base64.StdEncoding.EncodeToString([]byte(fetchtest.Canary)))
		return true
	}
	redirect := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v1/token" {
			return false
		}
		http.Redirect(w, r, "/elsewhere/"+fetchtest.Canary, http.StatusFound)
		return true
	}
	page := "<html>" + fetchtest.Canary + fakeLeak
	for _, c := range []struct {
		why   string
		fault func(http.ResponseWriter, *http.Request) bool
		state string
		sum   string
		kind  error
		text  string
	}{
		{"no permission", nil, "PERMISSION_DENIED", "", fetch.ErrDenied, "the identity lacks secretmanager.versions.access (roles/secretmanager.secretAccessor) on projects/proj/secrets/a"},
		{"the API is off", nil, "PERMISSION_DENIED SERVICE_DISABLED", "", fetch.ErrDenied, "has not enabled the API"},
		{"disabled or destroyed", nil, "FAILED_PRECONDITION", "", fetch.ErrDenied, "disabled or destroyed"},
		{"not there", nil, "NOT_FOUND", "", fetch.ErrNotFound, "no such secret"},
		{"quota", nil, "RESOURCE_EXHAUSTED", "", fetch.ErrUnavailable, "busy"},
		{"down", nil, "UNAVAILABLE", "", fetch.ErrUnavailable, "cannot answer now"},
		{"a bad request", nil, "INVALID_ARGUMENT", "", nil, "does not take the reference"},
		{"a sum that is another's", nil, "", "12345", fetch.ErrUnavailable, "CRC32C"},
		{"a sum that is none", nil, "", "x", fetch.ErrUnavailable, "CRC32C"},
		{"a page for 404 is another server's", say(404, page), "", "", nil, "is this the address of the store?"},
		{"a page for 403", say(403, page), "", "", fetch.ErrDenied, "status 403"},
		{"a page for 503", say(503, page), "", "", fetch.ErrUnavailable, "status 503"},
		{"429 with a page", say(429, page), "", "", fetch.ErrUnavailable, "status 429"},
		{"a login page with 200", say(200, page), "", "", nil, "is this the address of the store?"},
		{"another answer", say(200, "{}"), "", "", nil, "is this the address of the store?"},
		{"an endless body", say(200, `{"payload":"`+strings.Repeat("x", 2<<20)), "", "", nil, "too large"},
		{"a body cut off", cut, "", "", fetch.ErrUnavailable, "broke off"},
		{"a redirect", redirect, "", "", fetch.ErrDenied, "redirects"},
	} {
		f.fault, f.sum = c.fault, c.sum
		f.states["projects/proj/secrets/a/versions/latest"] = c.state
		doc, err := open(t, gcp.SecretManager(), f.env(nil)).Read(t.Context(), "proj/a", nil)
		t.Run(c.why, func(t *testing.T) {
			wantError(t, err, c.kind, c.text)
			if doc.Data != nil {
				t.Error("a document and an error")
			}
		})
	}
	for _, call := range f.calls {
		if strings.Contains(call, "elsewhere") {
			t.Errorf("the redirect was followed: %s", call)
		}
	}
	f.fault, f.sum = say(503, page), ""
	_, err := open(t, gcp.SecretManager(), f.env(nil)).Read(t.Context(), "proj/a", nil)
	var later fetch.RetryAfterError
	if !errors.As(err, &later) || later.RetryAfter() != 7*time.Second {
		t.Errorf("Retry-After is lost: %v", err)
	}
}

func TestKMS(t *testing.T) {
	f := newFake(t)
	sealed := []byte(cipherTag + "app:" + `{"a":"one"}`)
	root := fetchtest.Root(t, map[string][]byte{
		"a.json.enc": sealed, "b64": []byte(base64.StdEncoding.EncodeToString(sealed) + "\n"), "empty": nil, "tag": bytes.Repeat([]byte("x"), 10),
	})
	for _, c := range []struct {
		why, path string
		params    url.Values
		state     string
		sum       string
		want      string
		kind      error
		text      string
	}{
		{why: "with its additional data", path: "a.json.enc", params: url.Values{"aad": {"app"}}, want: `{"a":"one"}`},
		{why: "base64", path: "b64", params: url.Values{"aad": {"app"}}, want: `{"a":"one"}`},
		{why: "without its additional data", path: "a.json.enc", text: "?aad="},
		{why: "another key is not a missing secret", path: "a.json.enc", params: url.Values{"key": {key + "2"}}, kind: fetch.ErrDenied, text: "no such key"},
		{why: "a key that is a path", path: "a.json.enc", params: url.Values{"key": {"projects/../x"}}, text: "no key: want"},
		{why: "denied", path: "a.json.enc", state: "PERMISSION_DENIED", kind: fetch.ErrDenied, text: "cloudkms.cryptoKeyVersions.useToDecrypt"},
		{why: "a disabled version", path: "a.json.enc", state: "FAILED_PRECONDITION", kind: fetch.ErrDenied, text: "disabled"},
		{why: "damaged", path: "a.json.enc", params: url.Values{"aad": {"app"}}, sum: "1", kind: fetch.ErrUnavailable, text: "CRC32C"},
		{why: "an empty file", path: "empty", kind: fetch.ErrDenied, text: "is empty"},
	} {
		f.sum, f.states[key] = c.sum, c.state
		env := f.env(map[string]any{"key": key})
		env.Root = root
		doc, err := open(t, gcp.KMS(), env).Read(t.Context(), c.path, c.params)
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
	f.Add(403, "PERMISSION_DENIED", "", true)
	f.Add(400, "\xff", "SERVICE_DISABLED", false)
	f.Add(200, `{"payload":`, "x", false)
	f.Add(302, "x", "y", true)
	fake := newFake(f)
	src := open(f, gcp.SecretManager(), fake.env(map[string]any{"service_account": email}))
	f.Fuzz(func(t *testing.T, code int, status, reason string, atSecret bool) {
		if code < 200 || code > 599 {
			code = 200 + (code&0x7fffffff)%400
		}
		fake.fault = func(w http.ResponseWriter, r *http.Request) bool {
			if atSecret && !strings.HasSuffix(r.URL.Path, ":access") {
				return false
			}
			w.Header().Set("Location", "/"+fetchtest.Canary)
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"name":%q,"error":{"status":%q,"message":%q,"details":[{"reason":%q}]}} %v %v`, fetchtest.Canary, status, fakeLeak, reason, r.Header, r.Form)
			return true
		}
		_, err := src.Read(t.Context(), "proj/a", nil)
		if err == nil {
			t.Fatal("no error")
		}
		fetchtest.ShowsNothing(t, err, credentials...)
	})
}
