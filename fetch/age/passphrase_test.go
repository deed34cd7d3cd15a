package age_test

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	filage "filippo.io/age"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/age"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// byPassphrase encrypts with little work: age's own figure takes a second.
func byPassphrase(t *testing.T, passphrase, text string) []byte {
	t.Helper()
	r, err := filage.NewScryptRecipient(passphrase)
	must(t, err)
	r.SetWorkFactor(5)
	return seal(t, r, text)
}

func read(t *testing.T, env fetch.Env, path string) (string, error) {
	t.Helper()
	src, err := age.Kind().Open(t.Context(), env)
	if err != nil {
		return "", err
	}
	doc, err := src.Read(t.Context(), path, url.Values{})
	return string(doc.Data), err
}

func TestFilesWithPassphrase(t *testing.T) {
	key := newKey(t)
	heavy := strings.Replace(string(byPassphrase(t, "word", fetchtest.Canary)), " 5\n", " 30\n", 1)
	root := fetchtest.Root(t, map[string][]byte{
		"token.age": byPassphrase(t, "word", fetchtest.Canary), "armored.age": armored(t, byPassphrase(t, "word", fetchtest.Canary)), "heavy.age": []byte(heavy),
		"key.age": byPassphrase(t, "word", key.String()+"\n"), "key.asc": armored(t, byPassphrase(t, "word", key.String()+"\n")),
		"for-key.age": seal(t, key.Recipient(), fetchtest.Canary), "word": []byte("word\n"), "id": []byte(key.String()), "plain.age": []byte("$ANSIBLE_VAULT;1.1;AES256\n"),
	})
	at := func(name string) string { return filepath.Join(root.Name(), name) }
	for _, c := range []struct {
		why    string
		vars   map[string]string
		config map[string]any
		path   string
		err    string
	}{
		{"a variable, no identity", map[string]string{"MASKRUN_AGE_PASSPHRASE": "word"}, nil, "token.age", ""},
		{"the variable of age's batchpass plugin", map[string]string{"AGE_PASSPHRASE": "word"}, nil, "armored.age", ""},
		{"a file", map[string]string{"MASKRUN_AGE_PASSPHRASE_FILE": at("word")}, nil, "token.age", ""},
		{"the configuration", nil, map[string]any{"passphrase_file": "word"}, "token.age", ""},
		{"beside an identity that is for others", map[string]string{"MASKRUN_AGE_PASSPHRASE": "word", "SOPS_AGE_KEY": key.String()}, nil, "token.age", ""},
		{"an identity, no passphrase asked", map[string]string{"SOPS_AGE_KEY": key.String()}, nil, "for-key.age", ""},
		{"an identity file with a passphrase", map[string]string{"MASKRUN_AGE_PASSPHRASE": "word", "MASKRUN_AGE_IDENTITY_FILE": at("key.age")}, nil, "for-key.age", ""},
		{"the same, armored", map[string]string{"MASKRUN_AGE_PASSPHRASE": "word", "MASKRUN_AGE_IDENTITY_FILE": at("key.asc")}, nil, "for-key.age", ""},
		{"none", nil, nil, "token.age", "no passphrase is given: set MASKRUN_AGE_PASSPHRASE, "},
		{"none for the identity", map[string]string{"MASKRUN_AGE_IDENTITY_FILE": at("key.age")}, nil, "for-key.age", "the identity is itself encrypted: no passphrase is given"},
		{"another one", map[string]string{"MASKRUN_AGE_PASSPHRASE": fetchtest.Canary}, nil, "token.age", "the passphrase given does not open this file"},
		{"another one for the identity", map[string]string{"MASKRUN_AGE_PASSPHRASE": fetchtest.Canary, "MASKRUN_AGE_IDENTITY_FILE": at("key.age")}, nil, "for-key.age", "does not open this file"},
		{"a file that asks for gigabytes", map[string]string{"MASKRUN_AGE_PASSPHRASE": "word"}, nil, "heavy.age", "more work than age does"},
		{"a file for an identity", map[string]string{"MASKRUN_AGE_PASSPHRASE": "word"}, nil, "for-key.age", "none given: set MASKRUN_AGE_IDENTITY_FILE"},
		{"a file for another store", map[string]string{"MASKRUN_AGE_PASSPHRASE": "word"}, nil, "plain.age", "read it with ansible-vault://"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := read(t, fetch.Env{Root: root, Getenv: fetchtest.Getenv(c.vars), Config: c.config}, c.path)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v", err)
			}
			if err == nil && got != fetchtest.Canary {
				t.Error("wrong value")
			}
			fetchtest.NoCanary(t, err)
			var ask *fetch.PassphraseError
			if errors.As(err, &ask) != strings.HasPrefix(c.why, "none") {
				t.Errorf("a person is asked, or not: %v", err)
			}
		})
	}
}

// FAULTS 96, 97.
func TestDamage(t *testing.T) {
	key := newKey(t)
	vars := map[string]string{"MASKRUN_AGE_PASSPHRASE": "word", "SOPS_AGE_KEY": key.String()}
	good := seal(t, key.Recipient(), fetchtest.Canary)
	for why, sealed := range map[string][]byte{"key": good, "armored": armored(t, good), "passphrase": byPassphrase(t, "word", fetchtest.Canary)} {
		t.Run(why, func(t *testing.T) {
			fetchtest.Damage(t, sealed, false, func(sealed []byte) ([]byte, error) {
				got, err := read(t, fetch.Env{Root: fetchtest.Root(t, map[string][]byte{"f.age": sealed}), Getenv: fetchtest.Getenv(vars)}, "f.age")
				return []byte(got), err
			})
		})
	}
}
