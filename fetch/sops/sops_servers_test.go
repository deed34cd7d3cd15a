//go:build servers

package sops_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// program is one that .ci/run obtained and named in a variable.
func program(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set: see .ci/run files", variable)
	}
	return path
}

// A vaultServer is a real Vault with a transit engine, in memory.
type vaultServer struct{ address, token string }

func startVault(t *testing.T) vaultServer {
	t.Helper()
	binary := program(t, "VAULT")
	for range 3 { // somebody else may take the port in between
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		_ = l.Close()
		ctx, cancel := context.WithCancel(context.Background())
		cmd := exec.CommandContext(ctx, binary, "server", "-dev", "-dev-root-token-id=root", "-dev-listen-address="+address, "-dev-no-store-token")
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		if err := cmd.Start(); err != nil {
			cancel()
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		t.Cleanup(func() { cancel(); <-ended })
		v := vaultServer{"http://" + address, "root"}
		if v.up(ended) {
			return v
		}
	}
	t.Fatal("no Vault comes up")
	return vaultServer{}
}

func (v vaultServer) up(ended <-chan struct{}) bool {
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		select {
		case <-ended:
			return false
		default:
		}
		if resp, err := http.Get(v.address + "/v1/sys/health"); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return true
			}
		}
	}
	return false
}

func (v vaultServer) write(t *testing.T, path, body string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, v.address+"/v1/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", v.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		t.Fatalf("vault %s: %s", path, resp.Status)
	}
}

// newGPGHome makes a home of the real gpg with one key, and gives its fingerprint.
func newGPGHome(t *testing.T) (dir, fingerprint string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "gpg") // a short path: the agent's socket has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", dir, "--kill", "all").Run()
		_ = os.RemoveAll(dir)
	})
	gpg := func(args ...string) string {
		out, err := exec.Command("gpg", append([]string{"--homedir", dir, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...).Output()
		if err != nil {
			t.Fatalf("gpg %v: %v", args, err)
		}
		return string(out)
	}
	gpg("--quick-generate-key", "ci@example.com", "future-default", "default", "never")
	for line := range strings.Lines(gpg("--with-colons", "--list-keys")) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			return dir, fields[9]
		}
	}
	t.Fatal("gpg lists no key")
	return "", ""
}

// plainFiles are one of each format, with what must be found in it.
var plainFiles = map[string]string{
	"a.yaml": "db:\n    password: " + fetchtest.Canary + "\n    port: 5432\nlist:\n    - one\n    - two\n",
	"a.json": `{"db": {"password": "` + fetchtest.Canary + `", "on": true}}`,
	"a.env":  "PASSWORD=" + fetchtest.Canary + "\nOTHER=a#b\n",
	"a.ini":  "[db]\npassword = " + fetchtest.Canary + "\n",
	"a.bin":  fetchtest.Canary + "\x00\xff\n",
}

