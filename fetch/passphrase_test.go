package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPassphrase(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"unix": "pass word\n", "dos": "pass word\r\n", "blank": "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	spec := Passphrase{Variables: []string{"MINE", "THEIRS"}, Block: "x", Key: "passphrase_file"}
	for _, c := range []struct {
		why    string
		vars   map[string]string
		config any
		err    string // empty: the passphrase is had
	}{
		{"a variable", map[string]string{"MINE": "pass word"}, nil, ""},
		{"the second variable", map[string]string{"THEIRS": "pass word"}, nil, ""},
		{"a file", map[string]string{"MINE_FILE": filepath.Join(dir, "unix")}, nil, ""},
		{"a file from Windows", map[string]string{"THEIRS_FILE": filepath.Join(dir, "dos")}, nil, ""},
		{"the variable before the file", map[string]string{"MINE": "pass word", "MINE_FILE": "none"}, nil, ""},
		{"the configuration", nil, "unix", ""},
		{"the environment before the configuration", map[string]string{"MINE": "pass word"}, "none", ""},
		{"none", nil, nil, "no passphrase is given: set MINE, MINE_FILE, THEIRS_FILE or stores.x.passphrase_file"},
		{"a file that is not there", map[string]string{"MINE_FILE": filepath.Join(dir, "none")}, nil, "MINE_FILE: read file"},
		{"an empty file", map[string]string{"MINE_FILE": filepath.Join(dir, "blank")}, nil, "is empty"},
		{"an untrusted configuration names any file", nil, "/etc/hostname", "needs --trust-config"},
		{"no file name", nil, 5, "stores.x.passphrase_file is not a file name"},
	} {
		t.Run(c.why, func(t *testing.T) {
			env := Env{Root: root, Getenv: func(name string) string { return c.vars[name] }}
			if c.config != nil {
				env.Config = map[string]any{"passphrase_file": c.config}
			}
			got, err := env.Passphrase(spec)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("error %v", err)
			}
			if err == nil && string(got) != "pass word" {
				t.Error("another passphrase")
			}
			if errors.Is(err, ErrNotFound) {
				t.Error("is ErrNotFound, which optional=true would forgive")
			}
			var ask *PassphraseError
			if errors.As(err, &ask) != (c.why == "none") {
				t.Errorf("a person is asked: %v", ask)
			}
		})
	}
}
