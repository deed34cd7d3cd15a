// Package config reads maskrun.yaml.
//
// # Precedence
//
// A variable is named by the first of these that names it, highest first:
//
//  1. --secret NAME=REF
//  2. --env-file FILE (a later file wins over an earlier one)
//  3. environments.NAME.secrets of this file, for the -e NAME that was given
//  4. secrets of this file
//  5. the process environment
//
// This package knows 3 and 4 ([Config.Select]); the commands add the others.
//
// # Errors
//
// Every problem of a file is found in one go, each with file, line and column.
// No message holds a scalar of the file: people paste secrets where references
// belong. Only keys are repeated, and only those that look like keys.
//
// # What is read
//
// YAML without anchors, aliases, merge keys, tags or a second document, up to
// 1 MiB: what is left has one meaning, is small, and cannot grow when read.
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/nearest"
)

// FileName is what [Find] looks for.
const FileName = "maskrun.yaml"

// Config is one maskrun.yaml.
type Config struct {
	Path string // as messages name it
	Dir  string // where its relative references start

	Stores       map[string]map[string]any // by scheme; each store checks its own block
	Secrets      []Secret                  // in the order of the file
	Environments []Environment             // likewise
	Mask         Mask
	Untrusted    string // fail, skip, empty, or "" where the file is silent
	Audit        string // file of the audit trail
	Alert        *Alert

	auditAt, alertAt position
}

// A Secret is one row of a secrets block.
type Secret struct {
	Name     string
	Ref      fetch.Ref
	GitLab   *GitLab // in place of Ref: GitLab's own syntax
	Optional bool
	File     bool        // the variable holds the path of a private file with the value
	NoMask   bool        // mask: false, the value may appear in the log
	At       fetch.Place // maskrun.yaml:4:3
}

// An Environment is a named set of secrets that win over the common ones.
type Environment struct {
	Name    string
	Require *Require
	Secrets []Secret

	at, requireAt position
}

// Require says which runs may use an environment.
type Require struct {
	Branches  []string
	Protected bool
	Events    []string
}

// Mask tunes the redactor.
type Mask struct {
	Encodings  []string // groups of forms; nil means all, empty none
	MinLength  int      // 0 where the file is silent
	Text       string   // the marker; "" where the file is silent
	JSONLeaves string   // all, safe, none; "" where the file is silent
}

// Alert says whom to tell about what.
type Alert struct {
	Webhook string
	On      []string
}

// maxSize bounds the file: a hand-written one of a hundred secrets has 10 KiB.
const maxSize = 1 << 20

// Find looks for maskrun.yaml in dir and upward, until it finds one, until a
// directory that holds .git (a project's own file is never taken from outside
// the project), or the root. It returns "" when there is none.
func Find(dir string) string {
	for {
		path := filepath.Join(dir, FileName)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
		_, err := os.Lstat(filepath.Join(dir, ".git"))
		parent := filepath.Dir(dir)
		if err == nil || parent == dir {
			return ""
		}
		dir = parent
	}
}

// Load reads the file at path. The error of a file that can be read but is
// wrong is a [*Error].
func Load(path string) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return Parse(path, data)
}

// Parse reads data, which messages call path.
func Parse(path string, data []byte) (*Config, error) {
	r := &reader{path: path, cfg: &Config{Path: path, Dir: filepath.Dir(path)}}
	r.read(data)
	if len(r.problems) > 0 {
		return nil, &Error{Problems: r.problems}
	}
	return r.cfg, nil
}

// Select returns the secrets of the file for one environment ("" for none),
// those of the environment first, and fails on whatever the file asks for that
// this version cannot do: a guard that is not enforced must not look enforced.
func (c *Config) Select(environment string) ([]Secret, error) {
	problems := c.unsupported()
	if environment == "" {
		return c.Secrets, asError(problems)
	}
	i := slices.IndexFunc(c.Environments, func(e Environment) bool { return e.Name == environment })
	if i < 0 {
		return nil, errors.Join(asError(problems), c.noEnvironment(environment))
	}
	env := c.Environments[i]
	if env.Require != nil {
		problems = append(problems, c.notYet(env.requireAt, "environments."+env.Name+".require"))
	}
	return overlay(env.Secrets, c.Secrets), asError(problems)
}

// unsupported lists what is set in the file and does not exist yet.
func (c *Config) unsupported() []Problem {
	var problems []Problem
	for _, row := range []struct {
		at  position
		key string
	}{
		{c.auditAt, "audit"},
		{c.alertAt, "alert"},
	} {
		if row.at.line > 0 {
			problems = append(problems, c.notYet(row.at, row.key))
		}
	}
	return problems
}

func (c *Config) notYet(at position, key string) Problem {
	return Problem{c.Path, at.line, at.col, key + " is not supported by this version; remove it or use a newer maskrun"}
}

func (c *Config) noEnvironment(name string) error {
	var names []string
	for _, e := range c.Environments {
		names = append(names, e.Name)
	}
	switch near := nearest.Of(name, names); {
	case len(names) == 0:
		return fmt.Errorf("%s: no environment %q: the file has none", c.Path, name)
	case near != "":
		return fmt.Errorf("%s: no environment %q (did you mean %q?)", c.Path, name, near)
	}
	return fmt.Errorf("%s: no environment %q (it has %s)", c.Path, name, strings.Join(names, ", "))
}

// overlay returns top, and of base what top does not name.
func overlay(top, base []Secret) []Secret {
	out := slices.Clone(top)
	for _, s := range base {
		if !slices.ContainsFunc(top, func(t Secret) bool { return t.Name == s.Name }) {
			out = append(out, s)
		}
	}
	return out
}
