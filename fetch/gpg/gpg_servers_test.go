//go:build servers

package gpg_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// A gpgHome is a home of the real gpg, with an agent that ends with the test.
type gpgHome struct{ dir string }

func newHome(t *testing.T) gpgHome {
	t.Helper()
	dir, err := os.MkdirTemp("", "gpg") // a short path: the agent's socket has 108 bytes
	must(t, err)
	// Else the agent measures for seconds how many rounds a passphrase is worth.
	must(t, os.WriteFile(filepath.Join(dir, "gpg-agent.conf"), []byte("s2k-count 65536\n"), 0o600))
	h := gpgHome{dir}
	t.Cleanup(func() {
		_ = h.command("gpgconf", "--kill", "all").Run()
		_ = os.RemoveAll(dir)
	})
	return h
}

func (h gpgHome) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+h.dir)
	return cmd
}

func (h gpgHome) gpg(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := h.command("gpg", append([]string{"--batch", "--yes", "--quiet", "--trust-model", "always"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("gpg %v: %v: %s", args, err, stderr.String())
	}
	return string(out)
}

func (h gpgHome) key(t *testing.T, user, algorithm, passphrase string) {
	t.Helper()
	h.gpg(t, "", "--pinentry-mode", "loopback", "--passphrase", passphrase, "--quick-generate-key", user, algorithm, "default", "never")
}

// What the real gpg writes, opened by us and by the real gpg with its agent.
func TestRealGPG(t *testing.T) {
	home := newHome(t)
	home.gpg(t, "Key-Type: RSA\nKey-Length: 2048\nSubkey-Type: RSA\nSubkey-Length: 2048\nName-Email: rsa@example.com\n%no-protection\n%commit\n", "--generate-key")
	home.key(t, "ecc@example.com", "future-default", "")
	home.key(t, "locked@example.com", "future-default", "word")
	files := map[string][]byte{
		"rsa.gpg":     []byte(home.gpg(t, text, "-e", "-r", "rsa@example.com")),
		"ecc.asc":     []byte(home.gpg(t, text, "-e", "-a", "-r", "ecc@example.com")),
		"hidden.gpg":  []byte(home.gpg(t, text, "-e", "-R", "ecc@example.com")),
		"signed.gpg":  []byte(home.gpg(t, text, "-se", "-u", "rsa@example.com", "-r", "ecc@example.com")),
		"locked.gpg":  []byte(home.gpg(t, text, "-e", "-r", "locked@example.com")),
		"word.gpg":    []byte(home.gpg(t, text, "-c", "--cipher-algo", "AES256", "--pinentry-mode", "loopback", "--passphrase", "word")),
		"plain.gpg":   []byte(home.gpg(t, text, "--store")),
		"onlysig.gpg": []byte(home.gpg(t, text, "-s", "-u", "rsa@example.com")),
		"huge.gpg":    []byte(home.gpg(t, strings.Repeat("x", fetch.MaxDocument+1), "-e", "-r", "rsa@example.com")),
	}
	stranger := newHome(t)
	stranger.key(t, "stranger@example.com", "future-default", "")
	stranger.gpg(t, home.gpg(t, "", "--export", "ecc@example.com"), "--import")
	files["stranger.gpg"] = []byte(stranger.gpg(t, text, "-se", "-u", "stranger@example.com", "-r", "ecc@example.com"))
	files["cut.gpg"] = files["rsa.gpg"][:len(files["rsa.gpg"])-9]
	keys := map[string]string{}
	for _, user := range []string{"rsa", "ecc", "locked"} {
		keys[user] = home.gpg(t, "", "--pinentry-mode", "loopback", "--passphrase", "word", "-a", "--export-secret-keys", user+"@example.com")
	}
	empty := newHome(t)
	for _, c := range []struct {
		why, path string
		home      gpgHome
		vars      map[string]string
		err       string
	}{
		{"our own key, RSA", "rsa.gpg", empty, map[string]string{"MASKRUN_GPG_KEY": keys["rsa"]}, ""},
		{"our own key, curve 25519, armored", "ecc.asc", empty, map[string]string{"MASKRUN_GPG_KEY": keys["ecc"]}, ""},
		{"our own key, recipient hidden", "hidden.gpg", empty, map[string]string{"MASKRUN_GPG_KEY": keys["ecc"]}, ""},
		{"our own key, signed by somebody", "signed.gpg", empty, map[string]string{"MASKRUN_GPG_KEY": keys["ecc"]}, ""},
		{"our own key with a passphrase", "locked.gpg", empty, map[string]string{"MASKRUN_GPG_KEY": keys["locked"], "MASKRUN_GPG_PASSPHRASE": "word"}, ""},
		{"a passphrase", "word.gpg", empty, map[string]string{"MASKRUN_GPG_PASSPHRASE": "word"}, ""},
		{"the agent, RSA", "rsa.gpg", home, nil, ""},
		{"the agent, curve 25519", "ecc.asc", home, nil, ""},
		{"the agent, signed", "signed.gpg", home, nil, ""},
		{"the agent, signer unknown", "stranger.gpg", home, nil, ""},
		{"us, signer unknown", "stranger.gpg", empty, map[string]string{"MASKRUN_GPG_KEY": keys["ecc"]}, ""},
		{"the agent when our key does not fit", "rsa.gpg", home, map[string]string{"MASKRUN_GPG_KEY": keys["ecc"]}, ""},
		{"no key anywhere", "rsa.gpg", empty, nil, "no key or passphrase at hand opens it"},
		{"a locked key and nobody to ask", "locked.gpg", home, nil, "no key or passphrase at hand opens it"},
		{"not encrypted, only packed", "plain.gpg", home, nil, "not an encrypted OpenPGP message"},
		{"not encrypted, only signed", "onlysig.gpg", home, nil, "not an encrypted OpenPGP message"},
		{"cut short, by the agent", "cut.gpg", home, nil, "damaged"},
		{"cut short, by us", "cut.gpg", empty, map[string]string{"MASKRUN_GPG_KEY": keys["rsa"]}, "damaged"},
		{"too large, by the agent", "huge.gpg", home, nil, "larger than 1 MiB"},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Setenv("GNUPGHOME", c.home.dir)
			t.Setenv("DISPLAY", "")
			got, err := read(t, fetch.Env{Root: fetchtest.Root(t, files), Getenv: fetchtest.Getenv(c.vars)}, c.path)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v", err)
			}
			if err == nil && string(got) != text {
				t.Error("another text")
			}
			fetchtest.NoCanary(t, err)
		})
	}
}

