// Package actiontest is the suite that every platform of package action must
// pass, and the other side of it: readers of what a CI system would have
// understood, written from that system's published rules.
//
//	func TestGitLab(t *testing.T) {
//		actiontest.Run(t, actiontest.Harness{
//			Name: "gitlab",
//			Setup: func(t *testing.T, dir string) map[string]string {
//				return map[string]string{"GITLAB_CI": "true", "MASKRUN_DOTENV": dir + "/out.env"}
//			},
//			Read:      readDotenv,
//			CannotSet: func(value string) bool { return strings.Contains(value, "\n") },
//		})
//	}
//
// What is particular to a platform it tests besides.
package actiontest

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/action"
)

// A Harness is a platform and the reader of its side.
type Harness struct {
	Name string // of the row

	// Setup makes, in dir, what the system gives to a step, and returns the
	// environment that makes Detect choose the row.
	Setup func(t *testing.T, dir string) map[string]string

	// Read tells what the system has understood: of stdout and of the files
	// in dir. An error is one that the system would report.
	Read func(dir string, stdout []byte) (Understood, error)

	// CannotSet tells which values the system's format cannot carry: they must be
	// refused. Nil means that it carries every text.
	CannotSet func(value string) bool

	// What the system does not have: then the method returns ErrUnsupported, and
	// Mask does nothing.
	NoEnv, NoOutput, NoMask, NoSummary bool

	// Files are the variables that name files of the system, and the method that
	// writes to each; they are tried missing, as a directory, and so on.
	Files map[string]func(action.Platform) error
}

// Understood is what a CI system has taken from one step.
type Understood struct {
	Env, Outputs, State map[string]string
	Masks               []string
	Summary             string
	Commands            []string // the names of all commands on stdout, masks included
}

// A session is one step: a directory, an environment, and the platform in it.
type session struct {
	h      Harness
	dir    string
	env    map[string]string
	stdout bytes.Buffer
}

func (h Harness) session(t *testing.T) *session {
	t.Helper()
	dir := t.TempDir()
	return &session{h: h, dir: dir, env: h.Setup(t, dir)}
}

func (s *session) open(allow ...string) action.Platform {
	return action.Detect(action.Env{
		Getenv:     func(name string) string { return s.env[name] },
		Stdout:     &s.stdout,
		AllowNames: allow,
	})
}

// understood is what the system has taken; an error of its own fails the test.
func (s *session) understood(t *testing.T) Understood {
	t.Helper()
	u, err := s.h.Read(s.dir, s.stdout.Bytes())
	if err != nil {
		t.Fatalf("the system would report: %v", err)
	}
	return u
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"row", testRow},
		{"values", testValues},
		{"values that no variable holds", testBadValues},
		{"names", testNames},
		{"reserved names", testReserved},
		{"masks", testMasks},
		{"summary", testSummary},
		{"side by side", testTogether},
		{"files", testFiles},
		{"one after the other", testMany},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, h) })
	}
}

// FAULTS 79: the row is chosen by its environment, and by nothing less.
func testRow(t *testing.T, h Harness) {
	s := h.session(t)
	if got := s.open().Name(); got != h.Name {
		t.Errorf("Detect gives %s, want %s", got, h.Name)
	}
	for _, env := range []map[string]string{nil, {"GITHUB_ACTIONS": "false"}, {"GITHUB_ACTIONS": ""}, {"GITHUB_ACTIONS": "1"}} {
		var out bytes.Buffer
		p := action.Detect(action.Env{Getenv: func(n string) string { return env[n] }, Stdout: &out})
		if err := p.Mask([]byte("hostile-value")); err != nil || out.Len() > 0 || p.Name() == h.Name && h.Name != "plain" {
			t.Errorf("%v: %s printed %q, error %v", env, p.Name(), out.String(), err)
		}
	}
}

// setters are SetEnv and SetOutput, as far as the platform has them.
func (h Harness) setters() map[string]func(action.Platform, string, []byte) error {
	all := map[string]func(action.Platform, string, []byte) error{}
	if !h.NoEnv {
		all["env"] = action.Platform.SetEnv
	}
	if !h.NoOutput {
		all["output"] = action.Platform.SetOutput
	}
	return all
}

func (u Understood) of(kind string) map[string]string {
	if kind == "output" {
		return u.Outputs
	}
	return u.Env
}

// only says what is wrong if u has anything but name=value of this kind.
func (u Understood) only(kind, name, value string) string {
	want, have := map[string]string{name: value}, u.of(kind)
	others := len(u.Env) + len(u.Outputs) + len(u.State) - len(have)
	switch {
	case !maps.Equal(have, want):
		return "comes back otherwise, or something else is defined: " + strings.Join(slices.Sorted(maps.Keys(have)), ", ")
	case others > 0 || len(u.Masks) > 0 || u.Summary != "":
		return "something besides is defined"
	}
	return ""
}

