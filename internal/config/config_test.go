package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/internal/config"
)

// canary stands where a person might paste a secret; no message may hold it.
const canary = "hunter2Canary99"

// The example of docs and DESIGN: every key there is.
const full = `version: 1
stores:
  vault: { address: https://vault.example.com, namespace: ml, auth: { method: jwt, role: ci }, revoke: true }
  aws-sm: { region: eu-west-1, role: arn:aws:iam::123456789012:role/ci }
  docker:
secrets:
  HF_TOKEN: vault://secret/data/ml/hf#token
  WANDB_API_KEY: { ref: aws-sm://ml/wandb#/api_key, optional: true }
  GCP_KEY: { ref: gcp-sm://proj/sa-key, file: true }
  DB_USER: { ref: sops://secrets.yaml#/db/user, mask: false }
environments:
  prod:
    require: { branches: [main], protected: true, events: [push, workflow_dispatch] }
    secrets: { HF_TOKEN: vault://secret/data/ml-prod/hf#token }
  dev:
    secrets: { HF_TOKEN: sops://secrets.dev.yaml#/hf, EXTRA: env://EXTRA }
mask: { encodings: [base64, json], min_length: 6, text: "<hidden>", json_leaves: safe }
untrusted: fail
audit: maskrun-audit.jsonl
alert: { webhook: https://hooks.example.com/x, on: [leak, denied] }
`

func TestParseFull(t *testing.T) {
	c, err := config.Parse("maskrun.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Secrets) != 4 || len(c.Environments) != 2 || len(c.Stores) != 3 {
		t.Fatalf("got %d secrets, %d environments, %d stores", len(c.Secrets), len(c.Environments), len(c.Stores))
	}
	if s := c.Secrets[1]; s.Name != "WANDB_API_KEY" || !s.Optional || s.File || s.NoMask || s.At.String() != "maskrun.yaml:8:3" {
		t.Errorf("secret: %+v", s)
	}
	if !c.Secrets[2].File || !c.Secrets[3].NoMask {
		t.Errorf("file or mask lost: %+v", c.Secrets[2:])
	}
	if auth, ok := c.Stores["vault"]["auth"].(map[string]any); !ok || auth["role"] != "ci" || c.Stores["vault"]["revoke"] != true {
		t.Errorf("stores: %v", c.Stores["vault"])
	}
	if m := c.Mask; m.MinLength != 6 || m.Text != "<hidden>" || strings.Join(m.Encodings, " ") != "base64 json" {
		t.Errorf("mask: %+v", m)
	}
	if r := c.Environments[0].Require; r == nil || !r.Protected || len(r.Events) != 2 {
		t.Errorf("require: %+v", r)
	}
}

func TestEncodings(t *testing.T) {
	for src, want := range map[string]bool{"all": true, "none": false, "[]": false} {
		c, err := config.Parse("f", []byte("version: 1\nmask: { encodings: "+src+" }"))
		if err != nil {
			t.Fatal(src, err)
		}
		if isNil := c.Mask.Encodings == nil; isNil != want || len(c.Mask.Encodings) != 0 {
			t.Errorf("%s: %#v: nil means all, empty none", src, c.Mask.Encodings)
		}
	}
}

func TestSelect(t *testing.T) {
	const src = `version: 1
secrets: { A: env://A, B: env://B }
environments:
  dev: { secrets: { B: env://DEV_B, C: env://C } }
  empty:
  prod: { require: { branches: [main] } }
`
	c, err := config.Parse("maskrun.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ env, want, err string }{
		{"", "A=A B=B", ""},
		{"dev", "B=DEV_B C=C A=A", ""}, // the environment wins over the common block
		{"empty", "A=A B=B", ""},
		{"Dev", "", `maskrun.yaml: no environment "Dev" (did you mean "dev"?)`},
		{"staging-eu", "", `maskrun.yaml: no environment "staging-eu" (it has dev, empty, prod)`},
		// A guard that is not enforced must not look enforced.
		{"prod", "", "maskrun.yaml:6:11: environments.prod.require is not supported by this version; remove it or use a newer maskrun"},
	} {
		secrets, err := c.Select(tt.env)
		if got := message(err); got != tt.err {
			t.Errorf("Select(%q): error %q, want %q", tt.env, got, tt.err)
		}
		var got []string
		for _, s := range secrets {
			got = append(got, s.Name+"="+s.Ref.Path)
		}
		if err == nil && strings.Join(got, " ") != tt.want {
			t.Errorf("Select(%q) = %v, want %s", tt.env, got, tt.want)
		}
	}
}

