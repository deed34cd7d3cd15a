package sops_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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
	awsARN = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"
	gcpID  = "projects/p/locations/global/keyRings/r/cryptoKeys/k"
)

// A file that a pull request brings along names services; those that are none, and
// those that only the file chose, are not turned to. FAULTS 88, 91.
func TestForeignServices(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, fetchtest.Canary, http.StatusForbidden)
	}))
	defer server.Close()
	vault := func(engine, key string) keys.MasterKey {
		return &hcvault.MasterKey{VaultAddress: server.URL, EnginePath: engine, KeyName: key, EncryptedKey: "vault:v1:x", CreationDate: time.Now()}
	}
	aws := func(arn, profile string) keys.MasterKey {
		return &kms.MasterKey{Arn: arn, AwsProfile: profile, EncryptedKey: "eA==", CreationDate: time.Now()}
	}
	azure := func(address string) keys.MasterKey {
		return &azkv.MasterKey{VaultURL: address, Name: "k", Version: "1", EncryptedKey: "eA", CreationDate: time.Now()}
	}
	for _, c := range []struct {
		why     string
		key     keys.MasterKey
		trusted bool
		want    string
	}{
		{"a Vault path that leaves the engine", vault("transit", "../../sys/seal"), true, "hc_vault key: its engine path or key name is none"},
		{"a Vault engine that leaves itself", vault("../sys", "k"), false, "hc_vault key: its engine path or key name is none"},
		{"a Vault path with a query", vault("transit", "k?x=y"), false, "hc_vault key: its engine path or key name is none"},
		{"a Vault path with a dot", vault("a/./b", "k"), true, "hc_vault key: its engine path or key name is none"},
		{"an ARN whose region is a host", aws("arn:aws:kms:evil.example.com/#:1:key/x", ""), true, "kms key: its ARN is not that of a key"},
		{"an ARN with another service", aws("arn:aws:s3:eu-west-1:1:key/x", ""), true, "kms key: its ARN is not that of a key"},
		{"a profile of the file's choosing", aws(awsARN, "admin"), false, "kms key: its aws_profile is not AWS_PROFILE"},
		{"a vault of nobody's at Azure", azure("https://evil.example.com"), false, "azure_kv key: its vault is not in a domain of Azure"},
		{"a vault whose name only ends like one", azure("https://evil-vault.azure.net"), false, "azure_kv key: its vault is not in a domain of Azure"},
		{"a vault without TLS", azure(server.URL), true, "azure_kv key: the address of its vault is none"},
		{"a resource that is no key", &gcpkms.MasterKey{ResourceID: "projects/p/../x", EncryptedKey: "eA==", CreationDate: time.Now()}, true, "gcp_kms key: its resource id is not that of a key"},
	} {
		t.Run(c.why, func(t *testing.T) {
			file := encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, c.key)
			vars := map[string]string{"VAULT_ADDR": server.URL, "VAULT_TOKEN": fetchtest.Canary, "AWS_ENDPOINT_URL": server.URL}
			_, err := read(t, fetch.Env{Getenv: world(t, vars), Trusted: c.trusted, Root: fetchtest.Root(t, map[string][]byte{"a.yaml": file})}, "a.yaml", nil)
			wantError(t, err, c.want)
			if !errors.Is(err, fetch.ErrDenied) || asked.Load() != 0 {
				t.Errorf("asked %d times, error %v", asked.Load(), err)
			}
		})
	}
}

// A cloud is a fake of ours, in the place of AWS KMS and of Google's Cloud KMS: it
// follows what they publish about Decrypt, checks nothing, and answers as told.
type cloud struct {
	status int
	body   string
	asked  []string // what the requests said
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.asked = append(c.asked, r.URL.Path+" "+r.Header.Get("X-Amz-Target")+" "+string(body))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(c.status)
	_, _ = io.WriteString(w, c.body)
}

// The data key that encrypt uses, as the services encode it.
const dataKey = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="

