package azure_test

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// A fakeAzure is a fake of a Key Vault and of the server that signs in to it (Entra), after their
// published REST references; there is no emulator of them to be had. Azure's own SDK
// is what speaks to it, over TLS, with the vault's challenge.
type fakeAzure struct {
	t   testing.TB
	url string
	ca  []byte

	mu      sync.Mutex
	secrets map[string]string // by name, or name/version
	errors  map[string]string // by name: status and code
	expires int64
	fault   func(w http.ResponseWriter, r *http.Request) bool
	calls   []string
}

const (
	jobToken     = "eyJhbGciOiJub25lIn0.am9iLXRva2Vu.c2lnbmF0dXJl"
	accessToken  = "eyJ0eXAiOiJKV1QifQ.YWNjZXNz.dG9rZW4tcTJ3NGU2"
	clientSecret = "client-secret-v8B6n4M2"
	leak         = "AADSTS700213: message repeats " + jobToken + " " + accessToken + " " + clientSecret
	tenant       = "11111111-2222-3333-4444-555555555555"
	clientID     = "66666666-7777-8888-9999-000000000000"
	cipherTag    = "\x01fake-kms:"
)

func newFake(t testing.TB) *fakeAzure {
	t.Helper()
	f := &fakeAzure{t: t, secrets: map[string]string{}, errors: map[string]string{}}
	srv := httptest.NewTLSServer(f)
	t.Cleanup(srv.Close)
	f.url, f.ca = srv.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
	fetchtest.CleanEnv(t, os.Environ(), "AZURE_", "IDENTITY_", "MSI_")
	t.Setenv("PATH", t.TempDir()) // no az
	t.Setenv("AZURE_AUTHORITY_HOST", srv.URL+"/")
	return f
}

// env is that of a job with an OIDC token, whose configuration names a client.
func (f *fakeAzure) env(more map[string]any) fetch.Env {
	config := fetchtest.Config(map[string]any{"endpoint": f.url, "tenant_id": tenant, "client_id": clientID}, more)
	env := fetch.Env{Getenv: os.Getenv, HTTP: fetchtest.Client(f.t, f.ca...), Warn: func(string) {}, Trusted: true, Config: config}
	return job(env, jobToken, nil)
}

func job(env fetch.Env, token string, err error) fetch.Env {
	return fetchtest.Job(env, "api://AzureADTokenExchange", token, err)
}

func (f *fakeAzure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, r.Method+" "+r.URL.Path)
	if f.fault != nil && f.fault(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		fmt.Fprintf(w, `{"token_endpoint":"%[1]s/%[2]s/oauth2/v2.0/token","authorization_endpoint":"%[1]s/%[2]s/oauth2/v2.0/authorize","issuer":"%[1]s/%[2]s/v2.0"}`, f.url, tenant)
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		f.signIn(w, r)
	case r.Header.Get("Authorization") != "Bearer "+accessToken:
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="%s/%s", resource="https://vault.azure.net"`, f.url, tenant))
		f.refuse(w, "401 Unauthorized")
	case parts[0] == "secrets":
		f.secret(w, strings.Join(parts[1:], "/"), parts[1])
	case parts[0] == "keys":
		f.decrypt(w, r, parts[1])
	default:
		http.NotFound(w, r)
	}
}

func (f *fakeAzure) signIn(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if r.Form.Get("client_assertion") != jobToken && r.Form.Get("client_secret") != clientSecret || r.Form.Get("client_id") != clientID {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q,"error_codes":[700213]}`, leak)
		return
	}
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":%q}`, accessToken)
}

// refuse answers with "STATUS CODE [INNER]".
func (f *fakeAzure) refuse(w http.ResponseWriter, what string) {
	var status int
	var code, inner string
	_, _ = fmt.Sscan(what, &status, &code, &inner)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": code, "message": leak, "innererror": map[string]any{"code": inner}}})
}

func (f *fakeAzure) secret(w http.ResponseWriter, id, name string) {
	value, ok := f.secrets[strings.TrimSuffix(id, "/")]
	switch {
	case f.errors[name] != "":
		f.refuse(w, f.errors[name])
	case !ok:
		f.refuse(w, "404 SecretNotFound")
	default:
		attributes := map[string]any{"enabled": true}
		if f.expires != 0 {
			attributes["exp"] = f.expires
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"value": value, "id": f.url + "/secrets/" + name + "/0123abcd", "attributes": attributes})
	}
}

func (f *fakeAzure) decrypt(w http.ResponseWriter, r *http.Request, name string) {
	var in struct{ Alg, Value string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	blob, _ := base64.RawURLEncoding.DecodeString(in.Value)
	plain, ok := strings.CutPrefix(string(blob), cipherTag+in.Alg+":")
	switch {
	case f.errors[name] != "":
		f.refuse(w, f.errors[name])
	case name != "key":
		f.refuse(w, "404 KeyNotFound")
	case !ok:
		f.refuse(w, "400 BadParameter")
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"kid": f.url + "/keys/key/1", "value": base64.RawURLEncoding.EncodeToString([]byte(plain))})
	}
}