// An entry that the real pass wrote. FAULTS 97: its plain text is on no disk.
func TestRealPass(t *testing.T) {
	home := newHome(t)
	home.key(t, "me@example.com", "future-default", "")
	store := filepath.Join(home.dir, "store")
	for _, c := range []struct{ stdin, args string }{{"", "init me@example.com"}, {fetchtest.Canary + "\nuser: me\n", "insert --multiline web/site"}} {
		cmd := home.command("pass", strings.Fields(c.args)...)
		cmd.Env = append(cmd.Env, "PASSWORD_STORE_DIR="+store)
		cmd.Stdin = strings.NewReader(c.stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("pass %s: %v: %s", c.args, err, out)
		}
	}
	root, err := os.OpenRoot(store)
	must(t, err)
	defer root.Close()
	t.Setenv("GNUPGHOME", home.dir)
	got, err := read(t, fetch.Env{Root: root, Getenv: fetchtest.Getenv(nil)}, "web/site")
	must(t, err)
	if string(got) != fetchtest.Canary+"\nuser: me\n" {
		t.Error("another text")
	}
	t.Setenv("GNUPGHOME", newHome(t).dir)
	_, err = read(t, fetch.Env{Root: root, Getenv: fetchtest.Getenv(nil)}, "web/site")
	if err == nil || !strings.Contains(err.Error(), "see .gpg-id: an entry of pass") {
		t.Errorf("error %v", err)
	}
}
