package openssl_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/openssl"
)

func samples(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"plain": []byte(fetchtest.Canary), "header": []byte("Salted__12345678"), "huge": make([]byte, fetch.MaxDocument+1), "age": []byte("age-encryption.org/v1\n")}
	for _, name := range []string{"made.yaml.enc", "made.bin.enc", "other.txt", "legacy.enc"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	files["cut"] = files["made.yaml.enc"][:40]
	return files
}

func env(t *testing.T, password string) fetch.Env {
	return fetch.Env{Root: fetchtest.Root(t, samples(t)), Getenv: fetchtest.Getenv(map[string]string{"MASKRUN_OPENSSL_PASSWORD": password})}
}

func TestConformance(t *testing.T) {
	fetchtest.Run(t, fetchtest.Harness{
		Kind: openssl.Kind(), Env: env(t, "word"), NoServer: true, Path: "made.bin.enc", Params: url.Values{"binary": {"true"}}, Want: []byte(fetchtest.Canary + "\x00\xff"),
		Missing: "absent", Denied: "legacy.enc", Oversize: "huge", Hostile: []string{"plain", "header", "cut", "age"},
	})
}

func read(t *testing.T, env fetch.Env, path, query string) (string, error) {
	t.Helper()
	params, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	src, err := openssl.Kind().Open(t.Context(), env)
	if err != nil {
		return "", err
	}
	doc, err := src.Read(t.Context(), path, params)
	fetchtest.NoCanary(t, err)
	return string(doc.Data), err
}

func TestRead(t *testing.T) {
	for _, c := range []struct{ why, password, path, query, want, err string }{
		{"as openssl does by itself", "word", "made.yaml.enc", "", "db: {password: " + fetchtest.Canary + "}\n", ""},
		{"spelled out", "word", "made.yaml.enc", "iter=10000&md=sha256&cipher=aes-256-cbc&binary=false", "db: {password: " + fetchtest.Canary + "}\n", ""},
		{"everything else, base64", "word", "other.txt", "iter=1000&md=sha512&cipher=aes-128-cbc", fetchtest.Canary, ""},
		{"binary", "word", "made.bin.enc", "binary=true", fetchtest.Canary + "\x00\xff", ""},
		{"binary, and nobody said so", "word", "made.bin.enc", "", "", "binary=true"},
		{"another password", fetchtest.Canary, "made.yaml.enc", "", "", "the password, iter, md or cipher is another one"},
		{"another number of rounds", "word", "made.yaml.enc", "iter=9999", "", "the password, iter, md or cipher is another one"},
		{"without -pbkdf2", "word", "legacy.enc", "", "", "the password, iter, md or cipher is another one"},
		{"cut short", "word", "cut", "", "", "damaged or cut short"},
		{"no file of openssl", "word", "plain", "", "", "does not begin with Salted__"},
		{"for another store", "word", "age", "", "", "read it with age://"},
		{"rounds that take for ever", "word", "made.yaml.enc", "iter=99999999999", "", "parameter iter"},
		{"no rounds", "word", "made.yaml.enc", "iter=0", "", "parameter iter"},
		{"a digest of old", "word", "made.yaml.enc", "md=md5", "", "parameter md"},
		{"another cipher", "word", "made.yaml.enc", "cipher=des", "", "parameter cipher"},
		{"no truth", "word", "made.yaml.enc", "binary=yes", "", "parameter binary"},
		{"no password", "", "made.yaml.enc", "", "", "no passphrase is given: set MASKRUN_OPENSSL_PASSWORD"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := read(t, env(t, c.password), c.path, c.query)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}

// A wrong password is noticed, also where the padding happens to fit: 2000 of them,
// of which some 8 do.
func TestWrongPasswords(t *testing.T) {
	root := fetchtest.Root(t, samples(t))
	for i := range 2000 {
		vars := map[string]string{"MASKRUN_OPENSSL_PASSWORD": strings.Repeat("w", i+1)}
		if _, err := read(t, fetch.Env{Root: root, Getenv: fetchtest.Getenv(vars)}, "made.yaml.enc", "iter=1"); err == nil {
			t.Fatalf("password %d of the wrong ones opens the file", i)
		}
	}
}

// FAULTS 96. The format has no checksum.
func TestDamage(t *testing.T) {
	fetchtest.Damage(t, samples(t)["made.yaml.enc"], true, func(sealed []byte) ([]byte, error) {
		vars := map[string]string{"MASKRUN_OPENSSL_PASSWORD": "word"}
		got, err := read(t, fetch.Env{Root: fetchtest.Root(t, map[string][]byte{"f": sealed}), Getenv: fetchtest.Getenv(vars)}, "f", "")
		return []byte(got), err
	})
}
