package gpg_test

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/s2k"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/gpg"
)

const text = fetchtest.Canary + "\x00\xff\n"

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T) *openpgp.Entity {
	t.Helper()
	k, err := openpgp.NewEntity("ci", "", "ci@example.com", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	must(t, err)
	return k
}

// private is the key as gpg exports it, under a passphrase if there is one.
func private(t *testing.T, k *openpgp.Entity, passphrase string) string {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PrivateKeyType, nil)
	must(t, err)
	must(t, k.SerializePrivate(w, nil))
	must(t, w.Close())
	if passphrase == "" {
		return b.String()
	}
	copies, err := openpgp.ReadArmoredKeyRing(&b)
	must(t, err)
	must(t, copies[0].EncryptPrivateKeys([]byte(passphrase), nil))
	b.Reset()
	w, err = armor.Encode(&b, openpgp.PrivateKeyType, nil)
	must(t, err)
	must(t, copies[0].SerializePrivateWithoutSigning(w, nil))
	must(t, w.Close())
	return b.String()
}

func public(t *testing.T, k *openpgp.Entity) string {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	must(t, err)
	must(t, k.Serialize(w))
	must(t, w.Close())
	return b.String()
}

func seal(t *testing.T, k *openpgp.Entity, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := openpgp.Encrypt(&b, []*openpgp.Entity{k}, nil, nil, nil, nil)
	must(t, err)
	_, err = io.WriteString(w, text)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func sealWith(t *testing.T, passphrase, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := openpgp.SymmetricallyEncrypt(&b, []byte(passphrase), nil, &packet.Config{S2KConfig: &s2k.Config{S2KMode: s2k.IteratedSaltedS2K, S2KCount: 65536}})
	must(t, err)
	_, err = io.WriteString(w, text)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func armored(t *testing.T, sealed []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, "PGP MESSAGE", map[string]string{"Version": "x"})
	must(t, err)
	_, err = w.Write(sealed)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

// noGPG hides the program gpg from the store: what it can do by itself is tested here.
func noGPG(t *testing.T) { t.Setenv("PATH", t.TempDir()) }

func TestConformance(t *testing.T) {
	noGPG(t)
	key := newKey(t)
	good := seal(t, key, text)
	root := fetchtest.Root(t, map[string][]byte{
		"token.gpg": good, "armored.asc": append([]byte("\n"), armored(t, good)...), "blackbox.txt.gpg": good,
		"foreign.gpg": seal(t, newKey(t), text), "huge.gpg": seal(t, key, strings.Repeat("x", fetch.MaxDocument+1)),
		"cut.gpg": good[:len(good)-3], "plain.gpg": []byte(fetchtest.Canary), "bad.asc": []byte("-----BEGIN PGP MESSAGE-----\n\n" + fetchtest.Canary),
		"age.gpg": []byte("age-encryption.org/v1\n" + fetchtest.Canary),
	})
	env := fetch.Env{Root: root, Getenv: fetchtest.Getenv(map[string]string{"MASKRUN_GPG_KEY": private(t, key, "")})}
	for _, path := range []string{"token.gpg", "armored.asc", "blackbox.txt"} {
		t.Run(path, func(t *testing.T) {
			fetchtest.Run(t, fetchtest.Harness{
				Kind: gpg.Kind(), Env: env, NoServer: true, Path: path, Want: []byte(text), Missing: "absent.gpg",
				Denied: "foreign.gpg", Oversize: "huge.gpg", Hostile: []string{"cut.gpg", "plain.gpg", "bad.asc", "age.gpg"},
			})
		})
	}
}

func read(t *testing.T, env fetch.Env, path string) ([]byte, error) {
	t.Helper()
	src, err := gpg.Kind().Open(t.Context(), env)
	if err != nil {
		return nil, err
	}
	doc, err := src.Read(t.Context(), path, url.Values{})
	return doc.Data, err
}

// FAULTS 97.
func TestDamage(t *testing.T) {
	noGPG(t)
	key := newKey(t)
	good := seal(t, key, text)
	vars := map[string]string{"MASKRUN_GPG_KEY": private(t, key, ""), "MASKRUN_GPG_PASSPHRASE": "word"}
	for why, sealed := range map[string][]byte{"binary": good, "armored": armored(t, good), "passphrase": sealWith(t, "word", text)} {
		t.Run(why, func(t *testing.T) {
			fetchtest.Damage(t, sealed, false, func(sealed []byte) ([]byte, error) {
				return read(t, fetch.Env{Root: fetchtest.Root(t, map[string][]byte{"f.gpg": sealed}), Getenv: fetchtest.Getenv(vars)}, "f.gpg")
			})
		})
	}
}

// Where the key and the passphrase come from, and what is said without them.
func TestKeys(t *testing.T) {
	noGPG(t)
	key := newKey(t)
	files := map[string][]byte{
		"f.gpg": seal(t, key, text), "s.gpg": sealWith(t, "word", text), "key": []byte(private(t, key, "")), "locked": []byte(private(t, key, "word")),
		"public": []byte(public(t, key)), "other": []byte(private(t, newKey(t), "")), "word": []byte("word\n"), "bad": []byte(fetchtest.Canary),
	}
	root := fetchtest.Root(t, files)
	at := func(name string) string { return filepath.Join(root.Name(), name) }
	for _, c := range []struct {
		why     string
		vars    map[string]string
		config  map[string]any
		trusted bool
		path    string
		err     string
	}{
		{"a variable", map[string]string{"MASKRUN_GPG_KEY": private(t, key, "")}, nil, false, "f.gpg", ""},
		{"a file", map[string]string{"MASKRUN_GPG_KEY_FILE": at("key")}, nil, false, "f.gpg", ""},
		{"the configuration", nil, map[string]any{"key_file": "key"}, false, "f.gpg", ""},
		{"a key with a passphrase", map[string]string{"MASKRUN_GPG_KEY_FILE": at("locked"), "MASKRUN_GPG_PASSPHRASE": "word"}, nil, false, "f.gpg", ""},
		{"both in files", map[string]string{"MASKRUN_GPG_PASSPHRASE_FILE": at("word")}, map[string]any{"key_file": "locked"}, false, "f.gpg", ""},
		{"a passphrase alone", map[string]string{"MASKRUN_GPG_PASSPHRASE": "word"}, nil, false, "s.gpg", ""},
		{"another key first", map[string]string{"MASKRUN_GPG_KEY_FILE": at("other")}, map[string]any{"key_file": "key"}, false, "f.gpg", ""},
		{"nothing", nil, nil, false, "f.gpg", "give a key (MASKRUN_GPG_KEY"},
		{"the passphrase of the key is missing", map[string]string{"MASKRUN_GPG_KEY_FILE": at("locked")}, nil, false, "f.gpg", "the key has a passphrase: set MASKRUN_GPG_PASSPHRASE"},
		{"the passphrase of the key is another", map[string]string{"MASKRUN_GPG_KEY_FILE": at("locked"), "MASKRUN_GPG_PASSPHRASE": fetchtest.Canary}, nil, false, "f.gpg", "does not open the key"},
		{"the passphrase is another", map[string]string{"MASKRUN_GPG_PASSPHRASE": fetchtest.Canary}, nil, false, "s.gpg", "no key or passphrase at hand opens it"},
		{"a public key", map[string]string{"MASKRUN_GPG_KEY_FILE": at("public")}, nil, false, "f.gpg", "the key is public"},
		{"no key", map[string]string{"MASKRUN_GPG_KEY_FILE": at("bad")}, nil, false, "f.gpg", "not an OpenPGP key"},
		{"a key file that is not there", map[string]string{"MASKRUN_GPG_KEY_FILE": at("none")}, nil, false, "f.gpg", "MASKRUN_GPG_KEY_FILE: read file"},
		{"outside, untrusted", nil, map[string]any{"key_file": "/etc/hostname"}, false, "f.gpg", "needs --trust-config"},
		{"no file name", nil, map[string]any{"key_file": 1}, false, "f.gpg", "stores.gpg.key_file is not a file name"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := read(t, fetch.Env{Root: root, Getenv: fetchtest.Getenv(c.vars), Config: c.config, Trusted: true, ConfigTrusted: c.trusted}, c.path)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v", err)
			}
			if err == nil && string(got) != text {
				t.Error("wrong value")
			}
			fetchtest.NoCanary(t, err)
		})
	}
}

