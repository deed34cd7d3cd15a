//go:build servers && unix

package sops_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/hcvault"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/internal/vaulttest"
)

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
	sops := vaulttest.Program(t, "sops")
	vault := vaulttest.Start(t, nil)
	vault.Write(t, "sys/mounts/transit", map[string]any{"type": "transit"})
	vault.Write(t, "sys/mounts/team/transit", map[string]any{"type": "transit"})
	gnupg, fingerprint := newGPGHome(t)
	id := newIdentity(t)
	services := []struct {
		why, wantErr string
		args         []string
		vars         map[string]string // what opens it
	}{
		{"age", "age: no identity is given", []string{"--age", id.Recipient().String()}, map[string]string{"SOPS_AGE_KEY": id.String()}},
		{"pgp", "pgp key " + fingerprint + ": gpg and its agent cannot use it", []string{"--pgp", fingerprint}, map[string]string{"GNUPGHOME": gnupg}},
		{"transit", "hc_vault key: the service said: status 403: denied", []string{"--hc-vault-transit", vault.Address + "/v1/transit/keys/ci"}, map[string]string{"VAULT_TOKEN": vault.Token}},
		{"transit, a longer mount", "hc_vault key: the service said: status 403: denied", []string{"--hc-vault-transit", vault.Address + "/v1/team/transit/keys/ci-2"}, map[string]string{"VAULT_TOKEN": vault.Token}},
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
				cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "VAULT_TOKEN="+vault.Token, "GNUPGHOME="+gnupg, "SOPS_AGE_KEY="+id.String())
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
			vars := map[string]string{"VAULT_ADDR": vault.Address, "PATH": path}
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

			port := line(string(files["a.yaml"]), "    port: ") // left out
			tampered := bytes.Replace(files["a.yaml"], []byte(port+"\n"), nil, 1)
			_, err := read(t, fetch.Env{Getenv: env.Getenv, Root: fetchtest.Root(t, map[string][]byte{"t.yaml": tampered})}, "t.yaml", nil)
			wantError(t, err, "the file was changed after it was encrypted")

			none := world(t, map[string]string{"VAULT_ADDR": vault.Address, "PATH": path, "GNUPGHOME": t.TempDir(), "VAULT_TOKEN": "no-such-token", "SOPS_AGE_KEY": ""})
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

// A token that may not use the key, a Vault that is sealed, one with a certificate
// of its own. FAULTS 87, 89.
func TestRealTransit(t *testing.T) {
	vault := vaulttest.Start(t, &vaulttest.Options{TLS: true})
	vault.Write(t, "sys/mounts/transit", map[string]any{"type": "transit"})
	vault.Write(t, "transit/keys/ci", map[string]any{})
	vault.Write(t, "sys/policies/acl/none", map[string]any{"policy": `path "secret/x" { capabilities = ["read"] }`})
	poor := "hvs-" + fetchtest.Canary
	vault.Write(t, "auth/token/create", map[string]any{"id": poor, "policies": []string{"none"}, "no_default_policy": true})
	vars := func(token string, more ...string) map[string]string {
		all := map[string]string{"VAULT_ADDR": vault.Address, "VAULT_TOKEN": token, "VAULT_CACERT": vault.CA}
		for i := 0; i < len(more); i += 2 {
			all[more[i]] = more[i+1]
		}
		return all
	}
	world(t, vars(vault.Token))
	root := fetchtest.Root(t, map[string][]byte{
		"a.yaml": encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, hcvault.NewMasterKey(vault.Address, "transit", "ci")),
	})
	try := func(vars map[string]string, want string) {
		t.Helper()
		doc, err := read(t, fetch.Env{Getenv: world(t, vars), Root: root}, "a.yaml", nil)
		if want != "" {
			wantError(t, err, want)
		} else if err != nil || !bytes.Contains(doc.Data, []byte(fetchtest.Canary)) {
			t.Errorf("not read: %v", err)
		}
	}
	try(vars(vault.Token), "")
	try(vars(poor), "the service said: status 403: denied")
	try(vars(vault.Token, "VAULT_CACERT", ""), "signed by an unknown authority")
	try(vars(vault.Token, "VAULT_CACERT", "", "VAULT_SKIP_VERIFY", "true"), "signed by an unknown authority")
	try(vars(vault.Token, "VAULT_CACERT", "/no/such/file"), "VAULT_CACERT: read file")
	vault.Write(t, "sys/seal", map[string]any{})
	try(vars(vault.Token), "status 503 Service Unavailable: unavailable")
}
