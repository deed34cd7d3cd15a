package sops_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getsops/sops/v3/azkv"
	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/gcpkms"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/kms"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

const (
	tenant      = "11111111-2222-3333-4444-555555555555"
	accessToken = "eyJ0eXAiOiJKV1QifQ.YWNjZXNz.dG9rZW4tcTJ3NGU2"
)

// A keyVault is a fake of ours, in the place of Azure Key Vault and of the server that signs
// in to it, after their published REST references. The SDK speaks to it over TLS: the
// challenge, the sign-in with a secret, the operation "decrypt" of one version of a key.
type keyVault struct {
	url    string
	mu     sync.Mutex
	asked  []string
	answer func(w http.ResponseWriter) // in place of the plaintext
}

func (v *keyVault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
		fmt.Fprintf(w, `{"token_endpoint":"%[1]s/%[2]s/oauth2/v2.0/token","authorization_endpoint":"%[1]s/%[2]s/oauth2/v2.0/authorize","issuer":"%[1]s/%[2]s/v2.0"}`, v.url, tenant)
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		if _ = r.ParseForm(); r.Form.Get("client_secret") != fetchtest.Canary || r.Form.Get("scope") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error":"invalid_client","error_description":"AADSTS7000215: %s"}`, fetchtest.Canary)
			return
		}
		fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":%q}`, accessToken)
	case r.Header.Get("Authorization") != "Bearer "+accessToken:
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="%s/%s", resource="https://vault.azure.net"`, v.url, tenant))
		w.WriteHeader(http.StatusUnauthorized)
	default:
		var in struct{ Alg, Value string }
		_ = json.NewDecoder(r.Body).Decode(&in)
		v.asked = append(v.asked, r.Method+" "+r.URL.Path+" "+in.Alg+" "+in.Value)
		v.answer(w)
	}
}

// A file whose key is one of Azure Key Vault, and how the vault's refusals come out. FAULTS 87, 88, 90
func TestAzure(t *testing.T) {
	plain, err := base64.StdEncoding.DecodeString(dataKey)
	if err != nil {
		t.Fatal(err)
	}
	refusal := func(status int, code, inner string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"error":{"code":%q,"message":%q,"innererror":{"code":%q}}}`, code, fetchtest.Canary, inner)
		}
	}
	for _, c := range []struct {
		why    string
		answer func(w http.ResponseWriter)
		secret string // that signs in
		want   string // of the error; empty for success
		kind   error
	}{
		{"the key", func(w http.ResponseWriter) {
			fmt.Fprintf(w, `{"kid":"https://x/keys/k/1","value":%q}`, base64.RawURLEncoding.EncodeToString(plain))
		}, fetchtest.Canary, "", nil},
		{"another key", func(w http.ResponseWriter) { fmt.Fprint(w, `{"kid":"https://x/keys/k/1","value":"AAAA"}`) }, fetchtest.Canary, "cannot be decrypted", nil},
		{"denied", refusal(403, "Forbidden", "AccessDenied"), fetchtest.Canary, "azure_kv key: the service said: ", fetch.ErrDenied},
		{"the key is gone", refusal(404, "KeyNotFound", ""), fetchtest.Canary, "azure_kv key: the service said: ", fetch.ErrDenied},
		{"too much", refusal(429, "Throttled", ""), fetchtest.Canary, "azure_kv key: the service said: ", fetch.ErrUnavailable},
		{"a redirect", func(w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, fetchtest.Canary, "azure_kv key: ", fetch.ErrDenied},
		{"too large", func(w http.ResponseWriter) { fmt.Fprint(w, `{"value":"`+strings.Repeat("A", 2<<20)+`"}`) }, fetchtest.Canary, "azure_kv key: ", nil},
		{"a login page", func(w http.ResponseWriter) { fmt.Fprint(w, "<html>"+fetchtest.Canary) }, fetchtest.Canary, "azure_kv key: ", nil},
		{"who may not sign in", nil, fetchtest.Canary + "x", "azure_kv key: ", fetch.ErrDenied},
	} {
		t.Run(c.why, func(t *testing.T) {
			v := &keyVault{answer: c.answer}
			server := httptest.NewTLSServer(v)
			defer server.Close()
			v.url = server.URL
			getenv := world(t, map[string]string{
				"AZURE_AUTHORITY_HOST": server.URL + "/", "AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": "66666666-7777-8888-9999-000000000000", "AZURE_CLIENT_SECRET": c.secret,
			})
			key := &azkv.MasterKey{VaultURL: server.URL, Name: "k", Version: "1", EncryptedKey: "eA", CreationDate: time.Now()}
			doc, err := read(t, fetch.Env{
				Getenv: getenv, Trusted: true, HTTP: fetchtest.Client(t, authority(server)...),
				Root: fetchtest.Root(t, map[string][]byte{"a.yaml": encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, key)}),
			}, "a.yaml", nil)
			if c.answer != nil && (len(v.asked) != 1 || v.asked[0] != "POST /keys/k/1/decrypt RSA-OAEP-256 eA") {
				t.Errorf("asked %q, error %v", v.asked, err)
			}
			if c.want == "" {
				if err != nil || !strings.Contains(string(doc.Data), fetchtest.Canary) {
					t.Errorf("not read: %v", err)
				}
				return
			}
			fetchtest.WantError(t, err, c.kind, c.want, accessToken)
		})
	}
}