// Files that the real sops makes now, for every key type that can be had here, in
// every format: what we give is what it decrypts. FAULTS 97.
func TestRealSops(t *testing.T) {
	sops := program(t, "SOPS")
	vault := startVault(t)
	vault.write(t, "sys/mounts/transit", `{"type":"transit"}`)
	vault.write(t, "sys/mounts/team/transit", `{"type":"transit"}`)
	gnupg, fingerprint := newGPGHome(t)
	id := newIdentity(t)
	services := []struct {
		why, wantErr string
		args         []string
		vars         map[string]string // what opens it
	}{
		{"age", "age: no identity is given", []string{"--age", id.Recipient().String()}, map[string]string{"SOPS_AGE_KEY": id.String()}},
		{"pgp", "pgp key " + fingerprint + ": gpg and its agent cannot use it", []string{"--pgp", fingerprint}, map[string]string{"GNUPGHOME": gnupg}},
		{"transit", "hc_vault key: the service said: status 403: denied", []string{"--hc-vault-transit", vault.address + "/v1/transit/keys/ci"}, map[string]string{"VAULT_TOKEN": vault.token}},
		{"transit, a longer mount", "hc_vault key: the service said: status 403: denied", []string{"--hc-vault-transit", vault.address + "/v1/team/transit/keys/ci-2"}, map[string]string{"VAULT_TOKEN": vault.token}},
	}
	for _, s := range services {
		t.Run(s.why, func(t *testing.T) {
			files := map[string][]byte{}
			want := map[string][]byte{}
			run := func(name string, args ...string) []byte {
				t.Helper()
				cmd := exec.Command(sops, append(args, name)...)
				cmd.Dir = t.TempDir()
				data, ok := files[name]
				if !ok {
					data = []byte(plainFiles[name])
				}
				if err := os.WriteFile(filepath.Join(cmd.Dir, name), data, 0o600); err != nil {
					t.Fatal(err)
				}
				cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "VAULT_TOKEN="+vault.token, "GNUPGHOME="+gnupg, "SOPS_AGE_KEY="+id.String())
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("sops %v: %v: %s", args, err, stderr.String())
				}
				return out
			}
			for name := range plainFiles {
				files[name] = run(name, append([]string{"encrypt"}, s.args...)...)
				want[name] = run(name, "decrypt")
			}
			path := os.Getenv("PATH") // of gpg
			vars := map[string]string{"VAULT_ADDR": vault.address, "PATH": path}
			for k, v := range s.vars {
				vars[k] = v
			}
			env := fetch.Env{Getenv: world(t, vars), Root: fetchtest.Root(t, files)}
			for name := range plainFiles {
				doc, err := read(t, env, name, nil)
				if err != nil || !bytes.Equal(doc.Data, want[name]) {
					t.Errorf("%s: not what sops decrypts, error %v", name, err)
				}
			}
			noPlainText(t, env.Getenv("HOME"))

			tampered := bytes.Replace(files["a.yaml"], []byte("5432"), []byte("5433"), 1)
			if bytes.Equal(tampered, files["a.yaml"]) { // numbers are encrypted: change the type that it is said to be
				tampered = bytes.Replace(files["a.yaml"], []byte("type:int"), []byte("type:str"), 1)
			}
			_, err := read(t, fetch.Env{Getenv: env.Getenv, Root: fetchtest.Root(t, map[string][]byte{"t.yaml": tampered})}, "t.yaml", nil)
			wantError(t, err, "the file was changed after it was encrypted")

			none := world(t, map[string]string{"VAULT_ADDR": vault.address, "PATH": path, "GNUPGHOME": t.TempDir(), "VAULT_TOKEN": "no-such-token", "SOPS_AGE_KEY": ""})
			_, err = read(t, fetch.Env{Getenv: none, Root: env.Root}, "a.yaml", nil)
			wantError(t, err, s.wantErr)
		})
	}
}

// noPlainText fails when a file below dir holds the canary. FAULTS 97, 104.
func noPlainText(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(fetchtest.Canary)) {
			t.Errorf("plain text in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// transitKey is a key of the Vault that world points to.
func transitKey(t *testing.T, v vaultServer) keys.MasterKey {
	t.Helper()
	return hcvault.NewMasterKey(v.address, "transit", "ci")
}

// A token that may not use the key, a Vault that is sealed or gone. FAULTS 87.
func TestRealTransitDenied(t *testing.T) {
	vault := startVault(t)
	vault.write(t, "sys/mounts/transit", `{"type":"transit"}`)
	vault.write(t, "transit/keys/ci", `{}`)
	world(t, map[string]string{"VAULT_TOKEN": vault.token, "VAULT_ADDR": vault.address})
	file := encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, transitKey(t, vault))
	vault.write(t, "sys/policies/acl/none", `{"policy":""}`)
	vault.write(t, "auth/token/create", `{"id":"hvs-poor-`+fetchtest.Canary+`","policies":["none"],"no_default_policy":true}`)
	root := fetchtest.Root(t, map[string][]byte{"a.yaml": file})
	getenv := world(t, map[string]string{"VAULT_TOKEN": "hvs-poor-" + fetchtest.Canary, "VAULT_ADDR": vault.address})
	_, err := read(t, fetch.Env{Getenv: getenv, Root: root}, "a.yaml", nil)
	wantError(t, err, "the service said: status 403: denied")
	vault.write(t, "sys/seal", "")
	_, err = read(t, fetch.Env{Getenv: getenv, Root: root}, "a.yaml", nil)
	wantError(t, err, "status 503: unavailable")
}
