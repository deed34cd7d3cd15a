//go:build servers

package vault_test

import (
	"context"
	"encoding/json"
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
	"github.com/maskrun/maskrun/fetch/vault"
	"github.com/maskrun/maskrun/internal/vaulttest"
)

const audience = "https://vault.test"

// A world is a job as the store sees it.
type world struct {
	vars     map[string]string
	config   map[string]any
	identity func(context.Context, string) (string, error)
	files    map[string][]byte
	believe  bool
}

func (w world) env(t *testing.T) fetch.Env {
	t.Helper()
	return fetch.Env{
		Getenv: fetchtest.Getenv(w.vars), HTTP: fetchtest.Client(t), Config: w.config, Identity: w.identity, ConfigTrusted: w.believe,
		Trusted: true, Root: fetchtest.Root(t, w.files), Warn: func(string) {},
	}
}

func (w world) open(t *testing.T) fetch.Source {
	t.Helper()
	src, err := vault.Kind().Open(t.Context(), w.env(t))
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// read gives one field of a document.
func read(t *testing.T, src fetch.Source, path, name string, params ...string) (string, error) {
	t.Helper()
	query, err := url.ParseQuery(strings.Join(params, "&"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	doc, err := src.Read(ctx, path, query)
	fetchtest.NoCanary(t, err)
	if err != nil {
		return "", err
	}
	return field(t, doc, name), nil
}

const policy = `
path "secret/data/ci/*" { capabilities = ["read"] }
path "secret/metadata/ci/*" { capabilities = ["read"] }
path "kv1/*" { capabilities = ["read"] }
path "teams/a/kv/*" { capabilities = ["read"] }
path "pki/issue/web" { capabilities = ["update"] }
path "database/creds/*" { capabilities = ["read"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/revoke" { capabilities = ["update"] }
`

// furnish puts into a server what the tests read.
func furnish(t *testing.T, s *vaulttest.Server) {
	t.Helper()
	s.Policy(t, "ci", policy)
	for i := 1; i <= 2; i++ {
		s.Write(t, "secret/data/ci/app", map[string]any{"data": map[string]any{"token": fmt.Sprintf("%s-%d", fetchtest.Canary, i), "n": 1234567, "data/x": "y"}})
	}
	s.Write(t, "secret/data/ci/gone", map[string]any{"data": map[string]any{"token": "x"}})
	s.Do(t, http.MethodDelete, "secret/data/ci/gone", s.Token, nil)
	s.Write(t, "secret/data/ci/data/inner", map[string]any{"data": map[string]any{"token": "inner"}})
	s.Write(t, "secret/data/private", map[string]any{"data": map[string]any{"token": fetchtest.Canary}})
	s.Enable(t, "mounts/kv1", "kv", nil)
	s.Write(t, "kv1/app", map[string]any{"token": "old " + fetchtest.Canary, "data": map[string]any{"k": "v"}})
	s.Enable(t, "mounts/teams/a/kv", "kv", map[string]any{"options": map[string]any{"version": "2"}})
	s.Write(t, "teams/a/kv/data/app", map[string]any{"data": map[string]any{"token": "team a"}})
}

func ciToken(t *testing.T, s *vaulttest.Server) string {
	t.Helper()
	auth := s.Write(t, "auth/token/create", map[string]any{"policies": []string{"ci"}})["auth"].(map[string]any)
	return auth["client_token"].(string)
}

func TestRealPaths(t *testing.T) {
	s := vaulttest.Start(t, nil)
	furnish(t, s)
	src := world{vars: map[string]string{"VAULT_ADDR": s.Address, "VAULT_TOKEN": ciToken(t, s)}}.open(t)
	for _, c := range []struct {
		why, path, field string
		params           string
		want             string
		kind             error
		text             string
	}{
		{"KV 2 as the API has it", "secret/data/ci/app", "token", "", fetchtest.Canary + "-2", nil, ""},
		{"as vault kv has it", "secret/ci/app", "token", "", fetchtest.Canary + "-2", nil, ""},
		{"an older version", "secret/data/ci/app", "token", "version=1", fetchtest.Canary + "-1", nil, ""},
		{"the same", "secret/ci/app", "token", "version=1", fetchtest.Canary + "-1", nil, ""},
		{"a version that does not exist", "secret/ci/app", "token", "version=7", "", fetch.ErrNotFound, ""},
		{"a deleted one", "secret/data/ci/gone", "token", "", "", fetch.ErrNotFound, ""},
		{"its metadata is a path like others", "secret/metadata/ci/app", "current_version", "", "2", nil, ""},
		{"a secret whose own name has data/", "secret/ci/data/inner", "token", "", "inner", nil, ""},
		{"a mount of several parts", "teams/a/kv/app", "token", "", "team a", nil, ""},
		{"the same, as the API has it", "teams/a/kv/data/app", "token", "", "team a", nil, ""},
		{"KV 1", "kv1/app", "token", "", "old " + fetchtest.Canary, nil, ""},
		{"a field of KV 1 called data is no version 2", "kv1/app", "data", "", "map[k:v]", nil, ""},
		{"KV 1 has no versions", "kv1/app", "token", "version=1", "", nil, "not a KV engine of version 2"},
		{"any readable path", "auth/token/lookup-self", "display_name", "", "token", nil, ""},
		{"absent", "secret/ci/none", "token", "", "", fetch.ErrNotFound, ""},
		{"policy denies", "secret/data/private", "token", "", "", fetch.ErrDenied, "permission denied: the token's policies"},
		{"no such mount, or none we may know of", "nowhere/x", "token", "", "", fetch.ErrDenied, ""},
		{"a wrapped answer", "secret/data/ci/app", "ttl", "wrap_ttl=90s", "90", nil, ""},
		{"no write to KV", "secret/data/ci/app", "x", "method=post&token=x", "", fetch.ErrDenied, "references read"},
		{"issues nothing by a read", "sys/wrapping/random", "x", "", "", fetch.ErrDenied, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := read(t, src, c.path, c.field, c.params)
			if fails := c.kind != nil || c.text != ""; fails != (err != nil) || got != c.want {
				t.Fatalf("got %q, error %v", got, err)
			}
			if err != nil && (c.kind != nil && !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text)) {
				t.Errorf("error %v", err)
			}
		})
	}
	doc, err := src.Read(t.Context(), "secret/ci/app", nil)
	if err != nil || doc.Version != "2" || !strings.Contains(string(doc.Data), `"n":1234567`) {
		t.Errorf("version %q, error %v", doc.Version, err)
	}
}

func TestRealLogins(t *testing.T) {
	s := vaulttest.Start(t, &vaulttest.Options{Plugins: []string{"vault-plugin-auth-kubernetes"}})
	furnish(t, s)
	ci := vaulttest.NewIssuer(t)
	s.JWT(t, "jwt", ci, map[string]any{"bound_audiences": audience, "user_claim": "sub", "token_policies": "ci", "bound_claims": map[string]any{"ref": "main"}})
	s.JWT(t, "gitlab", ci, map[string]any{"bound_audiences": audience, "user_claim": "sub", "token_policies": "ci"})
	s.JWT(t, "own", ci, map[string]any{"bound_audiences": s.Address, "user_claim": "sub", "token_policies": "ci"})
	s.Enable(t, "auth/approle", "approle", nil)
	s.Write(t, "auth/approle/role/ci", map[string]any{"token_policies": "ci"})
	roleID := s.Read(t, "auth/approle/role/ci/role-id")["data"].(map[string]any)["role_id"].(string)
	secretID := s.Write(t, "auth/approle/role/ci/secret-id", map[string]any{})["data"].(map[string]any)["secret_id"].(string)
	s.Enable(t, "auth/userpass", "userpass", nil)
	s.Write(t, "auth/userpass/users/ann", map[string]any{"password": fetchtest.Canary, "token_policies": "ci"})
	kubernetes(t, s)
	mint := func(claims map[string]any) func(context.Context, string) (string, error) {
		return func(_ context.Context, aud string) (string, error) {
			all := map[string]any{"aud": aud, "sub": "job"}
			for k, v := range claims {
				all[k] = v
			}
			return ci.Token(t, all), nil
		}
	}
	main := mint(map[string]any{"ref": "main"})
	home := filepath.Dir(writeFile(t, ".vault-token", ciToken(t, s)+"\n"))
	account := ci.Token(t, map[string]any{"aud": []string{"kubernetes"}, "sub": "system:serviceaccount:ml:trainer", "kubernetes.io": map[string]any{
		"namespace": "ml", "serviceaccount": map[string]any{"name": "trainer", "uid": "1"},
	}})
	type m = map[string]any
	type v = map[string]string
	for _, c := range []struct {
		why  string
		w    world
		text string // of the error; empty when the login works
	}{
		{"VAULT_TOKEN", world{vars: v{"VAULT_TOKEN": ciToken(t, s)}}, ""},
		{"BAO_TOKEN", world{vars: v{"BAO_TOKEN": ciToken(t, s)}}, ""},
		{"a token that is not valid", world{vars: v{"VAULT_TOKEN": "hvs." + fetchtest.Canary}}, "not valid"},
		{"~/.vault-token", world{vars: v{"HOME": home}}, ""},
		{"no token anywhere", world{vars: v{"HOME": t.TempDir()}}, "no token"},
		{"a wrapping token", world{vars: v{"VAULT_TOKEN": wrap(t, s, http.MethodPut, "auth/token/create", m{"policies": []string{"ci"}})}, config: m{"auth": m{"wrapped": true}}}, ""},
		{"jwt", world{identity: main, config: m{"auth": m{"method": "jwt", "role": "ci", "audience": audience}}}, ""},
		{"jwt without saying so", world{identity: main, config: m{"auth": m{"role": "ci", "audience": audience}}}, ""},
		{"the audience is the address unless said otherwise", world{identity: main, config: m{"auth": m{"role": "ci", "mount": "own"}}}, ""},
		{"of another audience", world{identity: main, config: m{"auth": m{"role": "ci"}}}, "bound_audiences"},
		{"of another branch", world{identity: mint(m{"ref": "fork"}), config: m{"auth": m{"role": "ci", "audience": audience}}}, "claims"},
		{"no such role", world{identity: main, config: m{"auth": m{"role": "cd", "audience": audience}}}, "no such role"},
		{"no such mount", world{identity: main, config: m{"auth": m{"role": "ci", "mount": "nowhere", "audience": audience}}}, ""},
		{"GitLab's names", world{vars: v{"VAULT_SERVER_URL": s.Address, "VAULT_ADDR": "", "VAULT_AUTH_ROLE": "ci", "VAULT_AUTH_PATH": "gitlab", "VAULT_ID_TOKEN": ci.Token(t, m{"aud": audience, "sub": "job"})}}, ""},
		{"an identity file", world{files: map[string][]byte{"id": []byte(ci.Token(t, m{"aud": audience, "sub": "x", "ref": "main"}))}, config: m{"auth": m{"role": "ci", "jwt_file": "id"}}}, ""},
		{"no identity", world{config: m{"auth": m{"method": "jwt", "role": "ci"}}}, "id-token: write"},
		{"approle", world{vars: v{"VAULT_ROLE_ID": roleID, "VAULT_SECRET_ID": secretID}}, ""},
		{"approle, the secret id in a file", world{config: m{"auth": m{"method": "approle", "role_id": roleID, "secret_id_file": "sid"}}, files: map[string][]byte{"sid": []byte(secretID + "\n")}}, ""},
		{"approle, the secret id wrapped", world{vars: v{"VAULT_SECRET_ID": wrap(t, s, http.MethodPut, "auth/approle/role/ci/secret-id", m{})}, config: m{"auth": m{"method": "approle", "role_id": roleID, "wrapped": true}}}, ""},
		{"approle, a wrong secret id", world{vars: v{"VAULT_ROLE_ID": roleID, "VAULT_SECRET_ID": fetchtest.Canary}}, "secret id"},
		{"userpass", world{vars: v{"VAULT_USERNAME": "ann", "VAULT_PASSWORD": fetchtest.Canary}}, ""},
		{"userpass, wrong", world{vars: v{"VAULT_USERNAME": "ann", "VAULT_PASSWORD": fetchtest.Canary + "x"}}, "user name or the password"},
		{"a user name that leaves the mount", world{vars: v{"VAULT_USERNAME": "../../token/create", "VAULT_PASSWORD": fetchtest.Canary}}, "denied"},
		{"kubernetes", world{config: m{"auth": m{"method": "kubernetes", "role": "ci", "jwt_file": "account"}}, files: map[string][]byte{"account": []byte(account)}}, ""},
		{"kubernetes, another namespace", world{config: m{"auth": m{"method": "kubernetes", "role": "ops", "jwt_file": "account"}}, files: map[string][]byte{"account": []byte(account)}}, "denied"},
		{"unknown method", world{config: m{"auth": m{"method": "magic"}}}, "unknown auth method"},
	} {
		t.Run(c.why, func(t *testing.T) {
			vars := v{"VAULT_ADDR": s.Address}
			for name, value := range c.w.vars {
				vars[name] = value
			}
			c.w.vars = vars
			got, err := read(t, c.w.open(t), "secret/ci/app", "token")
			switch {
			case c.text != "" || strings.HasPrefix(c.why, "no such mount"):
				if err == nil || !strings.Contains(err.Error(), c.text) {
					t.Errorf("error %v", err)
				}
			case err != nil || got != fetchtest.Canary+"-2":
				t.Error(err)
			}
		})
	}
}

// wrap has the server answer a request with a wrapping token.
func wrap(t *testing.T, s *vaulttest.Server, method, path string, body map[string]any) string {
	t.Helper()
	text, _ := json.Marshal(body)
	req, err := http.NewRequestWithContext(t.Context(), method, s.Address+"/v1/"+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", s.Token)
	req.Header.Set("X-Vault-Wrap-TTL", "10m")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a struct {
		Wrap struct{ Token string } `json:"wrap_info"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || a.Wrap.Token == "" {
		t.Fatalf("status %d, error %v", resp.StatusCode, err)
	}
	return a.Wrap.Token
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// kubernetes mounts Kubernetes auth. The cluster behind it is a fake of ours: an
// endpoint that says of every token who it is of, as TokenReview does.
func kubernetes(t *testing.T, s *vaulttest.Server) {
	t.Helper()
	cluster := fakeCluster(t)
	s.Enable(t, "auth/kubernetes", "vault-plugin-auth-kubernetes", nil)
	s.Write(t, "auth/kubernetes/config", map[string]any{
		"kubernetes_host": cluster.URL, "kubernetes_ca_cert": certificate(cluster), "token_reviewer_jwt": "reviewer", "disable_iss_validation": true,
	})
	for role, namespace := range map[string]string{"ci": "ml", "ops": "ops"} {
		s.Write(t, "auth/kubernetes/role/"+role, map[string]any{
			"bound_service_account_names": "trainer", "bound_service_account_namespaces": namespace, "token_policies": "ci", "audience": "kubernetes",
		})
	}
}

func TestRealRevoke(t *testing.T) {
	s := vaulttest.Start(t, nil)
	furnish(t, s)
	s.Enable(t, "auth/userpass", "userpass", nil)
	s.Write(t, "auth/userpass/users/ann", map[string]any{"password": fetchtest.Canary, "token_policies": "ci"})
	for _, c := range []struct {
		why    string
		revoke bool
		want   int // status of the token afterwards
	}{{"asked for", true, http.StatusForbidden}, {"not asked for", false, http.StatusOK}} {
		t.Run(c.why, func(t *testing.T) {
			src := world{vars: map[string]string{"VAULT_ADDR": s.Address, "VAULT_USERNAME": "ann", "VAULT_PASSWORD": fetchtest.Canary}, config: map[string]any{"revoke": c.revoke}}.open(t)
			token, err := read(t, src, "auth/token/lookup-self", "id")
			if err != nil {
				t.Fatal(err)
			}
			if err := src.(interface{ Close() error }).Close(); err != nil {
				t.Error(err)
			}
			if got := s.Status(t, http.MethodGet, "auth/token/lookup-self", token); got != c.want {
				t.Errorf("status %d", got)
			}
		})
	}
}

func TestRealIssue(t *testing.T) {
	s := vaulttest.Start(t, nil)
	furnish(t, s)
	s.Enable(t, "mounts/pki", "pki", nil)
	s.Write(t, "pki/root/generate/internal", map[string]any{"common_name": "test.invalid"})
	s.Write(t, "pki/roles/web", map[string]any{"allowed_domains": "test.invalid", "allow_subdomains": true, "generate_lease": true, "max_ttl": "1h"})
	src := world{vars: map[string]string{"VAULT_ADDR": s.Address, "VAULT_TOKEN": ciToken(t, s)}}.open(t)
	key, err := read(t, src, "pki/issue/web", "private_key", "method=post", "common_name=a.test.invalid", "ttl=10m")
	if err != nil || !strings.Contains(key, "PRIVATE KEY") {
		t.Errorf("no key: %v", err)
	}
	if _, err := read(t, src, "pki/issue/web", "private_key", "method=post", "common_name=a.other.invalid"); err == nil {
		t.Error("a certificate that the role does not allow")
	}
	doc, err := src.Read(t.Context(), "pki/issue/web", url.Values{"method": {"post"}, "common_name": {"b.test.invalid"}})
	if err != nil || doc.Lease == nil || doc.Expires.IsZero() {
		t.Errorf("lease %v, error %v", doc.Lease, err)
	}
}

func TestRealTLS(t *testing.T) {
	s := vaulttest.Start(t, &vaulttest.Options{TLS: true})
	furnish(t, s)
	s.Enable(t, "auth/cert", "cert", nil)
	client, err := os.ReadFile(s.ClientCert)
	if err != nil {
		t.Fatal(err)
	}
	s.Write(t, "auth/cert/certs/ci", map[string]any{"certificate": string(client), "token_policies": "ci"})
	token := ciToken(t, s)
	ca, err := os.ReadFile(s.CA)
	if err != nil {
		t.Fatal(err)
	}
	other := vaulttest.Start(t, &vaulttest.Options{TLS: true}) // for its certificates
	type v = map[string]string
	for _, c := range []struct {
		why  string
		w    world
		text string
	}{
		{"own authority", world{vars: v{"VAULT_CACERT": s.CA, "VAULT_TOKEN": token}}, ""},
		{"as text", world{vars: v{"VAULT_CACERT_BYTES": string(ca), "VAULT_TOKEN": token}}, ""},
		{"in the configuration", world{vars: v{"VAULT_TOKEN": token}, files: map[string][]byte{"ca.pem": ca}, config: map[string]any{"ca_cert": "ca.pem"}}, ""},
		{"unknown authority", world{vars: v{"VAULT_TOKEN": token}}, "unknown authority"},
		{"another authority", world{vars: v{"VAULT_CACERT": other.CA, "VAULT_TOKEN": token}}, "unknown authority"},
		{"skipping the check is not possible", world{vars: v{"VAULT_SKIP_VERIFY": "true", "VAULT_TOKEN": token}}, "unknown authority"},
		{"login by certificate", world{vars: v{"VAULT_CACERT": s.CA, "VAULT_CLIENT_CERT": s.ClientCert, "VAULT_CLIENT_KEY": s.ClientKey, "VAULT_AUTH_METHOD": "cert"}}, ""},
		{"without one", world{vars: v{"VAULT_CACERT": s.CA, "VAULT_AUTH_METHOD": "cert"}}, "client certificate"},
		{"key and certificate of different pairs", world{vars: v{"VAULT_CACERT": s.CA, "VAULT_CLIENT_CERT": s.ClientCert, "VAULT_CLIENT_KEY": other.ClientKey}}, "do not fit"},
	} {
		t.Run(c.why, func(t *testing.T) {
			c.w.vars["VAULT_ADDR"] = s.Address
			src, err := vault.Kind().Open(t.Context(), c.w.env(t))
			if err == nil {
				_, err = read(t, src, "secret/ci/app", "token")
			}
			if (c.text != "") != (err != nil) || err != nil && !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v", err)
			}
			if c.text == "unknown authority" && !errors.Is(err, fetch.ErrDenied) {
				t.Errorf("%v would be tried again", err)
			}
		})
	}
}

func TestRealSealed(t *testing.T) {
	s := vaulttest.Start(t, &vaulttest.Options{Sealed: true})
	src := world{vars: map[string]string{"VAULT_ADDR": s.Address, "VAULT_CACERT": s.CA, "VAULT_TOKEN": fetchtest.Canary}}.open(t)
	_, err := read(t, src, "secret/ci/app", "token")
	if !errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

// FAULTS 91: what is refused is refused by us, before a server is asked.
func TestRealHostile(t *testing.T) {
	s := vaulttest.Start(t, nil)
	src := world{vars: map[string]string{"VAULT_ADDR": s.Address, "VAULT_TOKEN": s.Token}}.open(t) // root may everything
	for _, path := range []string{"secret/../sys/health", "../v1/sys/health", "secret/%2e%2e/sys/health", "secret//app", "/secret/app", "secret/app/", `secret\..\x`, "secret/a?b", "secret/a#b", "secret/\x00"} {
		if doc, err := src.Read(t.Context(), path, nil); !errors.Is(err, fetch.ErrDenied) {
			t.Errorf("%q: %d bytes, error %v", path, len(doc.Data), err)
		}
	}
}
