package ansiblevault_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/ansiblevault"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

const binary = fetchtest.Canary + "\x00\xff\n"

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// files are the samples, and some that are none.
func files(t *testing.T) map[string][]byte {
	all := map[string][]byte{
		"plain.yml": []byte("a: " + fetchtest.Canary),
		"age":       []byte("age-encryption.org/v1\n-> X25519 " + fetchtest.Canary),
		"old":       []byte("$ANSIBLE_VAULT;1.0;AES\n" + fetchtest.Canary),
		"header":    []byte("$ANSIBLE_VAULT;1.1;AES256\n"),
		"huge":      make([]byte, fetch.MaxDocument+1),
	}
	for _, name := range []string{"whole.yml", "dev.env", "binary", "inline.yml", "TEST-ONLY-password.txt", "TEST-ONLY-dev.txt"} {
		all[name] = sample(t, name)
	}
	return all
}

func TestConformance(t *testing.T) {
	fetchtest.Run(t, fetchtest.Harness{
		Kind:     ansiblevault.Kind(),
		Env:      fetch.Env{Root: fetchtest.Root(t, files(t)), Getenv: fetchtest.Getenv(map[string]string{"ANSIBLE_VAULT_PASSWORD": "password of the tests"})},
		NoServer: true, Path: "binary", Want: []byte(binary), Missing: "absent", Denied: "dev.env", Oversize: "huge",
		Hostile: []string{"plain.yml", "age", "old", "header"},
	})
}

// FAULTS 96.
func TestDamage(t *testing.T) {
	for _, name := range []string{"whole.yml", "dev.env"} {
		fetchtest.Damage(t, sample(t, name), false, func(sealed []byte) ([]byte, error) {
			env := fetch.Env{
				Root:   fetchtest.Root(t, map[string][]byte{"f": sealed, "dev": sample(t, "TEST-ONLY-dev.txt")}),
				Getenv: fetchtest.Getenv(map[string]string{"ANSIBLE_VAULT_PASSWORD": "password of the tests"}),
				Config: map[string]any{"vault_ids": []any{"dev@dev"}},
			}
			src, err := ansiblevault.Kind().Open(t.Context(), env)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := src.Read(t.Context(), "f", url.Values{})
			return doc.Data, err
		})
	}
}

// resolve reads one reference as maskrun does.
func resolve(t *testing.T, env fetch.Env, trusted bool, ref string) (string, error) {
	t.Helper()
	r, err := fetch.ParseRef(ref)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := fetch.NewResolver(env, ansiblevault.Kind()).Resolve(t.Context(), []fetch.Request{{Name: "X", Ref: r, Trusted: trusted}})
	fetchtest.NoCanary(t, err)
	if err != nil {
		return "", err
	}
	return string(secrets[0].Value.Reveal()), nil
}

