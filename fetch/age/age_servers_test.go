//go:build servers

package age_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// Files that the real age makes now, AGE naming its program. `age -p` wants a
// terminal, which the program script gives it.
func TestRealAge(t *testing.T) {
	program := os.Getenv("AGE")
	if program == "" {
		t.Fatal("AGE is not set: see .ci/run files")
	}
	key := newKey(t)
	dir := t.TempDir()
	run := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Stdin = strings.NewReader("three words here\nthree words here\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "plain"), []byte(fetchtest.Canary), 0o600))
	run(program, "-r", key.Recipient().String(), "-o", "key.age", "plain")
	run(program, "-a", "-r", key.Recipient().String(), "-o", "armored.age", "plain")
	run("script", "-qec", program+" -p -o pass.age plain", "/dev/null")
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	vars := map[string]string{"SOPS_AGE_KEY": key.String(), "MASKRUN_AGE_PASSPHRASE": "three words here"}
	for _, path := range []string{"key.age", "armored.age", "pass.age"} {
		got, err := read(t, fetch.Env{Root: root, Getenv: fetchtest.Getenv(vars)}, path)
		if err != nil || got != fetchtest.Canary {
			t.Errorf("%s: another text, error %v", path, err)
		}
	}
}
