package main_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/goccy/go-yaml"
)

// demoDir is the README's example, seen from this folder.
const demoDir = "../../testdata/demo"

// TestDemo runs the README's example twice, with and without maskrun. What is
// hidden is worked out here, by means of the standard library alone, from the
// bare run: nothing of masker or fetch takes part. The two runs must then be
// equal byte for byte, and no form of a value may be left.
func TestDemo(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("the demo is a POSIX shell script, and there is no sh here")
	}
	values := demoValues(t)
	bare := runDemo(t, demoEnv(values), "sh", "testdata/demo/train.sh")
	masked := runDemo(t, demoEnv(nil), buildMaskrun(t), "run", "-c", "testdata/demo/maskrun.yaml", "--", "sh", "testdata/demo/train.sh")

	t.Run("no form is left", func(t *testing.T) {
		all := masked.stdout + "\n" + masked.stderr
		for _, f := range demoForms(values) {
			if strings.Contains(all, f.text) {
				t.Errorf("%s is in the output", f.what)
			}
		}
	})
	t.Run("everything else is there", func(t *testing.T) {
		leaks := demoLeaks(values)
		compareDemo(t, "stdout", masked.stdout, hideLeaks(bare.stdout, leaks))
		compareDemo(t, "stderr", withoutOurs(masked.stderr), hideLeaks(bare.stderr, leaks))
		if !strings.Contains(masked.stdout, "user "+values["DB_USER"]) {
			t.Error("DB_USER is marked mask: false and yet not shown")
		}
		if !strings.HasSuffix(masked.stdout, "(not really)\n") {
			t.Error("the script's last line is missing")
		}
	})
	// The two lists above prove nothing if the script does not print what they name.
	t.Run("the script leaks as it says", func(t *testing.T) {
		all := bare.stdout + "\n" + bare.stderr
		for _, l := range demoLeaks(values) {
			if !strings.Contains(all, l.text) {
				t.Errorf("train.sh does not print %s", l.what)
			}
		}
		for _, c := range demoCanaries(t) {
			if !strings.Contains(all, c) {
				t.Errorf("canaries.txt: %q is not in what train.sh prints", c)
			}
			if strings.Contains(masked.stdout, c) || strings.Contains(masked.stderr, c) {
				t.Errorf("canaries.txt: %q is in the masked output", c)
			}
		}
	})
}

type demoOutput struct{ stdout, stderr string }

// runDemo runs a command in the root of the repository and wants exit code 0.
func runDemo(t *testing.T, env []string, argv ...string) demoOutput {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "../..", env, &out, &errs
	if err := cmd.Run(); err != nil {
		// The values are invented: showing them in a failing test harms nobody.
		t.Fatalf("%s: %v\n%s", filepath.Base(argv[0]), err, errs.String())
	}
	return demoOutput{out.String(), errs.String()}
}

// demoEnv is a small, fixed environment with the values given.
func demoEnv(values map[string]string) []string {
	env := []string{"DEMO_FAST=1", "LC_ALL=C"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	for name, v := range values {
		env = append(env, name+"="+v)
	}
	return env
}

func buildMaskrun(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "maskrun")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// demoValues reads the values of the demo without maskrun: the age library, a
// YAML parser, and a split at the first equals sign.
func demoValues(t *testing.T) map[string]string {
	t.Helper()
	var doc struct {
		Huggingface struct{ Token string }
		Wandb       struct {
			Key string `yaml:"api_key"`
		}
		Deploy struct {
			Key string `yaml:"private_key"`
		}
	}
	if err := yaml.Unmarshal(decryptDemo(t), &doc); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{
		"HF_TOKEN":      doc.Huggingface.Token,
		"WANDB_API_KEY": doc.Wandb.Key,
		"DEPLOY_KEY":    doc.Deploy.Key,
	}
	for _, line := range readDemoLines(t, "demo.env") {
		if name, v, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			values[name] = strings.Trim(v, "'")
		}
	}
	for _, name := range []string{"HF_TOKEN", "WANDB_API_KEY", "DEPLOY_KEY", "DB_PASSWORD", "DATABASE_URL", "DB_USER"} {
		if values[name] == "" {
			t.Fatalf("the demo has no value for %s", name)
		}
	}
	return values
}

