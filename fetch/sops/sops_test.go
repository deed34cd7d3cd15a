package sops_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	filippo "filippo.io/age"
	sdk "github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/cmd/sops/common"
	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/logging"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/sops"
)

const testKey = "testdata/TEST-ONLY-age-key.txt"

// world gives an environment for store and SDK alike, in which only vars are set.
func world(t *testing.T, vars map[string]string) func(string) string {
	t.Helper()
	empty := t.TempDir()
	all := map[string]string{"HOME": empty, "XDG_CONFIG_HOME": empty, "TMPDIR": filepath.Join(empty, "tmp"), "PATH": empty, "AWS_CA_BUNDLE": ""}
	if err := os.Mkdir(all["TMPDIR"], 0o700); err != nil {
		t.Fatal(err)
	}
	for k, v := range vars {
		all[k] = v
	}
	for k, v := range all {
		t.Setenv(k, v)
	}
	return fetchtest.Getenv(all)
}

func newIdentity(t *testing.T) *filippo.X25519Identity {
	t.Helper()
	id, err := filippo.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// encrypt makes a sops file of plain for the given keys, with the SDK.
func encrypt(t *testing.T, format formats.Format, plain string, group ...keys.MasterKey) []byte {
	t.Helper()
	store := common.StoreForFormat(format, config.NewStoresConfig())
	branches, err := store.LoadPlainFile([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	tree := sdk.Tree{Branches: branches, Metadata: sdk.Metadata{KeyGroups: []sdk.KeyGroup{group}, Version: "3.13.3", LastModified: time.Now()}}
	dataKey := bytes.Repeat([]byte{7}, 32)
	for _, k := range group {
		if len(k.EncryptedDataKey()) > 0 { // a test made it up
			continue
		}
		if err := k.Encrypt(dataKey); err != nil {
			t.Fatal(err)
		}
	}
	if err := common.EncryptTree(common.EncryptTreeOpts{Tree: &tree, Cipher: aes.NewCipher(), DataKey: dataKey}); err != nil {
		t.Fatal(err)
	}
	out, err := store.EmitEncryptedFile(tree)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func recipient(t *testing.T, id *filippo.X25519Identity) keys.MasterKey {
	t.Helper()
	k, err := age.MasterKeyFromRecipient(id.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestConformance(t *testing.T) {
	id := newIdentity(t)
	getenv := world(t, map[string]string{"SOPS_AGE_KEY": id.String()})
	value := fetchtest.Canary + "\x00\xff\n"
	fetchtest.Run(t, fetchtest.Harness{
		Kind: sops.Kind(),
		Env: fetch.Env{Getenv: getenv, Root: fetchtest.Root(t, map[string][]byte{
			"token":   encrypt(t, formats.Binary, value, recipient(t, id)),
			"foreign": encrypt(t, formats.Binary, value, recipient(t, newIdentity(t))),
			"plain":   []byte(`{"data":"` + fetchtest.Canary + `"}`),
			"huge":    make([]byte, fetch.MaxDocument+1),
		})},
		NoServer: true, Path: "token", Want: []byte(value), Missing: "absent", Denied: "foreign", Oversize: "huge", Hostile: []string{"plain"},
	})
}

// Files made by the sops program itself, in every format.
func TestRealFiles(t *testing.T) {
	getenv := world(t, nil)
	root, err := os.OpenRoot("testdata")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var warnings []string
	r := fetch.NewResolver(fetch.Env{
		Getenv: getenv, Root: root, Warn: func(msg string) { warnings = append(warnings, msg) },
		Config: map[string]any{"sops": map[string]any{"age_key_file": filepath.Base(testKey)}},
	}, sops.Kind())
	defer r.Close()
	for _, c := range []struct{ why, ref, want string }{
		{"a key of yaml", "sops://made.yaml#/db/password", fetchtest.Canary},
		{"a number keeps its spelling", "sops://made.yaml#/db/port", "5432"},
		{"an element of a list", "sops://made.yaml#/db/hosts/1", "two"},
		{"several lines", "sops://made.yaml#/tls", "line one " + fetchtest.Canary + "\nline two\n"},
		{"a key that yaml 1.1 would take for a boolean", "sops://made.yaml#/on", "no"},
		{"json", "sops://made.json#/db/password", fetchtest.Canary},
		{"a slash in a key", "sops://made.json#/db/a~1b", "slash"},
		{"a boolean", "sops://made.json#/db/on", "true"},
		{"dotenv", "sops://made.env#PASSWORD", fetchtest.Canary},
		{"no comment without a blank before it", "sops://made.env#WITH_HASH", "a#b"},
		{"ini", "sops://made.ini#db/password", fetchtest.Canary},
		{"a whole binary file", "sops://made.bin", fetchtest.Canary + "\x00\xffbinary\n"},
		{"the prefix that vals uses", "ref+sops://made.yaml#/db/password", fetchtest.Canary},
		{"the format by name", "sops://made.yaml?format=yaml#/db/password", fetchtest.Canary},
		{"the mac over encrypted values only", "sops://partly.yaml#/token", fetchtest.Canary},
		{"a value that is not encrypted", "sops://partly.yaml#/name_unencrypted", "open"},
		{"two of three key groups", "sops://groups.json#/db/password", fetchtest.Canary},
	} {
		t.Run(c.why, func(t *testing.T) {
			ref, err := fetch.ParseRef(c.ref)
			if err != nil {
				t.Fatal(err)
			}
			secrets, err := r.Resolve(t.Context(), []fetch.Request{{Name: "X", Ref: ref}})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(secrets[0].Value.Reveal()); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if secrets[0].Version == "" {
				t.Error("no version: the file says when it was modified")
			}
		})
	}
}

// The document is what `sops decrypt` prints: partial edits of the file are errors. FAULTS 97.
func TestSpoilt(t *testing.T) {
	id, other := newIdentity(t), newIdentity(t)
	plain := "token: " + fetchtest.Canary + "\nuser: someone\nopen_unencrypted: " + fetchtest.Canary + "\n"
	good := string(encrypt(t, formats.Yaml, plain, recipient(t, id)))
	replace := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the file has no %q", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	token, user := line(good, "token: "), line(good, "user: ")
	for _, c := range []struct{ why, name, file, want string }{
		{"the mac is another", "a.yaml", replace(line(good, "    mac: "), "    mac: "+strings.TrimPrefix(token, "token: ")), "mac does not match"},
		{"the mac is gone", "a.yaml", replace(line(good, "    mac: ")+"\n", ""), "mac does not match"},
		{"the mac is empty", "a.yaml", replace(line(good, "    mac: "), `    mac: ""`), "mac does not match"},
		{"a plain value was changed", "a.yaml", replace("open_unencrypted: ", "open_unencrypted: x"), "mac does not match"},
		{"a key was deleted", "a.yaml", replace(user+"\n", ""), "mac does not match"},
		{"the date that the mac is bound to was changed", "a.yaml", replace(line(good, "    lastmodified: "), `    lastmodified: "2020-01-01T00:00:00Z"`), "mac does not match"},
		{"two values were swapped", "a.yaml", replace(token, "token: "+strings.TrimPrefix(user, "user: ")), "cannot be decrypted"},
		{"a value was written in plain", "a.yaml", replace(token, "token: "+fetchtest.Canary), "cannot be decrypted"},
		{"a value is no longer text", "a.yaml", replace(token, "token: 12"), "cannot be decrypted"},
		{"nobody may open it", "a.yaml", replace("    age:\n", "    other:\n"), "cannot be read as a sops file"},
		{"the key is damaged", "a.yaml", replace("-----BEGIN AGE ENCRYPTED FILE-----", "-----BEGIN AGE"), "no key opens it: age"},
		{"not encrypted at all", "a.yaml", plain, "not encrypted with sops"},
		{"the wrong extension", "a.json", good, "cannot be read as a sops file of format json"},
		{"a line that is no dotenv", "a.env", fetchtest.Canary, "cannot be read"},
		{"cut in the middle", "a.yaml", good[:len(good)/2], "sops file a.yaml"},
		{"empty", "a.yaml", "", "sops file a.yaml"},
		{"for somebody else", "a.yaml", string(encrypt(t, formats.Yaml, plain, recipient(t, other))), "none of the identities in SOPS_AGE_KEY is a recipient"},
	} {
		t.Run(c.why, func(t *testing.T) {
			getenv := world(t, map[string]string{"SOPS_AGE_KEY": id.String()})
			root := fetchtest.Root(t, map[string][]byte{c.name: []byte(c.file)})
			_, err := read(t, fetch.Env{Getenv: getenv, Root: root}, c.name, nil)
			wantError(t, err, c.want)
			wantError(t, err, c.name)
			if left, _ := os.ReadDir(getenv("TMPDIR")); len(left) > 0 {
				t.Errorf("left in the temporary directory: %v", left)
			}
		})
	}
}

func read(t *testing.T, env fetch.Env, path string, params url.Values) (fetch.Document, error) {
	t.Helper()
	src, err := sops.Kind().Open(t.Context(), env)
	if err != nil {
		return fetch.Document{}, err
	}
	return src.Read(t.Context(), path, params)
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("error %v, want one with %q", err, want)
	}
	if strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("more than one line: %q", err)
	}
	fetchtest.NoCanary(t, err)
}

// line is the first line of text that begins with prefix.
func line(text, prefix string) string {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, prefix) {
			return strings.TrimSuffix(l, "\n")
		}
	}
	return "no such line: " + prefix
}

// Where age identities come from, and what is said when they do not help.
func TestIdentities(t *testing.T) {
	id := newIdentity(t)
	files := map[string][]byte{
		"a.yaml":    encrypt(t, formats.Yaml, "token: "+fetchtest.Canary, recipient(t, id)),
		"key.txt":   []byte("# made today\r\n" + id.String() + "\r\n"),
		"other.txt": []byte(newIdentity(t).String() + "\n"),
		"bad.txt":   []byte("AGE-SECRET-KEY-1" + fetchtest.Canary + "\n"),
	}
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root := fetchtest.Root(t, files)
	config := func(v any) map[string]any { return map[string]any{"age_key_file": v} }
	for _, c := range []struct {
		why     string
		vars    map[string]string
		config  map[string]any
		trusted bool
		want    string // of the error; empty for success
	}{
		{"nothing", nil, nil, false, "no identity is given: set SOPS_AGE_KEY"},
		{"text", map[string]string{"SOPS_AGE_KEY": id.String()}, nil, false, ""},
		{"a file, as sops does", map[string]string{"SOPS_AGE_KEY_FILE": filepath.Join(dir, "key.txt")}, nil, false, ""},
		{"a command, as sops does", map[string]string{"SOPS_AGE_KEY_CMD": "/bin/echo " + id.String()}, nil, false, ""},
		{"our variable", map[string]string{"MASKRUN_AGE_IDENTITY_FILE": filepath.Join(dir, "key.txt")}, nil, false, ""},
		{"the configuration", nil, config("key.txt"), false, ""},
		{"a list", nil, config([]any{"other.txt", "key.txt"}), false, ""},
		{"the block of the store age", nil, map[string]any{"age": map[string]any{"identity": "key.txt"}}, false, ""},
		{"ours do not help, sops's do", map[string]string{"SOPS_AGE_KEY": id.String()}, config("other.txt"), false, ""},
		{"none helps", map[string]string{"SOPS_AGE_KEY": newIdentity(t).String()}, config("other.txt"), false, "in stores.sops, SOPS_AGE_KEY is a recipient"},
		{"an untrusted configuration names any file", nil, config(filepath.Join(dir, "key.txt")), false, "stores.sops: read file"},
		{"a trusted one may", nil, config(filepath.Join(dir, "key.txt")), true, ""},
		{"a key file that is not there is no missing secret", map[string]string{"SOPS_AGE_KEY_FILE": filepath.Join(dir, "none")}, nil, false, "SOPS_AGE_KEY_FILE: read file"},
		{"nor is ours", map[string]string{"MASKRUN_AGE_IDENTITY_FILE": filepath.Join(dir, "none")}, nil, false, "MASKRUN_AGE_IDENTITY_FILE: read file"},
		{"no identity in the file", nil, config("bad.txt"), false, "holds something that is not an age identity"},
		{"no identity in the text", map[string]string{"SOPS_AGE_KEY": "AGE-SECRET-KEY-1" + fetchtest.Canary}, nil, false, "no usable identity in SOPS_AGE_KEY"},
		{"a typing error", nil, map[string]any{"age_keyfile": "x"}, false, "stores.sops.age_keyfile: unknown key"},
		{"no file name", nil, config(12), false, "stores.sops.age_key_file is not a file name"},
	} {
		t.Run(c.why, func(t *testing.T) {
			getenv := world(t, c.vars)
			doc, err := read(t, fetch.Env{Getenv: getenv, Root: root, Config: c.config, Trusted: true, ConfigTrusted: c.trusted}, "a.yaml", nil)
			if c.want == "" {
				if err != nil || !bytes.Contains(doc.Data, []byte(fetchtest.Canary)) {
					t.Errorf("not read: %v", err)
				}
				return
			}
			wantError(t, err, c.want)
			if errors.Is(err, fetch.ErrNotFound) {
				t.Error("is ErrNotFound, which optional=true would forgive")
			}
		})
	}
}

func TestParameters(t *testing.T) {
	id := newIdentity(t)
	env := fetch.Env{Getenv: world(t, map[string]string{"SOPS_AGE_KEY": id.String()}),
		Root: fetchtest.Root(t, map[string][]byte{"secrets": encrypt(t, formats.Dotenv, "A="+fetchtest.Canary+"\n", recipient(t, id))})}
	doc, err := read(t, env, "secrets", url.Values{"format": {"dotenv"}})
	if err != nil || doc.Format != fetch.Dotenv {
		t.Errorf("format=dotenv: format %q, error %v", doc.Format, err)
	}
	_, err = read(t, env, "secrets", url.Values{"format": {"toml"}})
	wantError(t, err, "unknown format: want yaml")
	_, err = read(t, env, "secrets", nil)
	wantError(t, err, "cannot be read as a sops file of format binary")
}

// A pull request brings a file whose key is in a Vault of its author: the job's
// token must not be sent there.
func TestForeignVault(t *testing.T) {
	var asked int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Error(w, `{"errors":["no"]}`, http.StatusForbidden)
	}))
	defer server.Close()
	vault := &hcvault.MasterKey{VaultAddress: server.URL, EnginePath: "transit", KeyName: "k", EncryptedKey: "vault:v1:x", CreationDate: time.Now()}
	file := encrypt(t, formats.Yaml, "a: "+fetchtest.Canary, vault)
	for _, c := range []struct {
		why     string
		vars    map[string]string
		trusted bool
		asked   bool
	}{
		{"untrusted", nil, false, false},
		{"untrusted, another Vault is ours", map[string]string{"VAULT_ADDR": "https://vault.example.com"}, false, false},
		{"our own Vault", map[string]string{"VAULT_ADDR": server.URL + "/"}, false, true},
		{"a Vault on sops's own list", map[string]string{"SOPS_HC_VAULT_ALLOWLIST": server.URL}, false, true},
		{"not on sops's own list", map[string]string{"SOPS_HC_VAULT_ALLOWLIST": "https://vault.example.com"}, false, false},
		{"trusted", nil, true, true},
	} {
		t.Run(c.why, func(t *testing.T) {
			asked = 0
			vars := map[string]string{"VAULT_TOKEN": fetchtest.Canary}
			for k, v := range c.vars {
				vars[k] = v
			}
			_, err := read(t, fetch.Env{Getenv: world(t, vars), Trusted: c.trusted, Root: fetchtest.Root(t, map[string][]byte{"a.yaml": file})}, "a.yaml", nil)
			wantError(t, err, "no key opens it: hc_vault")
			if (asked > 0) != c.asked {
				t.Errorf("the server was asked %d times: %v", asked, err)
			}
		})
	}
}

// The SDK logs comments that are not encrypted, and whatever else it likes.
func TestSilent(t *testing.T) {
	if _, err := sops.Kind().Open(t.Context(), fetch.Env{Getenv: world(t, nil)}); err != nil {
		t.Fatal(err)
	}
	for name, l := range logging.Loggers {
		if l.Out != io.Discard {
			t.Errorf("logger %s writes to %s", name, fmt.Sprintf("%T", l.Out))
		}
	}
}

// authority is the certificate of a server, in PEM.
func authority(s *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}