func TestCloudServices(t *testing.T) {
	pair := map[string]*string{"team": new(string)}
	*pair["team"] = "ml"
	aws := &kms.MasterKey{Arn: awsARN, EncryptedKey: "eA==", EncryptionContext: pair, CreationDate: time.Now()}
	gcp := &gcpkms.MasterKey{ResourceID: gcpID, EncryptedKey: "eA==", CreationDate: time.Now()}
	for _, c := range []struct {
		why    string
		key    keys.MasterKey
		status int
		body   string
		want   string // of the error; empty for success
		kind   error
	}{
		{"AWS", aws, 200, `{"KeyId":"` + awsARN + `","Plaintext":"` + dataKey + `"}`, "", nil},
		{"AWS: another key", aws, 200, `{"KeyId":"x","Plaintext":"` + strings.ToUpper(dataKey) + `"}`, "cannot be decrypted", nil},
		{"AWS: denied", aws, 400, `{"__type":"AccessDeniedException","message":"` + fetchtest.Canary + `"}`, "kms key: the service said: AccessDeniedException: denied", fetch.ErrDenied},
		{"AWS: throttled", aws, 400, `{"__type":"ThrottlingException","message":"` + fetchtest.Canary + `"}`, "ThrottlingException: unavailable", fetch.ErrUnavailable},
		{"AWS: broken", aws, 500, fetchtest.Canary, "kms key: ", fetch.ErrUnavailable},
		{"AWS: a login page", aws, 200, "<html>" + fetchtest.Canary, "kms key: ", nil},
		{"Google", gcp, 200, `{"plaintext":"` + dataKey + `"}`, "", nil},
		{"Google: denied", gcp, 403, `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"` + fetchtest.Canary + `"}}`, "gcp_kms key: the service said: ", fetch.ErrDenied},
		{"Google: the key is gone", gcp, 404, `{"error":{"code":404,"status":"NOT_FOUND","message":"` + fetchtest.Canary + `"}}`, "gcp_kms key: the service said: ", fetch.ErrDenied},
		{"Google: too much", gcp, 429, `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"` + fetchtest.Canary + `"}}`, "gcp_kms key: status 429", fetch.ErrUnavailable},
		{"Google: a login page", gcp, 200, "<html>" + fetchtest.Canary, "gcp_kms key: ", nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			fake := &cloud{status: c.status, body: c.body}
			server := httptest.NewServer(fake)
			defer server.Close()
			vars := map[string]string{
				"AWS_ENDPOINT_URL_KMS": server.URL, "AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": fetchtest.Canary, "AWS_MAX_ATTEMPTS": "1",
				"SOPS_GCP_KMS_ENDPOINT": server.URL, "GOOGLE_OAUTH_ACCESS_TOKEN": fetchtest.Canary,
			}
			getenv := world(t, vars)
			file := encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, c.key)
			doc, err := read(t, fetch.Env{Getenv: getenv, Root: fetchtest.Root(t, map[string][]byte{"a.yaml": file})}, "a.yaml", nil)
			if len(fake.asked) == 0 {
				t.Fatalf("the fake was not asked: %v", err)
			}
			if c.want == "" {
				if err != nil || !strings.Contains(string(doc.Data), fetchtest.Canary) {
					t.Errorf("not read: %v", err)
				}
				if !strings.Contains(fake.asked[0], "eA==") || c.key == aws && !strings.Contains(fake.asked[0], `"EncryptionContext":{"team":"ml"}`) {
					t.Errorf("asked %s", fake.asked[0])
				}
				return
			}
			wantError(t, err, c.want)
			if c.kind != nil && !errors.Is(err, c.kind) {
				t.Errorf("error %v, want it to be %v", err, c.kind)
			}
			if errors.Is(err, fetch.ErrNotFound) {
				t.Error("is ErrNotFound, which optional=true would forgive")
			}
		})
	}
}
