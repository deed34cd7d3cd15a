package export_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/maskrun/maskrun/action/actiontest"
	"github.com/maskrun/maskrun/fetch/dotenv"
	"github.com/maskrun/maskrun/internal/export"
)

// values are the hostile ones that exports have broken on, and some more.
func values() []actiontest.Case {
	cases := append(actiontest.Hostile(),
		actiontest.Case{Why: "not UTF-8", Value: "a\xff\xfeb"},
		actiontest.Case{Why: "bytes that shells use inside", Value: "a\x01\x7f\x81\x82\x83\x84\x88b"},
		actiontest.Case{Why: "a NUL", Value: "a\x00b"},
		actiontest.Case{Why: "curly quotes", Value: "a‘b’c‚d‛e"},
		actiontest.Case{Why: "YAML", Value: "- a: &b *c !d | > % @ `"},
		actiontest.Case{Why: "YAML's other truths", Value: "no"},
		actiontest.Case{Why: "a number", Value: "1e3"},
		actiontest.Case{Why: "backslashes and quotes", Value: `\\" \' \n \$ ' \`},
		actiontest.Case{Why: "exclamation", Value: "!! !$ !x"},
	)
	var out []actiontest.Case
	for _, c := range cases {
		if len(c.Value) < 10<<10 { // a megabyte does not fit into an environment
			out = append(out, c)
		}
	}
	return out
}

// refused says of a format which values must not be written: all others must be.
var refused = map[string]func(v string) bool{
	"shell":      hasNUL,
	"direnv":     func(v string) bool { return hasNUL(v) || bad(v) }, // it keeps the environment in JSON
	"dotenv":     hasNUL,
	"systemd":    func(v string) bool { return hasNUL(v) || bad(v) },
	"powershell": func(v string) bool { return hasNUL(v) || bad(v) },
	"json":       bad,
	"yaml":       bad,
	"k8s-secret": func(string) bool { return false },
	"docker-env": func(v string) bool { return hasNUL(v) || bad(v) || strings.ContainsAny(v, "\r\n") },
	"gitlab-dotenv": func(v string) bool {
		return hasNUL(v) || bad(v) || strings.ContainsAny(v, "\r\n") || strings.Trim(v, " \t\v\f") != v || len(v) > 5000
	},
}

func hasNUL(v string) bool { return strings.Contains(v, "\x00") }
func bad(v string) bool    { return strings.ToValidUTF8(v, "") != v }

// Every value in every format: it comes back as it was, with its neighbours, or it
// is refused by name and nothing is written. FAULTS 71, 75, 85
func TestRoundTrip(t *testing.T) {
	for _, f := range export.Formats() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			var vars []export.Variable
			for i, c := range values() {
				v := export.Variable{Name: "V" + string(rune('A'+i/26)) + string(rune('A'+i%26)), Value: []byte(c.Value)}
				var out bytes.Buffer
				err := export.Write(&out, f.Name, []export.Variable{v})
				if (err != nil) != refused[f.Name](c.Value) {
					t.Errorf("%s: %v", c.Why, err)
				}
				if err != nil && (out.Len() > 0 || !strings.HasPrefix(err.Error(), v.Name+":") && !strings.Contains(err.Error(), "bytes in all") || len(c.Value) > 4 && strings.Contains(err.Error(), c.Value)) {
					t.Errorf("%s: %d bytes written, %v", c.Why, out.Len(), err)
				}
				if err == nil {
					vars = append(vars, v)
				}
			}
			for _, read := range readers[f.Name] {
				some := vars
				if read.only != nil {
					some = nil
					for _, v := range vars {
						if read.only(string(v.Value)) {
							some = append(some, v)
						}
					}
				}
				check(t, f.Name, read, some)
			}
		})
	}
}

// check writes in batches that fit the format, and reads them with a consumer.
func check(t *testing.T, format string, read reader, vars []export.Variable) {
	t.Helper()
	if read.program != "" {
		if _, err := exec.LookPath(strings.Fields(read.program)[0]); err != nil {
			t.Logf("SKIPPED: no %s here", read.program)
			return
		}
	}
	for len(vars) > 0 {
		n := min(len(vars), 30)
		var out bytes.Buffer
		for ; ; n-- {
			out.Reset()
			if err := export.Write(&out, format, vars[:n]); err == nil {
				break
			} else if n == 1 {
				t.Fatal(err)
			}
		}
		got, err := read.read(t, read.program, out.Bytes(), vars[:n])
		if err != nil {
			t.Fatalf("%s: %v", read.program, err)
		}
		for _, v := range vars[:n] {
			if value, ok := got[v.Name]; !ok || value != string(v.Value) {
				t.Errorf("%s reads %q as %q (there: %v)", read.program, v.Value, value, ok)
			}
		}
		if _, evil := got["NAME2"]; evil {
			t.Errorf("%s: a value defines a variable", read.program)
		}
		vars = vars[n:]
	}
}

// A reader is a consumer of a format. Only narrows what is tried where the consumer
// is known to be poorer than the format.
type reader struct {
	program string // "" for Go
	read    func(t *testing.T, program string, text []byte, vars []export.Variable) (map[string]string, error)
	only    func(v string) bool
}

var readers = map[string][]reader{
	"shell":         {{"sh", evalInShell, nil}, {"bash", evalInShell, nil}, {"dash", evalInShell, nil}, {"busybox sh", evalInShell, nil}, {"ksh", evalInShell, nil}, {"mksh", evalInShell, nil}, {"zsh", evalInShell, nil}},
	"direnv":        {{"direnv", inDirenv, nil}},
	"dotenv":        {{"", byDotenv, nil}, {"node", byNode, func(v string) bool { return !strings.ContainsAny(v, "'\r") && !bad(v) && strings.TrimSpace(v) == v }}},
	"gitlab-dotenv": {{"", byGitLab, nil}, {"ruby", byRuby, nil}},
	"docker-env":    {{"", byDocker, nil}, {"kubectl", byKubectlEnv, nil}},
	"systemd":       {{"", bySystemd, nil}},
	"powershell":    {{"", byPowerShell, nil}},
	"json":          {{"", byJSON, nil}, {"jq", byJQ, nil}, {"python3", byPythonJSON, nil}},
	"yaml":          {{"", byYAML, nil}, {"python3", byPythonYAML, nil}},
	"k8s-secret":    {{"", bySecret, nil}, {"kubectl", byKubectl, nil}},
}

func run(t *testing.T, stdin []byte, env []string, argv ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Env = append(os.Environ(), env...)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		err = errors.Join(err, errors.New(errOut.String()))
	}
	return out, err
}

// environment reads NUL-terminated NAME=value.
func environment(out []byte) map[string]string {
	got := map[string]string{}
	for _, kv := range strings.Split(string(out), "\x00") {
		if name, value, ok := strings.Cut(kv, "="); ok {
			got[name] = value
		}
	}
	return got
}

// evalInShell does as people do: eval "$(maskrun export --format shell)".
func evalInShell(t *testing.T, program string, text []byte, _ []export.Variable) (map[string]string, error) {
	file := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	argv := append(strings.Fields(program), "-c", `eval "$(cat "$1")"; exec env -0`, "x", file)
	out, err := run(t, nil, nil, argv...)
	return environment(out), err
}

func inDirenv(t *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), text, 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, ".envrc"), []byte(`eval "$(cat text)"`), 0o600); err != nil {
		return nil, err
	}
	env := []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}
	if _, err := run(t, nil, env, "direnv", "allow", dir); err != nil {
		return nil, err
	}
	out, err := run(t, nil, env, "direnv", "exec", dir, "env", "-0")
	return environment(out), err
}

func byDotenv(_ *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	pairs, err := dotenv.Parse(text)
	got := map[string]string{}
	for _, p := range pairs {
		got[p.Key] = p.Value
	}
	return got, err
}

func byNode(t *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	out, err := run(t, nil, nil, "node", "--env-file="+file, "-e", `process.stdout.write(JSON.stringify(process.env))`)
	return object(out, err)
}

func object(out []byte, err error) (map[string]string, error) {
	if err != nil {
		return nil, err
	}
	var got map[string]string
	return got, json.Unmarshal(out, &got)
}

// byGitLab is written after GitLab's parser of dotenv reports: each line is cut at
// its first equals sign, and both sides are stripped.
func byGitLab(_ *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	got := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, errors.New("a line without an equals sign")
		}
		got[strings.Trim(key, " \t\v\f\r\x00")] = strings.Trim(value, " \t\v\f\r\x00")
	}
	return got, nil
}

// byRuby is the same in GitLab's language, where there is one.
func byRuby(t *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	out, err := run(t, text, nil, "ruby", "-rjson", "-e",
		`r = {}; $stdin.set_encoding("UTF-8").each_line { |l| k, v = l.scan(/^(.*?)=(.*)$/).last; r[k.strip] = v.strip }; puts r.to_json`)
	return object(out, err)
}

// byDocker is written after Docker's rules: a line is what bufio.Scanner gives, its
// name ends at the first equals sign, its value is taken as it stands.
func byDocker(_ *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	got := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\r"), "=")
		if !ok || strings.HasPrefix(line, "#") || strings.ContainsAny(name, " \t") || len(line) >= 64<<10 {
			return nil, errors.New("a line that Docker does not take")
		}
		got[name] = value
	}
	return got, nil
}

func byKubectlEnv(t *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return nil, err
	}
	out, err := run(t, nil, []string{"KUBECONFIG=/dev/null"}, "kubectl", "create", "secret", "generic", "x", "--from-env-file="+file, "--dry-run=client", "-o", "json")
	return secretData(out, err)
}

func secretData(out []byte, err error) (map[string]string, error) {
	if err != nil {
		return nil, err
	}
	var doc struct {
		Data map[string][]byte `json:"data"`
	}
	err = json.Unmarshal(out, &doc)
	got := map[string]string{}
	for k, v := range doc.Data {
		got[k] = string(v)
	}
	return got, err
}

// bySystemd is written after systemd's parser of environment files, for values in
// double quotes: a backslash takes the special sense of " \ $ and `, joins lines
// before a line end, and stands for itself before anything else.
func bySystemd(_ *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	got := map[string]string{}
	rest := string(text)
	for rest != "" {
		name, after, ok := strings.Cut(rest, "=\"")
		if !ok || strings.ContainsAny(name, "\n\"\\# ") {
			return nil, errors.New("no assignment")
		}
		var b strings.Builder
		for {
			if after == "" {
				return nil, errors.New("quotes are not closed")
			}
			c := after[0]
			after = after[1:]
			if c == '"' {
				break
			}
			if c == '\\' && after != "" {
				next := after[0]
				after = after[1:]
				switch {
				case strings.IndexByte("\"\\$`", next) >= 0:
					b.WriteByte(next)
				case next != '\n':
					b.WriteByte('\\')
					b.WriteByte(next)
				}
				continue
			}
			b.WriteByte(c)
		}
		if !strings.HasPrefix(after, "\n") {
			return nil, errors.New("text after the quotes")
		}
		got[name], rest = b.String(), after[1:]
	}
	return got, nil
}

// byPowerShell is written after PowerShell's rules of single quotes: any of its five
// single quote characters ends the text unless two stand together, which are one.
func byPowerShell(_ *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	isQuote := func(r rune) bool { return strings.ContainsRune("'‘’‚‛", r) }
	got := map[string]string{}
	rest := []rune(string(text))
	for len(rest) > 0 {
		head, _, ok := strings.Cut(string(rest), " = '")
		name, isEnv := strings.CutPrefix(head, "$env:")
		if !ok || !isEnv || strings.ContainsAny(name, "\n'") {
			return nil, errors.New("no assignment")
		}
		rest = rest[len([]rune(head))+4:]
		var b strings.Builder
		for i := 0; ; i++ {
			if i >= len(rest) {
				return nil, errors.New("quotes are not closed")
			}
			if !isQuote(rest[i]) {
				b.WriteRune(rest[i])
				continue
			}
			if i+1 < len(rest) && isQuote(rest[i+1]) {
				b.WriteRune(rest[i])
				i++
				continue
			}
			rest = rest[i+1:]
			break
		}
		if rest[0] != '\n' {
			return nil, errors.New("text after the quotes")
		}
		got[name], rest = b.String(), rest[1:]
	}
	return got, nil
}

func byJSON(_ *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	return object(text, nil)
}

// byJQ lets jq print every value in base64, so that nothing of ours reads its JSON.
func byJQ(t *testing.T, _ string, text []byte, vars []export.Variable) (map[string]string, error) {
	out, err := run(t, text, nil, "jq", "-r", `to_entries[] | .key + "=" + (.value | @base64)`)
	return inBase64(out, err)
}

func byPythonJSON(t *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	out, err := run(t, text, nil, "python3", "-c", pythonPrint+"import json\nshow(json.load(sys.stdin.buffer))")
	return inBase64(out, err)
}

func byPythonYAML(t *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	if _, err := run(t, nil, nil, "python3", "-c", "import yaml"); err != nil {
		t.Log("SKIPPED: python3 has no yaml here")
		return byYAML(t, "", text, nil)
	}
	out, err := run(t, text, nil, "python3", "-c", pythonPrint+"import yaml\nshow(yaml.safe_load(sys.stdin.buffer.read()))")
	return inBase64(out, err)
}

const pythonPrint = "import sys, base64\n" +
	"def show(d):\n for k, v in d.items(): print(k + '=' + base64.b64encode(v.encode()).decode())\n"

func inBase64(out []byte, err error) (map[string]string, error) {
	got := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		value, e := base64.StdEncoding.DecodeString(text)
		err = errors.Join(err, e)
		got[name] = string(value)
	}
	return got, err
}

func byYAML(_ *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	var got map[string]string
	return got, yaml.Unmarshal(text, &got)
}

func bySecret(_ *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	var doc struct {
		Kind string            `yaml:"kind"`
		Data map[string]string `yaml:"data"`
	}
	err := yaml.Unmarshal(text, &doc)
	if doc.Kind != "Secret" {
		return nil, errors.New("no Secret")
	}
	got := map[string]string{}
	for k, v := range doc.Data {
		value, e := base64.StdEncoding.DecodeString(v)
		err = errors.Join(err, e)
		got[k] = string(value)
	}
	return got, err
}

// byKubectl has kubectl read the manifest without a cluster.
func byKubectl(t *testing.T, _ string, text []byte, _ []export.Variable) (map[string]string, error) {
	out, err := run(t, text, []string{"KUBECONFIG=/dev/null"}, "kubectl", "label", "--local", "-f", "-", "a=b", "-o", "json")
	return secretData(out, err)
}

// Bad names and unknown formats.
func TestRefused(t *testing.T) {
	for _, f := range export.Formats() {
		for _, name := range []string{"", "1A", "A-B", "A B", "A\nB", "A=B", "$(id)", "Ä"} {
			var out bytes.Buffer
			if err := export.Write(&out, f.Name, []export.Variable{{Name: name, Value: []byte("x")}}); err == nil || out.Len() > 0 {
				t.Errorf("%s takes the name %q", f.Name, name)
			}
		}
	}
	if err := export.Write(new(bytes.Buffer), "toml", nil); err == nil || !strings.Contains(err.Error(), "gitlab-dotenv") {
		t.Error(err)
	}
	if f, _ := export.Find("gitlab-dotenv"); f.Warning == "" {
		t.Error("no warning that dotenv reports are not masked")
	}
	// All failures are told.
	err := export.Write(new(bytes.Buffer), "docker-env", []export.Variable{{"A", []byte("a\nb")}, {"B", []byte("a\x00")}})
	if err == nil || !strings.Contains(err.Error(), "A: ") || !strings.Contains(err.Error(), "B: ") {
		t.Error(err)
	}
}