// What of a file is read, and what is said of the rest.
func TestValues(t *testing.T) {
	env := fetch.Env{
		Root: fetchtest.Root(t, files(t)),

		Config: map[string]any{"ansible-vault": map[string]any{"vault_ids": []any{"dev@TEST-ONLY-dev.txt"}}},
	}
	env.Getenv = fetchtest.Getenv(map[string]string{"ANSIBLE_VAULT_PASSWORD_FILE": filepath.Join(env.Root.Name(), "TEST-ONLY-password.txt")})
	for _, c := range []struct{ why, ref, want, err string }{
		{"a field of a whole file", "ansible-vault://whole.yml#/db/password", fetchtest.Canary, ""},
		{"a number keeps its spelling", "ansible-vault://whole.yml#/db/port", "5432", ""},
		{"1.2, by vault id", "ansible-vault://dev.env#TOKEN", fetchtest.Canary, ""},
		{"an encrypted value", "ansible-vault://inline.yml#password", fetchtest.Canary, ""},
		{"a value beside it that is not", "ansible-vault://inline.yml#user", "app", ""},
		{"in a list, 1.2, two lines", "ansible-vault://inline.yml#/nested/list/1", "two\n" + fetchtest.Canary + ` "quoted" ä`, ""},
		{"a list as JSON", "ansible-vault://inline.yml#/nested", `{"list":["plain","two\n` + fetchtest.Canary + ` \"quoted\" ä"]}`, ""},
		{"a value that is none", "ansible-vault://inline.yml#other", "", "field /other: not made by ansible-vault"},
		{"the whole file when only values are encrypted", "ansible-vault://inline.yml", "", "name one after #"},
		{"a plain file", "ansible-vault://plain.yml#a", "", "neither the file nor a value in it is encrypted"},
		{"a file for another store", "ansible-vault://age#a", "", "read it with age://"},
		{"what nobody writes any more", "ansible-vault://old", "", "cipher of this ansible-vault file is not AES256"},
		{"cut after the header", "ansible-vault://header", "", "damaged or cut short"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := resolve(t, env, false, c.ref)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}

// Where passwords come from.
func TestPasswords(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("scripts of a shell")
	}
	all := files(t)
	all["empty"], all["key"] = []byte("\n"), all["TEST-ONLY-dev.txt"]
	root := fetchtest.Root(t, all)
	for name, text := range map[string]string{
		"script":         "#!/bin/sh\necho; echo 'the other one'\n",
		"vault-client":   "#!/bin/sh\n[ \"$1 $2\" = '--vault-id dev' ] && echo 'the other one'\n",
		"failing-client": "#!/bin/sh\necho " + fetchtest.Canary + " >&2; echo " + fetchtest.Canary + "; exit 3\n",
		"endless":        "#!/bin/sh\nyes\n",
	} {
		if err := os.WriteFile(filepath.Join(root.Name(), name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(root.Name(), name) }
	for _, c := range []struct {
		why     string
		vars    map[string]string
		config  map[string]any
		trusted bool
		err     string
	}{
		{"the text", map[string]string{"ANSIBLE_VAULT_PASSWORD": "the other one\n"}, nil, false, ""},
		{"a file", map[string]string{"ANSIBLE_VAULT_PASSWORD_FILE": at("key")}, nil, false, ""},
		{"a script", map[string]string{"ANSIBLE_VAULT_PASSWORD_FILE": at("script")}, nil, false, ""},
		{"a list of vault ids", map[string]string{"ANSIBLE_VAULT_IDENTITY_LIST": "prod@" + at("TEST-ONLY-password.txt") + ", dev@" + at("key")}, nil, false, ""},
		{"the id of the list is no condition", map[string]string{"ANSIBLE_VAULT_IDENTITY_LIST": "prod@" + at("key")}, nil, false, ""},
		{"a client script is told the id", map[string]string{"ANSIBLE_VAULT_IDENTITY_LIST": "dev@" + at("vault-client")}, nil, false, ""},
		{"an entry that asks a person is passed over", map[string]string{"ANSIBLE_VAULT_IDENTITY_LIST": "dev@prompt,dev@" + at("key")}, nil, false, ""},
		{"the configuration", nil, map[string]any{"password_file": "key"}, false, ""},
		{"a list in the configuration", nil, map[string]any{"vault_ids": []any{"x@TEST-ONLY-password.txt", "dev@key"}}, false, ""},
		{"outside, trusted", nil, map[string]any{"password_file": at("key")}, true, ""},
		{"outside, untrusted", nil, map[string]any{"password_file": "/etc/hostname"}, false, "needs --trust-config"},
		{"a script of the configuration, trusted", nil, map[string]any{"password_file": "script"}, true, ""},
		{"a script of the configuration, untrusted", nil, map[string]any{"password_file": "script"}, false, "needs --trust-config"},
		{"nothing", nil, nil, false, "no passphrase is given: set ANSIBLE_VAULT_PASSWORD"},
		{"only prompts", map[string]string{"ANSIBLE_VAULT_IDENTITY_LIST": "dev@prompt"}, nil, false, "no passphrase is given"},
		{"a wrong one", map[string]string{"ANSIBLE_VAULT_PASSWORD": fetchtest.Canary}, nil, false, "no password at hand opens it (its vault id is dev)"},
		{"a file that is not there", map[string]string{"ANSIBLE_VAULT_PASSWORD_FILE": at("none")}, nil, false, "ANSIBLE_VAULT_PASSWORD_FILE: read file"},
		{"an empty file", map[string]string{"ANSIBLE_VAULT_PASSWORD_FILE": at("empty")}, nil, false, "gives no password"},
		{"a script that fails", map[string]string{"ANSIBLE_VAULT_PASSWORD_FILE": at("failing-client")}, nil, false, "exit status 3"},
		{"a script without end", map[string]string{"ANSIBLE_VAULT_PASSWORD_FILE": at("endless")}, nil, false, "endless"},
		{"a vault id without a file", map[string]string{"ANSIBLE_VAULT_IDENTITY_LIST": "dev@"}, nil, false, "want ID@FILE"},
		{"a typing error", nil, map[string]any{"pasword_file": "key"}, false, "unknown key"},
		{"no file name", nil, map[string]any{"password_file": 5}, false, "not a file name"},
	} {
		t.Run(c.why, func(t *testing.T) {
			env := fetch.Env{Root: root, Getenv: fetchtest.Getenv(c.vars), Config: map[string]any{"ansible-vault": c.config}, ConfigTrusted: c.trusted}
			// The reference is trusted, as one of the command line is: that says nothing of the configuration.
			got, err := resolve(t, env, true, "ansible-vault://dev.env#TOKEN")
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v", err)
			}
			if err == nil && got != fetchtest.Canary {
				t.Error("wrong value")
			}
			if errors.Is(err, fetch.ErrNotFound) {
				t.Error("is ErrNotFound, which optional=true would forgive")
			}
		})
	}
}
