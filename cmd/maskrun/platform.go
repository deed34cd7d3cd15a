package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/internal/child"
	"github.com/maskrun/maskrun/internal/ledger"
	"github.com/maskrun/maskrun/masker"
)

// platform is the CI system that we run under.
func (p *program) platform(allow ...string) action.Platform {
	return action.Detect(action.Env{Getenv: p.getenv, Stdout: child.Sink(p.stdout), AllowNames: allow, Run: p.agent(), Write: p.writeApart})
}

// agent runs the program of a CI system with a value on its stdin; nil where there
// is none. Its output is not shown: it could hold the value.
func (p *program) agent() func(stdin []byte, argv ...string) error {
	if _, err := exec.LookPath("buildkite-agent"); err != nil {
		return nil
	}
	return func(stdin []byte, argv ...string) error {
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Env, cmd.Stdin = p.environ, bytes.NewReader(stdin)
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", argv[0], pathless(err))
		}
		return nil
	}
}

func (p *program) onGitHub() bool { return p.platform().Name() == "github" }

// exportedNames is the variable that lists, for later steps, the names of the
// variables that hold secrets. The values are where they are: in the environment.
const exportedNames = "MASKRUN_NAMES"

// exported are the values that an earlier step exported.
func (p *program) exported() []masker.Value {
	var values []masker.Value
	for _, name := range splitList(p.getenv(exportedNames)) {
		if v := p.getenv(name); v != "" {
			values = append(values, masker.Value{Name: name, Bytes: []byte(v)})
		}
	}
	return values
}

// A maskLimit bounds what a command may have us learn: each new value compiles
// all of them anew.
const maskLimit = 1000

// follow makes l hide what the command declares secret by workflow commands.
func (l *load) follow() {
	learned := 0
	l.commands = &action.Commands{
		Known: func(value []byte) bool { return !bytes.Equal(l.masker.Mask(value), value) },
		Learn: func(value []byte) {
			l.learning.Lock()
			defer l.learning.Unlock()
			if learned++; learned > maskLimit || string(l.masker.Mask(value)) == l.masker.Marker() {
				return
			}
			name := fmt.Sprintf("add-mask %d", learned)
			if l.masker.Add(masker.Value{Name: name, Bytes: value}) == nil {
				l.leaks.Add(ledger.Secret{Name: name, Store: "workflow", Masked: true})
			}
		},
	}
}

// checkMarker refuses a marker that could make a command of what stands around.
func checkMarker(text string) error {
	if strings.ContainsAny(text, ":#[]") {
		return errors.New("the text for what is hidden has : # [ or ], of which GitHub's runner makes commands")
	}
	return nil
}

// tell masks the secrets of l on the platform, all of them, and then sets them as
// variables and outputs, as asked. The names of all go into exportedNames: a later
// step may have a variable of the name from elsewhere, which does no harm.
func (p *program) tell(to action.Platform, l *load, allow []string, env, outputs bool) error {
	if err := checkNames(l.secrets, allow, env); err != nil {
		return err
	}
	if err := p.tellMasks(to, l); err != nil {
		return err
	}
	names := splitList(p.getenv(exportedNames))
	for _, s := range l.secrets {
		value, err := p.exportedValue(s)
		if err == nil && env {
			err = to.SetEnv(s.name, value)
		}
		if err == nil && outputs {
			err = to.SetOutput(s.name, value)
		}
		if err != nil {
			return err
		}
		if !s.noMask && !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
	}
	if len(names) == 0 || p.getenv(exportedNames) == strings.Join(names, ",") {
		return nil
	}
	return to.SetEnv(exportedNames, []byte(strings.Join(names, ",")))
}

// tellMasks has the platform hide the secrets of l, and names those that it will show,
// or refuses them under --short-values=error, before anybody has been told anything.
func (p *program) tellMasks(to action.Platform, l *load) error {
	foreign := func(name string) bool {
		return !slices.ContainsFunc(l.secrets, func(s secret) bool { return s.name == name })
	}
	told, left := l.masker.Plain()
	told = slices.DeleteFunc(told, func(v masker.Value) bool { return foreign(v.Name) })
	left = slices.DeleteFunc(left, func(s masker.Skip) bool { return foreign(s.Name) })
	if l.strict && len(left) > 0 {
		return fmt.Errorf("cannot be hidden by %s: %s", to.Name(), listSkips(left))
	}
	var shown []string
	for _, v := range told {
		switch err := to.Mask(v.Bytes); {
		case err == nil:
		case !errors.Is(err, action.ErrUnsupported):
			return err
		case !slices.Contains(shown, v.Name):
			shown = append(shown, v.Name)
		}
	}
	for _, name := range shown {
		p.sayf("%s cannot be told what to hide: %s is hidden in steps under maskrun only", to.Name(), name)
	}
	for _, s := range left {
		if !slices.Contains(shown, s.Name) {
			p.sayf("%s", shownBy(to.Name(), s))
		}
	}
	return nil
}

func listSkips(left []masker.Skip) string {
	var parts []string
	for _, s := range left {
		of := ""
		if s.Encoding != "" {
			of = "a " + s.Encoding + " is "
		}
		parts = append(parts, fmt.Sprintf("%s (%s%s)", s.Name, of, s.Reason))
	}
	return strings.Join(parts, ", ")
}

// shownBy says what the platform does not hide.
func shownBy(platform string, s masker.Skip) string {
	reason := strings.TrimSuffix(s.Reason, " a word")
	if s.Encoding == "" {
		return fmt.Sprintf("%s is %s for %s to hide; steps under maskrun can, with --short-values=mask", s.Name, reason, platform)
	}
	return fmt.Sprintf("%s has a %s that is %s for %s to hide; steps under maskrun hide the value as a whole", s.Name, s.Encoding, reason, platform)
}

// exportedValue is what the variable holds: the value, or the path of a file with
// it, which lives as long as the job.
func (p *program) exportedValue(s secret) ([]byte, error) {
	if !s.file {
		return s.value.Reveal(), nil
	}
	files := &privateFiles{getenv: p.getenv, first: p.getenv("RUNNER_TEMP")}
	path, err := files.write(s.name, s.value)
	return []byte(path), err
}

// checkNames refuses names before anything has been set; all are told.
func checkNames(secrets []secret, allow []string, env bool) error {
	var errs []error
	for _, s := range secrets {
		if err := action.CheckName(s.name); env && err != nil && !(errors.Is(err, action.ErrReserved) && slices.Contains(allow, s.name)) {
			errs = append(errs, fmt.Errorf("%s: %w", s.from, err))
		}
	}
	return errors.Join(errs...)
}
