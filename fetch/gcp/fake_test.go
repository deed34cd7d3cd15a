package gcp_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// A fakeGoogle is a fake of Secret Manager, Cloud KMS, the Security Token Service, IAM
// Credentials and the OAuth token endpoint, after their published REST references; there
// is no emulator of them to be had. Google's own library is what signs in to it.
type fakeGoogle struct {
	t   testing.TB
	url string

	mu      sync.Mutex
	secrets map[string]string // by resource
	states  map[string]string // by resource: the status it is refused with
	sum     string            // instead of the right one
	fault   func(w http.ResponseWriter, r *http.Request) bool
	calls   []string // path and who called
}

const (
	jobToken  = "eyJhbGciOiJub25lIn0.am9iLXRva2Vu.c2lnbmF0dXJl"
	stsToken  = "ya29.sts-token-k4J6h8G2"
	saToken   = "ya29.account-token-w1E3r5T7"
	actToken  = "ya29.acting-token-z9X7c5V3"
	provider  = "projects/123/locations/global/workloadIdentityPools/ci/providers/github"
	email     = "ci@proj.iam.gserviceaccount.com"
	key       = "projects/proj/locations/europe-west1/keyRings/ring/cryptoKeys/key"
	fakeLeak  = "message repeats " + jobToken + " " + stsToken + " " + saToken + " " + actToken
	cipherTag = "\x0afake-kms:"
)

func newFake(t testing.TB) *fakeGoogle {
	t.Helper()
	f := &fakeGoogle{t: t, secrets: map[string]string{}, states: map[string]string{}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	fetchtest.CleanEnv(t, os.Environ(), "GOOGLE_", "CLOUDSDK_", "GCP_", "GCE_")
	return f
}

// env is that of a job with an OIDC token, whose configuration names a provider.
func (f *fakeGoogle) env(more map[string]any) fetch.Env {
	config := fetchtest.Config(map[string]any{"endpoint": f.url, "sts_endpoint": f.url, "iam_endpoint": f.url, "workload_identity_provider": provider}, more)
	env := fetch.Env{Getenv: os.Getenv, HTTP: fetchtest.Client(f.t), Warn: func(string) {}, Trusted: true, Config: config}
	return job(env, jobToken, nil)
}

// keyFile makes the key of a service account whose tokens the fake gives out.
func (f *fakeGoogle) keyFile(change func(map[string]any)) []byte {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		f.t.Fatal(err)
	}
	file := map[string]any{"type": "service_account", "client_email": email, "private_key_id": "1", "token_uri": f.url + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
	if change != nil {
		change(file)
	}
	b, err := json.Marshal(file)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

func (f *fakeGoogle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	who := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	call := r.URL.EscapedPath() + " " + who
	if payer := r.Header.Get("X-Goog-User-Project"); payer != "" {
		call += " paid by " + payer
	}
	f.calls = append(f.calls, call)
	if f.fault != nil && f.fault(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch path := r.URL.EscapedPath(); {
	case path == "/v1/token":
		f.exchange(w, r)
	case path == "/token":
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, saToken)
	case strings.HasSuffix(path, ":generateAccessToken") && who != stsToken && who != saToken:
		refuse(w, "PERMISSION_DENIED", "")
	case strings.HasSuffix(path, ":generateAccessToken"):
		fmt.Fprintf(w, `{"accessToken":%q,"expireTime":"2099-01-01T00:00:00Z"}`, actToken)
	case who != stsToken && who != saToken && who != actToken:
		refuse(w, "UNAUTHENTICATED", "")
	case strings.HasSuffix(path, ":access"):
		f.access(w, strings.TrimSuffix(strings.TrimPrefix(path, "/v1/"), ":access"))
	case strings.HasSuffix(path, ":decrypt"):
		f.decrypt(w, r, strings.TrimSuffix(strings.TrimPrefix(path, "/v1/"), ":decrypt"))
	default:
		http.NotFound(w, r)
	}
}

var codes = map[string]int{"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "NOT_FOUND": 404,
	"RESOURCE_EXHAUSTED": 429, "INTERNAL": 500, "UNAVAILABLE": 503}

func refuse(w http.ResponseWriter, status, reason string) {
	w.WriteHeader(codes[status])
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": codes[status], "status": status, "message": fakeLeak, "details": []any{map[string]any{"reason": reason}}}})
}

func (f *fakeGoogle) exchange(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if r.Form.Get("subject_token") != jobToken || r.Form.Get("audience") != "//iam.googleapis.com/"+provider {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":%q}`, fakeLeak)
		return
	}
	fmt.Fprintf(w, `{"access_token":%q,"issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3600}`, stsToken)
}

func (f *fakeGoogle) crc(data []byte) string {
	if f.sum != "" {
		return f.sum
	}
	return fmt.Sprint(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

func (f *fakeGoogle) access(w http.ResponseWriter, resource string) {
	status, reason, _ := strings.Cut(f.states[resource], " ")
	value, ok := f.secrets[resource]
	switch {
	case status != "":
		refuse(w, status, reason)
	case !ok:
		refuse(w, "NOT_FOUND", "")
	default:
		name := strings.Replace(resource, "/latest", "/7", 1)
		_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "payload": map[string]any{"data": []byte(value), "dataCrc32c": f.crc([]byte(value))}})
	}
}

func (f *fakeGoogle) decrypt(w http.ResponseWriter, r *http.Request, resource string) {
	var in struct{ Ciphertext, AdditionalAuthenticatedData, CiphertextCrc32c string }
	b, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(b, &in)
	blob, _ := base64.StdEncoding.DecodeString(in.Ciphertext)
	aad, _ := base64.StdEncoding.DecodeString(in.AdditionalAuthenticatedData)
	plain, ok := strings.CutPrefix(string(blob), cipherTag+string(aad)+":")
	switch {
	case f.states[resource] != "":
		refuse(w, f.states[resource], "")
	case resource != key:
		refuse(w, "NOT_FOUND", "")
	case !ok || in.CiphertextCrc32c == "":
		refuse(w, "INVALID_ARGUMENT", "")
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"plaintext": []byte(plain), "plaintextCrc32c": f.crc([]byte(plain))})
	}
}
