package age_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	filage "filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/age"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

func newKey(t *testing.T) *filage.X25519Identity {
	t.Helper()
	id, err := filage.GenerateX25519Identity()
	must(t, err)
	return id
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func seal(t *testing.T, to filage.Recipient, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := filage.Encrypt(&b, to)
	must(t, err)
	_, err = io.WriteString(w, text)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func armored(t *testing.T, sealed []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := armor.NewWriter(&b)
	_, err := w.Write(sealed)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func TestConformance(t *testing.T) {
	key, other := newKey(t), newKey(t)
	good := seal(t, key.Recipient(), fetchtest.Canary)
	root := fetchtest.Root(t, map[string][]byte{
		"token.age":     good,
		"armored.age":   append([]byte("\n"), armored(t, good)...),
		"foreign.age":   seal(t, other.Recipient(), fetchtest.Canary),
		"huge.age":      seal(t, key.Recipient(), strings.Repeat("x", fetch.MaxDocument-8)),
		"cut.age":       good[:len(good)-3],
		"plain.age":     []byte(fetchtest.Canary),
		"bad-armor.age": []byte("-----BEGIN AGE ENCRYPTED FILE-----\n" + fetchtest.Canary),
	})
	env := fetch.Env{Root: root, Getenv: fetchtest.Getenv(map[string]string{"SOPS_AGE_KEY": "# mine\n" + key.String()})}
	for _, path := range []string{"token.age", "armored.age"} {
		t.Run(path, func(t *testing.T) {
			fetchtest.Run(t, fetchtest.Harness{
				Kind: age.Kind(), Env: env, NoServer: true, Path: path, Want: []byte(fetchtest.Canary), Missing: "absent.age",
				Denied: "foreign.age", Oversize: "huge.age", Hostile: []string{"cut.age", "plain.age", "bad-armor.age"},
			})
		})
	}
}

func sshKey(t *testing.T, passphrase string) (private []byte, to filage.Recipient) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	must(t, err)
	pub, err := ssh.NewPublicKey(public)
	must(t, err)
	to, err = agessh.NewEd25519Recipient(pub)
	must(t, err)
	return pem.EncodeToMemory(block), to
}

// Where identities come from, and by which extension a field is selected.
func TestIdentities(t *testing.T) {
	key := newKey(t)
	private, sshTo := sshKey(t, "")
	home := fetchtest.Root(t, map[string][]byte{
		".config/sops/age/keys.txt": []byte(key.String()),
		"key":                       []byte(key.String() + "\n"),
		"id_ed25519":                private,
	}).Name()
	files := map[string][]byte{
		"s.yaml.age": seal(t, key.Recipient(), "a: {b: yes-it-is}"),
		"s.env.age":  seal(t, key.Recipient(), "K=v#1"),
		"ssh.age":    seal(t, sshTo, "by ssh"),
		"key":        []byte(key.String()),
	}
	for _, c := range []struct {
		why       string
		vars      map[string]string
		config    any
		trusted   bool
		ref, want string
	}{
		{"sops' own file", map[string]string{"HOME": home}, nil, false, "age://s.yaml.age#/a/b", "yes-it-is"},
		{"our variable", map[string]string{"MASKRUN_AGE_IDENTITY_FILE": home + "/key"}, nil, false, "age://s.env.age#K", "v#1"},
		{"sops' variable", map[string]string{"SOPS_AGE_KEY_FILE": home + "/key"}, nil, false, "age://s.env.age#K", "v#1"},
		{"an SSH key", map[string]string{"MASKRUN_AGE_IDENTITY_FILE": home + "/id_ed25519"}, nil, false, "age://ssh.age", "by ssh"},
		{"configured, trusted", nil, []any{home + "/id_ed25519", home + "/key"}, true, "age://ssh.age", "by ssh"},
		{"configured, inside", nil, "key", false, "age://s.env.age#K", "v#1"},
		{"configured, outside, untrusted", nil, home + "/key", false, "age://s.env.age#K", ""},
		{"none", nil, nil, false, "age://s.env.age#K", ""},
		{"not a key", map[string]string{"SOPS_AGE_KEY": fetchtest.Canary}, nil, false, "age://s.env.age#K", ""},
		{"not a path", nil, 5, true, "age://s.env.age#K", ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			env := fetch.Env{Root: fetchtest.Root(t, files), Getenv: fetchtest.Getenv(c.vars), ConfigTrusted: c.trusted}
			if c.config != nil {
				env.Config = map[string]any{"age": map[string]any{"identity": c.config}}
			}
			ref, err := fetch.ParseRef(c.ref)
			must(t, err)
			secrets, err := fetch.NewResolver(env, age.Kind()).Resolve(t.Context(), []fetch.Request{{Name: "X", Ref: ref, Trusted: c.trusted}})
			if (err == nil) != (c.want != "") {
				t.Fatalf("error %v", err)
			}
			fetchtest.NoCanary(t, err)
			if err == nil && string(secrets[0].Value.Reveal()) != c.want {
				t.Error("wrong value")
			}
		})
	}
}

// FAULTS 92: a key that others can read is used, and reported.
func TestReadableKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	must(t, os.WriteFile(path, []byte(newKey(t).String()), 0o644))
	var warnings []string
	env := fetch.Env{
		Getenv: fetchtest.Getenv(map[string]string{"MASKRUN_AGE_IDENTITY_FILE": path}),
		Warn:   func(msg string) { warnings = append(warnings, msg) },
	}
	_, err := age.Kind().Open(t.Context(), env)
	must(t, err)
	if len(warnings) != 1 || !strings.Contains(warnings[0], path) {
		t.Errorf("warnings %q", warnings)
	}
}

func TestPassphrase(t *testing.T) {
	private, _ := sshKey(t, "word")
	env := fetch.Env{Getenv: fetchtest.Getenv(map[string]string{"SOPS_AGE_KEY": string(private)})}
	if _, err := age.Kind().Open(t.Context(), env); !errors.Is(err, fetch.ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
}
