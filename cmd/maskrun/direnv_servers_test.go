//go:build servers && unix

package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

// The two .envrc of docs/stores/direnv.md, as they stand there, under the real direnv.
func TestRealDirenv(t *testing.T) {
	page, err := os.ReadFile("../../docs/stores/direnv.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Dir(buildMaskrun(t))
	const value = "CANARY-of-direnv"
	for _, c := range []struct{ why, begins, command, want string }{
		{"references", "# .envrc\n", `maskrun run -- sh -c 'echo "[$HF_TOKEN] ${#HF_TOKEN} [${MASKRUN_AGE_IDENTITY_FILE-unset}]"'`, "[***] 16 [unset]\n"},
		{"references, without maskrun", "# .envrc\n", `echo "${HF_TOKEN%%:*}"`, "age\n"},
		{"values", "# .envrc, values\n", `echo "[$HF_TOKEN] [${values-unset}]"`, "[" + value + "] [unset]\n"},
	} {
		t.Run(c.why, func(t *testing.T) {
			dir, home := direnvWorld(t, value)
			if err := os.WriteFile(filepath.Join(dir, ".envrc"), []byte(envrc(t, string(page), c.begins)), 0o600); err != nil {
				t.Fatal(err)
			}
			below := filepath.Join(dir, "below")
			if err := os.Mkdir(below, 0o700); err != nil {
				t.Fatal(err)
			}
			run := func(args ...string) string {
				cmd := exec.Command("direnv", args...)
				cmd.Dir = below
				cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home,
					"PATH="+bin+":"+os.Getenv("PATH"), "MASKRUN_AGE_IDENTITY_FILE="+filepath.Join(home, "key"))
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("direnv %v: %v: %s", args, err, stderr.String())
				}
				return string(out)
			}
			run("allow", dir)
			if got := run("exec", below, "sh", "-c", c.command); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// direnvWorld makes a directory with an encrypted file and a configuration, and a
// home with the key.
func direnvWorld(t *testing.T, value string) (dir, home string) {
	t.Helper()
	dir, home = t.TempDir(), t.TempDir()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("hf: {token: " + value + "}\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string]string{
		filepath.Join(dir, "secrets.yaml.age"): sealed.String(),
		filepath.Join(dir, "maskrun.yaml"):     "version: 1\nsecrets: { HF_TOKEN: \"age://secrets.yaml.age#/hf/token\" }\n",
		filepath.Join(home, "key"):             id.String() + "\n",
	} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, home
}

// envrc is the block of the page that begins so.
func envrc(t *testing.T, page, begins string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, "```sh\n"+begins)
	text, _, closed := strings.Cut(rest, "```\n")
	if !ok || !closed {
		t.Fatalf("docs/stores/direnv.md has no block that begins %q", begins)
	}
	return text
}
