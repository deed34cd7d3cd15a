//go:build servers

package ansiblevault_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/ansiblevault"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// Files that the real ansible-vault makes now, around the size of a block.
func TestRealAnsibleVault(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("password", "pässword with blanks  \n")
	write("dev", "of dev\n")
	texts := map[string]string{
		"empty": "", "one": "x", "fifteen": strings.Repeat("y", 15), "sixteen": strings.Repeat("z", 16),
		"seventeen": strings.Repeat("\x10", 17), "binary": "\x00\xff" + fetchtest.Canary, "long": strings.Repeat(fetchtest.Canary+"\n", 3000),
	}
	var whole []string
	for name, text := range texts {
		write(name, text)
		write(name+".dev", text)
		whole = append(whole, name)
	}
	run := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command("ansible-vault", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C.UTF-8")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("ansible-vault %s: %v", args[0], err)
		}
		return out
	}
	run(append([]string{"encrypt", "--vault-password-file", "password"}, whole...)...)
	var dev []string
	for _, name := range whole {
		dev = append(dev, name+".dev")
	}
	run(append([]string{"encrypt", "--vault-id", "dev@dev", "--encrypt-vault-id", "dev"}, dev...)...)
	write("inline.yml", string(run("encrypt_string", "--vault-id", "dev@dev", "--encrypt-vault-id", "dev", "-n", "token", fetchtest.Canary))+"\n")

	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	env := fetch.Env{Root: root, Getenv: fetchtest.Getenv(map[string]string{"ANSIBLE_VAULT_IDENTITY_LIST": filepath.Join(dir, "password") + ",dev@" + filepath.Join(dir, "dev")})}
	src, err := ansiblevault.Kind().Open(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		for _, path := range []string{name, name + ".dev"} {
			doc, err := src.Read(t.Context(), path, url.Values{})
			if err != nil || string(doc.Data) != text {
				t.Errorf("%s: another text, error %v", path, err)
			}
		}
	}
	if got, err := resolve(t, fetch.Env{Root: root, Getenv: env.Getenv}, false, "ansible-vault://inline.yml#token"); err != nil || got != fetchtest.Canary {
		t.Errorf("encrypt_string: error %v", err)
	}
}
