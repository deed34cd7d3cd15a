package sops_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/gcpkms"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// A google is a fake of ours, in the place of Cloud KMS, of the service that trades tokens
// and of the metadata service, after their published REST references: it knows one
// subject token and the access token that it stands for.
type google struct {
	mu     sync.Mutex
	asked  []string // paths
	signed string   // the Authorization of the last decryption
	pays   string   // its project
	signIn func(w http.ResponseWriter)
}

func (g *google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/v1/token" && g.signIn != nil:
		g.signIn(w)
	case r.URL.Path == "/v1/token":
		if _ = r.ParseForm(); r.Form.Get("subject_token") != fetchtest.Canary {
			fetchtest.Refuse(w, http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":3600}`, accessToken)
	case strings.HasSuffix(r.URL.Path, "/default/token") && r.Header.Get("Metadata-Flavor") == "Google":
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, accessToken)
	case r.URL.Path == "/v1/"+gcpID+":decrypt":
		g.signed, g.pays = r.Header.Get("Authorization"), r.Header.Get("X-Goog-User-Project")
		fmt.Fprintf(w, `{"plaintext":%q}`, dataKey)
	default:
		w.Header().Set("Metadata-Flavor", "Google")
		w.WriteHeader(http.StatusNotFound)
	}
}

// A file whose key is one of Cloud KMS, with each of the credentials that sops takes. Both
// servers have a certificate that nobody but our client believes. FAULTS 88, 89, 93
func TestGoogle(t *testing.T) {
	fetchtest.CleanEnv(t, os.Environ(), "GOOGLE_", "CLOUDSDK_", "GCE_", "SOPS_")
	g := &google{}
	server := httptest.NewTLSServer(g)
	defer server.Close()
	metadata := httptest.NewServer(g)
	defer metadata.Close()
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	federated := func(subject string) string {
		text, _ := json.Marshal(map[string]any{
			"type": "external_account", "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/p",
			"subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": server.URL + "/v1/token", "quota_project_id": "payer",
			"credential_source": map[string]any{"file": put("subject-"+fmt.Sprint(len(subject)), subject)},
		})
		return string(text)
	}
	const exchange, decrypt = "/v1/token", "/v1/" + gcpID + ":decrypt"
	for _, c := range []struct {
		why    string
		vars   map[string]string
		signIn func(w http.ResponseWriter)
		asked  []string // what else but the metadata service's own questions
		signed string
		want   string // of the error; empty for success
		kind   error
	}{
		{"a token", map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": accessToken}, nil, []string{decrypt}, accessToken, "", nil},
		{"credentials as they are", map[string]string{"GOOGLE_CREDENTIALS": federated(fetchtest.Canary)}, nil, []string{exchange, decrypt}, accessToken, "", nil},
		{"a file of them, before a token", map[string]string{"GOOGLE_CREDENTIALS": put("c.json", federated(fetchtest.Canary)), "GOOGLE_OAUTH_ACCESS_TOKEN": "x"}, nil, []string{exchange, decrypt}, accessToken, "", nil},
		{"Application Default Credentials", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": put("adc.json", federated(fetchtest.Canary))}, nil, []string{exchange, decrypt}, accessToken, "", nil},
		{"a service account's key signs for itself", map[string]string{"GOOGLE_CREDENTIALS": serviceAccount(t)}, nil, []string{decrypt}, "eyJ", "", nil},
		{"a machine of Google's", map[string]string{"GCE_METADATA_HOST": strings.TrimPrefix(metadata.URL, "http://")}, nil, []string{"/computeMetadata/v1/instance/service-accounts/default/token", decrypt}, accessToken, "", nil},
		{"who may not sign in", map[string]string{"GOOGLE_CREDENTIALS": federated(fetchtest.Canary + "x")}, nil, []string{exchange}, "", "gcp_kms key: the service said: status 400: denied", fetch.ErrDenied},
		{"the sign-in is busy", map[string]string{"GOOGLE_CREDENTIALS": federated(fetchtest.Canary)}, func(w http.ResponseWriter) { fetchtest.Refuse(w, 503) }, []string{exchange}, "", "gcp_kms key: status 503", fetch.ErrUnavailable},
		{"the sign-in leads elsewhere", map[string]string{"GOOGLE_CREDENTIALS": federated(fetchtest.Canary)}, func(w http.ResponseWriter) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, []string{exchange}, "", "gcp_kms key: ", fetch.ErrDenied},
		{"a damaged key, which is no file name", map[string]string{"GOOGLE_CREDENTIALS": `{"type":"service_account","private_key":"` + fetchtest.Canary}, nil, nil, "", "GOOGLE_CREDENTIALS is neither credentials of Google nor a file of them", fetch.ErrDenied},
		{"a key whose PEM is damaged", map[string]string{"GOOGLE_CREDENTIALS": `{"type":"service_account","client_email":"a@b","private_key":"` + fetchtest.Canary + `"}`}, nil, nil, "", "gcp_kms key: ", nil},
		{"a file that is not there", map[string]string{"GOOGLE_CREDENTIALS": filepath.Join(dir, "absent")}, nil, nil, "", "GOOGLE_CREDENTIALS is neither credentials of Google nor a file of them", fetch.ErrDenied},
		{"default credentials that are not there", map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(dir, "absent")}, nil, nil, "", "there are no credentials for it", fetch.ErrDenied},
	} {
		t.Run(c.why, func(t *testing.T) {
			g.asked, g.signed, g.pays, g.signIn = nil, "", "", c.signIn
			vars := map[string]string{"SOPS_GCP_KMS_ENDPOINT": strings.TrimPrefix(server.URL, "https://")} // as sops wants it for gRPC
			for k, v := range c.vars {
				vars[k] = v
			}
			key := &gcpkms.MasterKey{ResourceID: gcpID, EncryptedKey: "eA==", CreationDate: time.Now()}
			doc, err := read(t, fetch.Env{
				Getenv: world(t, vars), HTTP: fetchtest.Client(t, authority(server)...),
				Root: fetchtest.Root(t, map[string][]byte{"a.yaml": encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, key)}),
			}, "a.yaml", nil)
			asked := slices.DeleteFunc(slices.Clone(g.asked), func(path string) bool {
				return path == "/" || strings.HasSuffix(path, "/universe-domain")
			})
			if !slices.Equal(asked, c.asked) || !strings.HasPrefix(strings.TrimPrefix(g.signed, "Bearer "), c.signed) {
				t.Errorf("asked %q, signed %d characters, error %v", g.asked, len(g.signed), err)
			}
			if federated := slices.Contains(c.asked, exchange) && c.want == ""; federated != (g.pays == "payer") {
				t.Errorf("%q pays", g.pays)
			}
			if c.want != "" {
				fetchtest.WantError(t, err, c.kind, c.want, accessToken)
			} else if err != nil || !strings.Contains(string(doc.Data), fetchtest.Canary) {
				t.Errorf("not read: %v", err)
			}
		})
	}
}

// serviceAccount is a key file of a service account that there is not.
func serviceAccount(t *testing.T) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "ci@p.iam.gserviceaccount.com", "private_key_id": "k",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "https://127.0.0.1:1/token",
	})
	return string(text)
}