// FAULTS 71, 75: every value comes back equal, and nothing else is defined.
func testValues(t *testing.T, h Harness) {
	for kind, set := range h.setters() {
		for _, c := range Hostile() {
			s := h.session(t)
			err := set(s.open(), "NAME", []byte(c.Value))
			if h.CannotSet != nil && h.CannotSet(c.Value) {
				if err == nil || len(s.understood(t).of(kind)) > 0 {
					t.Errorf("%s: %s: the format cannot carry it, and it was not refused", kind, c.Why)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %s: %v", kind, c.Why, err)
			} else if wrong := s.understood(t).only(kind, "NAME", c.Value); wrong != "" {
				t.Errorf("%s: %s: %s", kind, c.Why, wrong)
			}
		}
	}
}

// FAULTS 75: what would come back changed is refused, and nothing is written.
func testBadValues(t *testing.T, h Harness) {
	for kind, set := range h.setters() {
		for _, value := range []string{"CANARY\xff", "\xc3(CANARY", "CANARY\xed\xa0\x80", "CANARY\x00"} {
			s := h.session(t)
			err := set(s.open(), "NAME", []byte(value))
			if err == nil || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%s: %q: error %v", kind, value, err)
			}
			if u := s.understood(t); len(u.of(kind)) > 0 || s.stdout.Len() > 0 {
				t.Errorf("%s: %q: something was written", kind, value)
			}
		}
	}
}

// FAULTS 73.
func testNames(t *testing.T, h Harness) {
	for kind, set := range h.setters() {
		for _, name := range []string{"", "1A", "A=B", "A<<B", "A\nB", "A\rB", "A B", " A", "A ", "A\x00", "Ä", "A\xff", "A.B", "A;B", "A]B", "A,B", "A%B", "::A", "-A", "A:"} {
			s := h.session(t)
			if err := set(s.open(name), name, []byte("v")); err == nil || strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Errorf("%s: name %q: error %v", kind, name, err)
			}
			if u := s.understood(t); len(u.of(kind)) > 0 || s.stdout.Len() > 0 {
				t.Errorf("%s: name %q: something was written", kind, name)
			}
		}
	}
}

// FAULTS 74.
func testReserved(t *testing.T, h Harness) {
	if h.NoEnv {
		t.Skip("no variables")
	}
	for _, name := range []string{
		"PATH", "path", "LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "IFS", "NODE_OPTIONS",
		"PYTHONPATH", "PYTHONSTARTUP", "PERL5OPT", "RUBYOPT", "GIT_SSH_COMMAND", "GITHUB_ENV", "GITHUB_PATH", "RUNNER_TEMP", "ACTIONS_RUNTIME_URL", "CI_JOB_ID", "Github_Env",
	} {
		s := h.session(t)
		if err := s.open().SetEnv(name, []byte("v")); !errors.Is(err, action.ErrReserved) || len(s.understood(t).Env) > 0 {
			t.Errorf("%s: error %v", name, err)
		}
		if err := s.open(name).SetEnv(name, []byte("v")); err != nil || s.understood(t).Env[name] != "v" {
			t.Errorf("%s, allowed by name: error %v", name, err)
		}
	}
}

// FAULTS 78: what is masked comes back equal, line by line, and short lines are
// left out.
func testMasks(t *testing.T, h Harness) {
	for _, c := range Hostile() {
		s := h.session(t)
		err := s.open().Mask([]byte(c.Value))
		if unsupported := h.NoMask && h.Name != "plain"; unsupported != errors.Is(err, action.ErrUnsupported) || !unsupported && err != nil {
			t.Errorf("%s: %v", c.Why, err)
		}
		var want []string
		for _, line := range strings.FieldsFunc(c.Value, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if len(strings.TrimSpace(line)) >= 4 && !h.NoMask {
				want = append(want, line)
			}
		}
		if u := s.understood(t); !slices.Equal(u.Masks, want) || len(u.Commands) != len(want) || len(u.Env)+len(u.Outputs) > 0 {
			t.Errorf("%s: masks %q, want %q; commands %q", c.Why, u.Masks, want, u.Commands)
		}
	}
}

// FAULTS 83, 86: a summary arrives, and is no command.
func testSummary(t *testing.T, h Harness) {
	s := h.session(t)
	const text = "## ::add-mask::x\n\n| a | b |\n|---|---|\n| ##[error]x | y |\n"
	err := s.open().Summary(text)
	if h.NoSummary {
		if !errors.Is(err, action.ErrUnsupported) {
			t.Errorf("error %v", err)
		}
		return
	}
	if u := s.understood(t); err != nil || !strings.Contains(u.Summary, text) || len(u.Commands) > 0 {
		t.Errorf("summary %q, commands %q, error %v", u.Summary, u.Commands, err)
	}
}

// testMany: records do not run into each other, and the last of one name counts.
func testMany(t *testing.T, h Harness) {
	for kind, set := range h.setters() {
		s := h.session(t)
		p := s.open()
		for i, value := range []string{"first", "x", "", "last"} {
			if err := set(p, []string{"A", "B", "C", "A"}[i], []byte(value)); err != nil {
				t.Fatal(err)
			}
		}
		want := map[string]string{"A": "last", "B": "x", "C": ""}
		if got := s.understood(t).of(kind); !maps.Equal(got, want) {
			t.Errorf("%s: %v", kind, got)
		}
	}
}

// writeFile is for tests that want a file to be there.
func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Files makes empty files in dir, as a system does before a step, and returns
// variable names with their paths.
func Files(t *testing.T, dir string, names map[string]string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for variable, name := range names {
		env[variable] = filepath.Join(dir, name)
		writeFile(t, env[variable], "")
	}
	return env
}