func decryptDemo(t *testing.T) []byte {
	t.Helper()
	key, err := os.Open(filepath.Join(demoDir, "demo-key.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer key.Close()
	doc, err := os.Open(filepath.Join(demoDir, "secrets.yaml.age"))
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Close()
	ids, errIDs := age.ParseIdentities(key)
	if errIDs != nil {
		t.Fatal(errIDs)
	}
	r, err := age.Decrypt(armor.NewReader(doc), ids...)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func readDemoLines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(demoDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func demoCanaries(t *testing.T) []string {
	t.Helper()
	lines := readDemoLines(t, "canaries.txt")
	for _, l := range lines {
		if l == "" {
			t.Fatal("canaries.txt: an empty line matches everything")
		}
	}
	return lines
}

// A leak is one way in which train.sh prints a value: the text as it stands in
// the bare output, and the part of it that is the secret's.
type leak struct {
	what, text string
	from, to   int
}

// demoLeaks lists the ways, and nothing that train.sh does not print.
func demoLeaks(v map[string]string) []leak {
	token, key, url, pass, pem := v["HF_TOKEN"], v["WANDB_API_KEY"], v["DATABASE_URL"], v["DB_PASSWORD"], v["DEPLOY_KEY"]
	twice := base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(token)) + "\n"))
	leaks := []leak{
		whole("HF_TOKEN", token),
		whole("HF_TOKEN with colour inside", strings.Replace(token, "maskrun", "\x1b[01;31m\x1b[Kmaskrun\x1b[m\x1b[K", 1)),
		base64Leak("HF_TOKEN in base64", "", token),
		// The inner base64 ends with a line feed, whose own characters are "Cg==".
		{"HF_TOKEN in base64 twice", twice, 0, len(twice) - len("Cg==")},
		whole("WANDB_API_KEY", key),
		whole("WANDB_API_KEY in hex", hex.EncodeToString([]byte(key))),
		base64Leak("WANDB_API_KEY as Basic authorization", "api:", key),
		whole("DATABASE_URL", url),
		base64Leak("DATABASE_URL in base64 over two lines", "", url),
		whole("DB_PASSWORD in JSON", jsonBody(pass)),
		whole("DB_PASSWORD in a URL", percent(pass, "%%%02X")),
		whole("DEPLOY_KEY", pem),
		whole("DEPLOY_KEY in JSON", jsonBody(pem)),
	}
	for i, line := range keyLines(pem) {
		leaks = append(leaks, whole(fmt.Sprintf("line %d of DEPLOY_KEY", i+1), line))
	}
	return leaks
}

func whole(what, text string) leak { return leak{what, text, 0, len(text)} }

// base64Leak is base64(prefix+value) as the base64 program prints it, 76 to a
// line. The secret's part is every character all of whose bits come from the
// value, and the end, since the value ends the data.
func base64Leak(what, prefix, value string) leak {
	enc := base64.StdEncoding.EncodeToString([]byte(prefix + value))
	from := (8*len(prefix) + 5) / 6
	var b strings.Builder
	for i := 0; i < len(enc); i += 76 {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(enc[i:min(i+76, len(enc))])
	}
	return leak{what, b.String(), from, b.Len()}
}

// hideLeaks marks every byte of every occurrence, then writes each marked run as one marker.
func hideLeaks(out string, leaks []leak) string {
	hidden := make([]bool, len(out))
	for _, l := range leaks {
		for i := 0; i+len(l.text) <= len(out); i++ {
			if out[i:i+len(l.text)] == l.text {
				for j := i + l.from; j < i+l.to; j++ {
					hidden[j] = true
				}
			}
		}
	}
	var b strings.Builder
	for i := range len(out) {
		switch {
		case !hidden[i]:
			b.WriteByte(out[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString("***")
		}
	}
	return b.String()
}

// withoutOurs drops maskrun's own messages: it may warn that others can read the
// key file, and after a git clone they can.
func withoutOurs(stderr string) string {
	var b strings.Builder
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "maskrun: ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func compareDemo(t *testing.T, stream, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := bufio.NewReader(strings.NewReader(got)), bufio.NewReader(strings.NewReader(want))
	for n := 1; ; n++ {
		a, errA := g.ReadString('\n')
		b, errB := w.ReadString('\n')
		if a != b {
			t.Errorf("%s, line %d:\n got %q\nwant %q", stream, n, a, b)
			return
		}
		if errors.Is(errA, io.EOF) || errors.Is(errB, io.EOF) {
			t.Errorf("%s: %d bytes, want %d", stream, len(got), len(want))
			return
		}
	}
}

type form struct{ what, text string }

// demoForms lists what may be nowhere in the output: every value but DB_USER
// and every line of the key, raw, in base64, hex, percent-encoding and JSON.
func demoForms(values map[string]string) []form {
	var forms []form
	for name, v := range values {
		if name == "DB_USER" {
			continue
		}
		forms = append(forms, formsOf(name, v)...)
		if strings.Contains(v, "\n") {
			for i, line := range keyLines(v) {
				forms = append(forms, formsOf(fmt.Sprintf("line %d of %s", i+1, name), line)...)
			}
		}
	}
	return forms
}

func formsOf(name, v string) []form {
	forms := []form{
		{name, v},
		{name + " in hex", hex.EncodeToString([]byte(v))},
		{name + " in upper-case hex", strings.ToUpper(hex.EncodeToString([]byte(v)))},
		{name + " percent-encoded", percent(v, "%%%02X")},
		{name + " percent-encoded in lower case", percent(v, "%%%02x")},
		{name + " in JSON", jsonBody(v)},
	}
	for skip := range 3 {
		data := append(make([]byte, skip), v...)
		data = append(data, 0, 0)
		from, to := (8*skip+5)/6, 8*(skip+len(v))/6
		forms = append(forms,
			form{fmt.Sprintf("%s in base64 at offset %d", name, skip), base64.StdEncoding.EncodeToString(data)[from:to]},
			form{fmt.Sprintf("%s in URL base64 at offset %d", name, skip), base64.URLEncoding.EncodeToString(data)[from:to]})
	}
	return forms
}

// keyLines are the lines of a PEM file that say something.
func keyLines(pem string) []string {
	var lines []string
	for line := range strings.SplitSeq(pem, "\n") {
		if !strings.HasPrefix(line, "-----") {
			lines = append(lines, line)
		}
	}
	return lines
}

func jsonBody(v string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// percent encodes all but the unreserved characters of RFC 3986.
func percent(v, format string) string {
	var b strings.Builder
	for _, c := range []byte(v) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, format, c)
		}
	}
	return b.String()
}