// Who can open a file is said where a list of them lies about.
func TestRecipients(t *testing.T) {
	noGPG(t)
	sealed := seal(t, newKey(t), text)
	for _, c := range []struct{ why, list, path, want string }{
		{"BlackBox", ".blackbox/blackbox-admins.txt", "a/b/x.yaml", "blackbox_addadmin"},
		{"BlackBox of old", "keyrings/live/blackbox-admins.txt", "x.yaml", "blackbox_addadmin"},
		{"pass", "store/.gpg-id", "store/web/x", "an entry of pass"},
		{"none", "elsewhere/.gpg-id", "store/x", "opens it: denied"},
	} {
		t.Run(c.why, func(t *testing.T) {
			root := fetchtest.Root(t, map[string][]byte{c.list: []byte("someone@example.com\n"), c.path + ".gpg": sealed})
			_, err := read(t, fetch.Env{Root: root, Getenv: fetchtest.Getenv(nil)}, c.path)
			if !errors.Is(err, fetch.ErrDenied) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// The file of a BlackBox is read, not the plain one that lies beside it for an editor.
func TestDecryptedBeside(t *testing.T) {
	noGPG(t)
	key := newKey(t)
	root := fetchtest.Root(t, map[string][]byte{"x.env.gpg": seal(t, key, "A="+fetchtest.Canary), "x.env": []byte("A=another")})
	r := fetch.NewResolver(fetch.Env{Root: root, Getenv: fetchtest.Getenv(map[string]string{"MASKRUN_GPG_KEY": private(t, key, "")})}, gpg.Kind())
	ref, err := fetch.ParseRef("gpg://x.env#A")
	must(t, err)
	secrets, err := r.Resolve(t.Context(), []fetch.Request{{Name: "A", Ref: ref}})
	must(t, err)
	if string(secrets[0].Value.Reveal()) != fetchtest.Canary {
		t.Error("another value")
	}
	if _, err := os.Stat(filepath.Join(root.Name(), "x.env")); err != nil {
		t.Error(err)
	}
}