// What the format has and this binary has not must stop the run, not vanish.
func TestSelectUnsupported(t *testing.T) {
	c, err := config.Parse("maskrun.yaml", []byte("version: 1\nuntrusted: fail\naudit: a.jsonl\nalert: { on: [leak] }\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Select("")
	for _, key := range []string{"3:1: audit", "4:1: alert"} {
		if !strings.Contains(message(err), key) || !strings.Contains(message(err), "not supported by this version") {
			t.Errorf("%q is not in:\n%v", key, err)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct{ why, src, want string }{
		{"empty file", "", `f:1:1: version is missing; begin the file with "version: 1"`},
		{"only a comment", "# nothing\n", `f:1:1: version is missing; begin the file with "version: 1"`},
		{"two unknown keys at once", "version: 1\nsecretz: {}\nmsk: {}\n", "f:2:1: unknown key \"secretz\" (did you mean \"secrets\"?)\nf:3:1: unknown key \"msk\" (did you mean \"mask\"?)"},
		{"unknown key far from all", "version: 1\nmask: { zzzzzz: 1 }\n", `f:2:9: unknown key "zzzzzz" (known here: encodings, min_length, text, json_leaves)`},
		{"long form typo", "version: 1\nsecrets:\n  A: { reff: env://A }\n", "f:3:3: secrets.A has no ref\nf:3:8: unknown key \"reff\" (did you mean \"ref\"?)"},
		{"duplicate variable", "version: 1\nsecrets:\n  A: env://A\n  A: env://B\n", `f:4:3: duplicate key "A", first on line 3`},
		{"duplicate in a store", "version: 1\nstores: { vault: { a: 1, a: 2 } }\n", `f:2:26: duplicate key "a", first on line 2`},
		{"wrong version", "version: 2\n", "f:1:1: version must be 1, the only one this maskrun knows"},
		{"version as text", "version: \"1\"\n", "f:1:1: version must be 1, the only one this maskrun knows"},
		{"list at the top", "- version: 1\n", "f:1:1: the file must be a mapping (key: value), not a list"},
		{"text at the top", canary + "\n", "f:1:1: the file must be a mapping (key: value), not a text"},
		{"secret pasted as reference", "version: 1\nsecrets:\n  A: " + canary + "\n", "f:3:3: secrets.A: not a reference (scheme://path, for example env://NAME); values do not belong in this file"},
		{"parameter of ours", "version: 1\nsecrets:\n  A: vault://x?decode=" + canary + "\n", "f:3:3: secrets.A: bad reference: parameter decode: unknown value: want base64 or hex"},
		{"number for a reference", "version: 1\nsecrets:\n  A: 12345678\n", "f:3:3: secrets.A must be a text, not a number"},
		{"reference without path", "version: 1\nsecrets:\n  A: vault://\n", "f:3:3: secrets.A: bad reference: no path"},
		{"parameter that may be a secret", "version: 1\nsecrets:\n  A: vault://x?" + canary + "=1&" + canary + "=2\n", "f:3:3: secrets.A: bad reference: a parameter is given twice"},
		{"bad variable name", "version: 1\nsecrets: { 1A: env://A, \"A-B\": env://A }\n", "f:2:12: key \"1A\" of secrets is not the name of a variable (letters, digits and _, the first no digit)\nf:2:25: key \"A-B\" of secrets is not the name of a variable (letters, digits and _, the first no digit)"},
		{"key that is no key is not repeated", "version: 1\n\"" + canary + " x\": 1\n", "f:2:1: unknown key (known here: version, stores, secrets, environments, mask, untrusted, audit, alert)"},
		{"bool as text", "version: 1\nsecrets: { A: { ref: env://A, mask: \"no\" } }\n", "f:2:31: secrets.A.mask must be true or false, not a text"},
		{"bad environment name", "version: 1\nenvironments: { \"a b\": {} }\n", "f:2:17: key of environments is not the name of an environment (letters, digits and . _ / -)"},
		{"bad store name", "version: 1\nstores: { aws_sm: {} }\n", `f:2:11: key "aws_sm" of stores is not the name of a store (lower case, digits, -)`},
		{"store is no mapping", "version: 1\nstores: { vault: " + canary + " }\n", "f:2:11: stores.vault must be a mapping (key: value), not a text"},
		{"unknown group", "version: 1\nmask: { encodings: [base65] }\n", "f:2:21: mask.encodings[0] must be one of base64, hex, percent, command, json, xml, shell, utf16"},
		{"encodings word", "version: 1\nmask: { encodings: " + canary + " }\n", "f:2:9: mask.encodings must be all, none or a list of base64, hex, percent, command, json, xml, shell, utf16"},
		{"too short to hide", "version: 1\nmask: { min_length: 2 }\n", "f:2:9: mask.min_length must be 4 to 64; to hide shorter values use --short-values=mask"},
		{"marker with a newline", "version: 1\nmask: { text: \"a\\nb\" }\n", "f:2:9: mask.text must be 1 to 32 printable ASCII characters"},
		{"webhook in the clear", "version: 1\nalert: { webhook: http://" + canary + " }\n", "f:2:10: alert.webhook must be an https:// address"},
		{"events is no list", "version: 1\nenvironments: { p: { require: { events: push } } }\n", "f:2:33: environments.p.require.events must be a list, not a text"},
		{"bad YAML", "version: 1\nsecrets: { A: \"" + canary + "\n", "f:2:15: not valid YAML: could not find end character of double-quoted text"},
		{"tab", "version: 1\nsecrets:\n\tA: " + canary + "\n", "f:3:1: not valid YAML: a line is indented with a tab: use blanks"},
		{"two documents", "version: 1\n---\nversion: 1\n", "f:3:8: a second document begins here; the file must have one"},
		{"anchor and alias", "version: 1\nstores: { a: &x {}, b: *x }\n", "f:2:14: anchors are not read in this file; write the value out\nf:2:24: aliases are not read in this file; write the value out"},
		{"tag", "version: 1\naudit: !!binary aGk=\n", "f:2:8: tags are not read in this file; write the value out"},
		{"not text", "version: 1\naudit: \"\xff\"\n", "f:1:1: the file is not UTF-8 text"},
		{"too large", "version: 1\n" + strings.Repeat("#", 1<<20), "f:1:1: the file is larger than 1 MiB"},
		{"too many entries", "version: 1\n" + strings.Repeat("a: b\n", 10_000), "f:6667:4: the file has too many entries"},
		{"too deep", strings.Repeat("[", 40), "f:1:33: the file is nested too deeply"},
		{"too deep in blocks", strings.Repeat("- ", 5000), "f:1:2003: the file is nested too deeply"},
	} {
		_, err := config.Parse("f", []byte(tt.src))
		if got := message(err); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.why, got, tt.want)
		}
		if strings.Contains(message(err), canary) {
			t.Errorf("%s: a value of the file is in the message", tt.why)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.yaml")
	if err := os.WriteFile(path, []byte("\xef\xbb\xbfversion: 1\r\nsecrets:\r\n  A: env://A\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil || c.Dir != dir || len(c.Secrets) != 1 || c.Secrets[0].Ref.Path != "A" {
		t.Errorf("BOM and CRLF: %+v, %v", c, err)
	}
	if _, err := config.Load(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := config.Load(dir); err == nil {
		t.Error("a directory was read")
	}
}

func TestFind(t *testing.T) {
	top := t.TempDir()
	project := filepath.Join(top, "project")
	deep := filepath.Join(project, "a", "b")
	if err := os.MkdirAll(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(top, config.FileName))
	if got := config.Find(deep); got != filepath.Join(top, config.FileName) {
		t.Errorf("upward: %q", got)
	}
	// A project's boundary: what lies above may be another person's.
	if err := os.Mkdir(filepath.Join(project, ".git"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := config.Find(deep); got != "" {
		t.Errorf("beyond .git: %q", got)
	}
	write(t, filepath.Join(project, config.FileName))
	if got := config.Find(deep); got != filepath.Join(project, config.FileName) {
		t.Errorf("beside .git: %q", got)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("version: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Files made to keep a parser busy end soon: the bound comes before the parser,
// whose work grows with the square of the entries. (20 s is for a busy
// machine and the race detector.)
func TestBounded(t *testing.T) {
	for _, unit := range []string{"[", "{a: ", `"a": `, "a: b\n", "- ", "&a ", "? ", "a,", "---\n", ": ", "\t"} {
		start := time.Now()
		if _, err := config.Parse("f", []byte(strings.Repeat(unit, (1<<17)/len(unit)))); err == nil {
			t.Errorf("%q: no error", unit)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%q: took %v", unit, took)
		}
	}
}