// Every service that holds keys, where it fails or is another than it says. FAULTS 87–90, 93
func TestServiceFaults(t *testing.T) {
	tls := httptest.NewTLSServer(nil)
	tls.Close()
	for _, c := range []struct {
		why  string
		key  func(address string) keys.MasterKey
		vars func(address string) map[string]string
		tls  bool
	}{
		{"AWS", func(string) keys.MasterKey {
			return &kms.MasterKey{Arn: awsARN, EncryptedKey: "eA==", CreationDate: time.Now()}
		}, func(address string) map[string]string {
			return map[string]string{"AWS_ENDPOINT_URL_KMS": address, "AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": fetchtest.Canary, "AWS_MAX_ATTEMPTS": "1"}
		}, false},
		{"Vault", func(address string) keys.MasterKey {
			return &hcvault.MasterKey{VaultAddress: address, EnginePath: "transit", KeyName: "k", EncryptedKey: "vault:v1:x", CreationDate: time.Now()}
		}, func(address string) map[string]string {
			return map[string]string{"VAULT_ADDR": address, "VAULT_TOKEN": fetchtest.Canary}
		}, false},
		{"Azure", func(address string) keys.MasterKey {
			return &azkv.MasterKey{VaultURL: address, Name: "k", Version: "1", EncryptedKey: "eA", CreationDate: time.Now()}
		}, func(address string) map[string]string {
			return map[string]string{"AZURE_AUTHORITY_HOST": address + "/", "AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": "66666666-7777-8888-9999-000000000000", "AZURE_CLIENT_SECRET": fetchtest.Canary}
		}, true},
		{"Google", func(string) keys.MasterKey {
			return &gcpkms.MasterKey{ResourceID: gcpID, EncryptedKey: "eA==", CreationDate: time.Now()}
		}, func(address string) map[string]string {
			return map[string]string{"SOPS_GCP_KMS_ENDPOINT": address, "GOOGLE_OAUTH_ACCESS_TOKEN": fetchtest.Canary}
		}, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			fetchtest.Faults(t, func(address string) error {
				client := fetchtest.Client(t)
				if c.tls && strings.HasPrefix(address, "http://") {
					address, client = fetchtest.Front(t, address), fetchtest.Client(t, authority(tls)...)
				}
				file := encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, c.key(address))
				_, err := read(t, fetch.Env{Getenv: world(t, c.vars(address)), Trusted: true, HTTP: client, Root: fetchtest.Root(t, map[string][]byte{"a.yaml": file})}, "a.yaml", nil)
				return err
			})
		})
	}
}

// One read is one request to Vault or Google, whatever their clients make of a failure: the
// Resolver tries again. FAULTS 87
func TestOneTry(t *testing.T) {
	vault := func(address string) keys.MasterKey {
		return &hcvault.MasterKey{VaultAddress: address, EnginePath: "transit", KeyName: "k", EncryptedKey: "vault:v1:x", CreationDate: time.Now()}
	}
	google := func(string) keys.MasterKey {
		return &gcpkms.MasterKey{ResourceID: gcpID, EncryptedKey: "eA==", CreationDate: time.Now()}
	}
	for name, key := range map[string]func(string) keys.MasterKey{"hc_vault": vault, "gcp_kms": google} {
		t.Run(name, func(t *testing.T) { testOneTry(t, name, key) })
	}
}

func testOneTry(t *testing.T, name string, key func(address string) keys.MasterKey) {
	for status, kind := range map[int]error{302: fetch.ErrDenied, 403: fetch.ErrDenied, 429: fetch.ErrUnavailable, 500: fetch.ErrUnavailable, 503: fetch.ErrUnavailable} {
		var asked atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.Header().Set("Location", "/elsewhere")
			fetchtest.Refuse(w, status)
		}))
		defer server.Close()
		file := encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, key(server.URL))
		vars := map[string]string{"VAULT_ADDR": server.URL, "VAULT_TOKEN": fetchtest.Canary, "SOPS_GCP_KMS_ENDPOINT": server.URL, "GOOGLE_OAUTH_ACCESS_TOKEN": fetchtest.Canary}
		env := fetch.Env{Getenv: world(t, vars), HTTP: fetchtest.Client(t), Root: fetchtest.Root(t, map[string][]byte{"a.yaml": file})}
		_, err := read(t, env, "a.yaml", nil)
		fetchtest.WantError(t, err, kind, name+" key: ")
		if n := asked.Load(); n != 1 {
			t.Errorf("status %d: asked %d times", status, n)
		}
	}
}
