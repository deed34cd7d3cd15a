package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is encrypted is told apart from garbage, and the remedy named.
func TestSealed(t *testing.T) {
	for _, c := range []struct{ why, data, want string }{
		{"age", "age-encryption.org/v1\n-> X25519 x", "age://"},
		{"age, armored, after a blank line", "\n-----BEGIN AGE ENCRYPTED FILE-----\n", "age://"},
		{"ansible-vault", "$ANSIBLE_VAULT;1.2;AES256;dev\n", "ansible-vault://"},
		{"openssl", "Salted__12345678", "openssl://"},
		{"openssl -a", "U2FsdGVkX1+abc", "openssl://"},
		{"gpg -a", "-----BEGIN PGP MESSAGE-----\n", "gpg, BlackBox and pass"},
		{"gpg, for an RSA key", "\x85\x02\x0c\x03ABCDEFGH", "gpg, BlackBox and pass"},
		{"gpg, for an X25519 key", "\x84\x5e\x03ABCDEFGH", "gpg, BlackBox and pass"},
		{"gpg, by passphrase", "\x8c\x0d\x04\x09\x03\x08ABC", "gpg, BlackBox and pass"},
		{"new header, two bytes of length", "\xc1\xc0\x4c\x03ABCDEFGH", "gpg, BlackBox and pass"},
		{"git-crypt", "\x00GITCRYPT\x00123456789012", "git-crypt unlock"},
		{"sops", "a: ENC[AES256_GCM,data:x,iv:y]\nsops: {}", "sops://"},
		{"text", "a: b\n", ""},
		{"random bytes", "\x85\x85\x85\x85\x85\x85", ""},
		{"nothing", "", ""},
		{"one byte", "\x85", ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			got := Sealed([]byte(c.data))
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// A checkout that nobody unlocked: every store that reads files says so.
func TestGitCrypt(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x.env"), []byte("\x00GITCRYPT\x00123456789012abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	_, err = Env{Root: root}.ReadFile("x.env")
	if !errors.Is(err, ErrDenied) || !strings.Contains(err.Error(), "git-crypt unlock") {
		t.Errorf("got %v", err)
	}
}

// A value under !vault is opened by the document, or named: its text is no value.
func TestVaultTag(t *testing.T) {
	const doc = "a: !vault |\n  $ANSIBLE_VAULT\nb: {c: !vault xyz, d: 1}\n"
	upper := func(b []byte) ([]byte, error) { return []byte(strings.ToUpper(string(b))), nil }
	fail := func([]byte) ([]byte, error) { return nil, ErrDenied }
	for _, c := range []struct {
		why, field string
		unseal     func([]byte) ([]byte, error)
		want, err  string
	}{
		{"a plain YAML file", "a", nil, "", "field /a is encrypted with ansible-vault: read it with ansible-vault://"},
		{"inside of what is selected", "b", nil, "", "a value inside is encrypted"},
		{"opened", "a", upper, "$ANSIBLE_VAULT\n", ""},
		{"opened inside", "b", upper, `{"c":"XYZ","d":1}`, ""},
		{"not to be opened", "a", fail, "", "field /a: denied"},
		{"nothing selected", "", upper, "", "name one after #"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := (&reading{doc: Document{Data: []byte(doc), Format: YAML, Unseal: c.unseal}}).field(Ref{Field: c.field})
			if string(got) != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}
