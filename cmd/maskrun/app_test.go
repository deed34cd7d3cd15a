package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/config"
	"github.com/maskrun/maskrun/masker"
)

// maskrun wraps every step of a job: it must not link what takes long to start
// or holds a cloud client.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Skip("no go command here")
	}
	for dep := range strings.SplitSeq(string(out), "\n") {
		for _, banned := range []string{
			"github.com/maskrun/maskrun/fetch/heavy", "github.com/maskrun/maskrun/fetch/sops", "github.com/getsops/",
			"github.com/aws/", "cloud.google.com/", "github.com/Azure/", "google.golang.org/",
		} {
			if strings.HasPrefix(dep, banned) && dep != "github.com/maskrun/maskrun/fetch/heavy/names" {
				t.Errorf("cmd/maskrun imports %s", dep)
			}
		}
	}
}

// A panic while secrets are fetched is an error that says where. FAULTS 101
func TestPanic(t *testing.T) {
	p := &program{speaker: &speaker{w: new(bytes.Buffer)}}
	err := p.interruptible(nil) // calling nil panics in the goroutine
	if err == nil || !strings.Contains(err.Error(), "internal error at cmd/maskrun/signals.go") {
		t.Errorf("%v", err)
	}
}

// What we say is one line for each problem, redacted, and moves no cursor. FAULTS 83
func TestSay(t *testing.T) {
	var out bytes.Buffer
	s := &speaker{w: &out}
	s.say("two\nlines")
	s.use(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("CANARY"), []byte("***")) })
	s.sayf("a %s b", "CANARY")
	s.say("esc \x1b[31m bell \a cr \r nul \x00 bad \xff ##[add-mask]x \u2028 \u009b \u202e é …")
	want := "maskrun: two\nmaskrun: lines\nmaskrun: a *** b\n" +
		`maskrun: esc \x1b[31m bell \x07 cr \x0d nul \x00 bad \xff #\x23[add-mask]x \xe2\x80\xa8 \xc2\x9b \xe2\x80\xae é …` + "\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	s.hush()
	s.say("more")
	if out.String() != want {
		t.Error("not hushed")
	}
}

// The names that tell of a secret, and some that do not.
func TestDefaultMaskEnv(t *testing.T) {
	for name, want := range map[string]bool{
		"DEPLOY_TOKEN": true, "token": true, "PGPASSWORD": false, "DB_PASSWORD": true, "AWS_SECRET_ACCESS_KEY": true,
		"GITHUB_TOKEN": true, "STRIPE_API_KEY": true, "SSH_PRIVATE_KEY": true, "SENTRY_DSN": true, "NPM_CONFIG_TOKEN": true,
		"GOOGLE_APPLICATION_CREDENTIALS": true, "AZURE_STORAGE_CONNECTION_STRING": true, "PASSPHRASE": true,
		"PATH": false, "TOKENIZER": false, "KEYBOARD": false, "SECRETARY": false, "API_KEY_NAME": false, "HOME": false,
	} {
		if got := matchesName(defaultMaskEnv, name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// withSubs is commands, and theirs.
func withSubs() []command {
	var all []command
	for _, row := range commands() {
		all = append(append(all, row), row.sub...)
	}
	return all
}

// The help of every command shows every flag it has, in lines that fit a screen.
func TestHelp(t *testing.T) {
	for _, row := range withSubs() {
		help := commandHelp(row)
		for _, f := range flatten(row.flags()) {
			if !strings.Contains(help, "--"+f.Names()[0]) || f.(cli.DocGenerationFlag).GetUsage() == "" {
				t.Errorf("%s: --%s is not explained", row.name, f.Names()[0])
			}
		}
		for line := range strings.Lines(help + appHelp) {
			if len([]rune(line)) > 81 {
				t.Errorf("%s: too wide: %s", row.name, line)
			}
		}
		if strings.Contains(help, "{{") {
			t.Errorf("%s: the help is used as a template", row.name)
		}
	}
}

// The groups that maskrun.yaml may name are those that masker has or will have.
func TestEncodingGroups(t *testing.T) {
	for _, group := range masker.Groups() {
		if _, err := config.Parse("f", []byte("version: 1\nmask: { encodings: ["+group+"] }")); err != nil {
			t.Errorf("masker's group %s: %v", group, err)
		}
	}
}

// No help speaks of a store that does not exist.
func TestHelpStores(t *testing.T) {
	p := &program{speaker: &speaker{w: new(bytes.Buffer)}}
	shop := p.openShop(t.Context())
	defer shop.close()
	texts := appHelp
	for _, row := range withSubs() {
		texts += commandHelp(row)
	}
	for _, m := range regexp.MustCompile(`([a-z0-9-]+)://`).FindAllStringSubmatch(texts, -1) {
		if !slices.Contains(shop.schemes(), m[1]) {
			t.Errorf("the help speaks of %s", m[0])
		}
	}
}

// An age identity opens sops files too, unless sops has one of its own.
func TestStoreBlocks(t *testing.T) {
	age := map[string]any{"identity": "k.txt"}
	lent := map[string]any{"age": map[string]any{"identity": "k.txt"}}
	for _, c := range []struct {
		why  string
		have map[string]map[string]any
		want any
	}{
		{"no block at all", map[string]map[string]any{"age": age}, lent},
		{"an empty block", map[string]map[string]any{"age": age, "sops": {}}, lent},
		{"a key of its own", map[string]map[string]any{"age": age, "sops": {"age_key_file": "own"}}, map[string]any{"age_key_file": "own"}},
		{"a mistake stays one", map[string]map[string]any{"age": age, "sops": {"x": 1}}, map[string]any{"x": 1, "age": lent["age"]}},
		{"nothing to lend", map[string]map[string]any{"sops": {}}, map[string]any{}},
	} {
		got := storeBlocks(&config.Config{Stores: c.have})["sops"]
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.why, got, c.want)
		}
	}
	if storeBlocks(new(config.Config))["sops"] != nil {
		t.Error("a block from nothing")
	}
}

func TestMerge(t *testing.T) {
	top := []wanted{{name: "A", from: fetch.Place{File: "1"}}}
	low := []wanted{{name: "B", from: fetch.Place{File: "2"}}, {name: "A", from: fetch.Place{File: "2"}}}
	got := merge(top, low)
	if len(got) != 2 || got[0].from.File != "1" || got[1].name != "B" {
		t.Errorf("%v", got)
	}
}

func TestChildEnviron(t *testing.T) {
	environ := []string{"PATH=/bin", "SOPS_AGE_KEY=x", "A=old", "B=b", "LC_ALL=C"}
	for _, tt := range []struct {
		f    runFlags
		used []string
		want string
	}{
		{runFlags{}, nil, "PATH=/bin SOPS_AGE_KEY=x B=b LC_ALL=C A=new"},
		{runFlags{}, []string{"age"}, "PATH=/bin B=b LC_ALL=C A=new"},
		{runFlags{keepEnv: []string{"SOPS_AGE_KEY"}}, []string{"age"}, "PATH=/bin SOPS_AGE_KEY=x B=b LC_ALL=C A=new"},
		{runFlags{pristine: true, keepEnv: []string{"B"}}, nil, "PATH=/bin B=b LC_ALL=C A=new"},
	} {
		if got := strings.Join(childEnviron(environ, tt.f, tt.used, []string{"A=new"}), " "); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.f, got, tt.want)
		}
	}
}

