package action_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/action/actiontest"
)

// gitHubEnv is what the runner gives to a step.
func gitHubEnv(t *testing.T, dir string) map[string]string {
	env := actiontest.Files(t, dir, map[string]string{
		"GITHUB_ENV": actiontest.GitHubEnv, "GITHUB_OUTPUT": actiontest.GitHubOutput,
		"GITHUB_STATE": actiontest.GitHubState, "GITHUB_STEP_SUMMARY": actiontest.GitHubSummary,
	})
	env["GITHUB_ACTIONS"] = "true"
	return env
}

// FAULTS 71-79, 83, 86.
func TestGitHub(t *testing.T) {
	value := []byte(strings.Repeat("CANARY", 100))
	actiontest.Run(t, actiontest.Harness{
		Name:  "github",
		Setup: gitHubEnv,
		Read:  actiontest.ReadGitHub,
		Files: map[string]func(action.Platform) error{
			"GITHUB_ENV":          func(p action.Platform) error { return p.SetEnv("NAME", value) },
			"GITHUB_OUTPUT":       func(p action.Platform) error { return p.SetOutput("NAME", value) },
			"GITHUB_STATE":        func(p action.Platform) error { return p.(action.Stateful).SaveState("NAME", value) },
			"GITHUB_STEP_SUMMARY": func(p action.Platform) error { return p.Summary(string(value)) },
		},
	})
}

// Elsewhere nothing can be set, nothing is printed, and everybody is trusted.
func TestPlain(t *testing.T) {
	actiontest.Run(t, actiontest.Harness{
		Name:  "plain",
		Setup: func(*testing.T, string) map[string]string { return nil },
		Read:  actiontest.ReadGitHub,
		NoEnv: true, NoOutput: true, NoMask: true, NoSummary: true,
	})
	p := action.Plain{}
	if !errors.Is(p.SetEnv("A", nil), action.ErrUnsupported) || !errors.Is(p.SetOutput("A", nil), action.ErrUnsupported) {
		t.Error("something was set")
	}
	if ok, why := p.Trusted(); !ok || why != "" {
		t.Error("not trusted")
	}
}

func github(t *testing.T, env map[string]string, random string, out *bytes.Buffer) action.Platform {
	t.Helper()
	e := action.Env{Getenv: func(n string) string { return env[n] }}
	if random != "" {
		e.Random = strings.NewReader(random)
	}
	if out != nil {
		e.Stdout = out
	}
	return action.Detect(e)
}

// FAULTS 72: a value that holds the delimiter of its record is refused.
func TestDelimiterCollision(t *testing.T) {
	dir := t.TempDir()
	env := gitHubEnv(t, dir)
	const known = "0123456789abcdef"
	delimiter := fmt.Sprintf("maskrun_%x", known)
	for _, value := range []string{delimiter, "a" + delimiter + "b", "x\n" + delimiter + "\nPATH=/evil"} {
		err := github(t, env, known, nil).SetEnv("NAME", []byte(value))
		if err == nil || strings.Contains(err.Error(), delimiter) {
			t.Errorf("error %v", err)
		}
	}
	if err := github(t, env, "too short", nil).SetEnv("NAME", []byte("v")); err == nil {
		t.Error("a short delimiter is used")
	}
	if data, _ := os.ReadFile(env["GITHUB_ENV"]); len(data) > 0 {
		t.Errorf("written: %q", data)
	}
	if err := github(t, env, known, nil).SetEnv("NAME", []byte("v")); err != nil {
		t.Error(err)
	}
	if data, _ := os.ReadFile(env["GITHUB_ENV"]); !strings.Contains(string(data), "NAME<<"+delimiter+"\n") {
		t.Errorf("not as wanted: %q", data)
	}
}

// Two records never have one delimiter.
func TestDelimiterIsRandom(t *testing.T) {
	env := gitHubEnv(t, t.TempDir())
	p := github(t, env, "", nil)
	for range 50 {
		if err := p.SetEnv("NAME", []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(env["GITHUB_ENV"])
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if _, delimiter, ok := strings.Cut(line, "<<"); ok {
			seen[delimiter] = true
			if len(delimiter) < 32 {
				t.Errorf("delimiter %q has fewer than 128 bits", delimiter)
			}
		}
	}
	if len(seen) != 50 {
		t.Errorf("%d delimiters in 50 records", len(seen))
	}
}

// State is kept for the post step, and annotations are one command, whatever is in them. FAULTS 83
func TestStateAndAnnotations(t *testing.T) {
	dir := t.TempDir()
	env := gitHubEnv(t, dir)
	env["STATE_token"] = "kept"
	env["INPUT_EXPORT-ENV"] = "  true "
	var out bytes.Buffer
	p := github(t, env, "", &out)
	if got := p.(action.Stateful).State("token"); got != "kept" {
		t.Errorf("state %q", got)
	}
	if got := p.(action.Inputs).Input("export-env"); got != "true" {
		t.Errorf("input %q", got)
	}
	if err := p.(action.Stateful).SaveState("token", []byte("a\nb")); err != nil {
		t.Error(err)
	}
	if err := p.(action.Annotator).Annotate(action.Warning, "a::b,c\nd", "x\n::add-mask::y %0A"); err != nil {
		t.Error(err)
	}
	u, err := actiontest.ReadGitHub(dir, out.Bytes())
	if err != nil || u.State["token"] != "a\nb" || fmt.Sprint(u.Commands) != "[warning]" {
		t.Errorf("%+v, error %v", u, err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

// A mask that did not arrive is an error: no variable may be set after it.
func TestMaskFails(t *testing.T) {
	env := gitHubEnv(t, t.TempDir())
	p := action.Detect(action.Env{Getenv: func(n string) string { return env[n] }, Stdout: brokenPipe{}})
	for range 2 {
		if err := p.Mask([]byte("CANARY-value")); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("error %v", err)
		}
	}
}
