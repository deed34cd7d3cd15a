package action

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// A github is GitHub Actions, and what imitates it (Gitea, Forgejo, act).
// Commands to the runner and inputs go through go-githubactions; files go through
// commandFile, because the library's delimiter is a constant that a value can hold.
type github struct {
	env Env
	lib *githubactions.Action
	out *stickyWriter
}

func onGitHub(e Env) bool { return e.getenv("GITHUB_ACTIONS") == "true" }

func openGitHub(e Env) Platform {
	out := &stickyWriter{w: e.stdout()}
	return &github{e, githubactions.New(githubactions.WithWriter(out), githubactions.WithGetenv(e.getenv)), out}
}

func (*github) Name() string { return "github" }

// minMask is the length under which a line is not given to the runner: it would
// hide every { of the log.
const minMask = 4

// Mask sends one command a line. The runner would take the lines of a value
// apart by itself, and mask every one of them, short or not.
func (g *github) Mask(form []byte) error {
	if err := checkValue("mask", form); err != nil {
		return err
	}
	for line := range bytes.FieldsFuncSeq(form, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if len(bytes.TrimSpace(line)) >= minMask {
			g.lib.AddMask(string(line))
		}
	}
	return g.out.failed("mask")
}

func (g *github) SetEnv(name string, value []byte) error {
	if err := g.env.checkVariable(name, value); err != nil {
		return err
	}
	return g.file("GITHUB_ENV").set(name, value)
}

func (g *github) SetOutput(name string, value []byte) error {
	if err := checkOutput(name); err != nil {
		return err
	}
	if err := checkValue("output "+name, value); err != nil {
		return err
	}
	return g.file("GITHUB_OUTPUT").set(name, value)
}

// SaveState keeps a value for the post step of this action: see [Stateful].
func (g *github) SaveState(name string, value []byte) error {
	if err := checkOutput(name); err != nil {
		return err
	}
	if err := checkValue("state "+name, value); err != nil {
		return err
	}
	return g.file("GITHUB_STATE").set(name, value)
}

// State is what SaveState kept.
func (g *github) State(name string) string { return g.env.getenv("STATE_" + name) }

func (g *github) Summary(markdown string) error {
	if err := checkValue("summary", []byte(markdown)); err != nil {
		return err
	}
	if !strings.HasSuffix(markdown, "\n") {
		markdown += "\n"
	}
	return g.file("GITHUB_STEP_SUMMARY").append([]byte(markdown))
}

// Annotate shows a line on the page of the run: see [Annotator].
func (g *github) Annotate(level Level, title, message string) error {
	fields := map[string]string{}
	if title != "" {
		fields["title"] = title
	}
	lib := g.lib.WithFieldsMap(fields)
	switch level {
	case Failure:
		lib.Errorf("%s", message)
	case Warning:
		lib.Warningf("%s", message)
	default:
		lib.Noticef("%s", message)
	}
	return g.out.failed("annotation")
}

// Input is an input of the action: see [Inputs].
func (g *github) Input(name string) string { return g.lib.GetInput(name) }

func (g *github) file(variable string) commandFile {
	return commandFile{variable: variable, path: g.env.getenv(variable), random: g.env.Random, write: g.env.Write}
}

// A stickyWriter keeps the first error for whoever asks: the library panics on one.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	if s.err == nil {
		_, s.err = s.w.Write(p)
	}
	return len(p), nil
}

func (s *stickyWriter) failed(what string) error {
	if s.err != nil {
		return fmt.Errorf("%s: stdout: %w", what, s.err)
	}
	return nil
}