// One open file is one stream; two openings of a regular file are two.
func TestSameFile(t *testing.T) {
	path := t.TempDir() + "/f"
	a, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	send(t, a, "x") // their offsets differ now
	if sameFile(a, b) || sameFile(a, w) || !sameFile(w, w) {
		t.Error("sameFile is wrong")
	}
}

// The whole program can be run in a process that goes on: it neither exits nor
// touches cli's globals.
func TestRunReturns(t *testing.T) {
	before := cli.OsExiter
	cli.OsExiter = func(int) { t.Error("cli exits by itself") }
	defer func() { cli.OsExiter = before }()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for code, args := range map[int][]string{
		exitOK:     {"maskrun", "--version"},
		exitFailed: {"maskrun", "run", "--nope"},
		127:        {"maskrun", "run", "--", "nosuch-command"},
		3:          {"maskrun", "run", "--", "sh", "-c", "exit 3"},
	} {
		if got := run(args, []string{"PATH=" + os.Getenv("PATH")}, null, null, null); got != code {
			t.Errorf("%v: %d, want %d", args, got, code)
		}
	}
	var status exitStatus
	if !errors.As(error(exitStatus(3)), &status) || status != 3 {
		t.Error("exitStatus is no error")
	}
}

// What maskrun adds to a command is its start: it must not be felt. The limit is
// ten times what it takes, for a busy machine and the race detector.
func TestStartsQuickly(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	best := time.Hour
	for range 5 {
		cmd := exec.Command(exe, "run", "--", "true")
		cmd.Args[0] = "maskrun"
		begin := time.Now()
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		best = min(best, time.Since(begin))
	}
	t.Logf("run -- true: %v", best)
	if best > 300*time.Millisecond {
		t.Errorf("run -- true takes %v", best)
	}
}

// A redactor that panics ends its stream: the error has no value, and nothing
// comes out afterwards, not at the close either. FAULTS 101
func TestStreamPanic(t *testing.T) {
	var out bytes.Buffer
	calls := 0
	w := writerFunc(func(p []byte) (int, error) {
		if calls++; calls == 2 {
			panic("CANARY-value")
		}
		return out.Write(p)
	})
	closed := closerFunc(func() error { out.WriteString("CANARY-held"); return nil })
	s := &stream{w: w, closers: []io.Closer{closed}}
	if _, err := s.Write([]byte("one ")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := s.Write([]byte("two ")); err == nil || strings.Contains(err.Error(), "CANARY") || !strings.Contains(err.Error(), "internal error") {
			t.Errorf("%v", err)
		}
	}
	if err := s.Close(); err == nil || out.String() != "one " {
		t.Errorf("%v, out %q", err, out.String())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type closerFunc func() error

func (f closerFunc) Close() error { return f() }
