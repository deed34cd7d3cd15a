package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/config"
	"github.com/maskrun/maskrun/internal/nearest"
)

// Precedence, highest first: --secret, --env-file (later wins), the environment
// section of the configuration, its secrets:, the process environment. Within
// one layer a variable can be named once: twice is an error, not a guess.

// A wanted is one variable and where its value comes from.
type wanted struct {
	name    string
	ref     fetch.Ref
	literal *fetch.Value // in place of ref: a value that an --env-file holds itself
	from    fetch.Place  // maskrun.yaml:4:3, .env:2, --secret, environment
	dir     string       // where a relative path in ref starts

	trusted, optional, file, noMask bool
	expand                          *expansion // it stands for several; nil for itself
}

// A wish is all that the flags, the files and the environment ask for.
type wish struct {
	cfg         *config.Config // the zero Config when there is no file
	list        []wanted
	trustConfig bool          // --trust-config: the blocks under stores: can be believed
	total, try  time.Duration // as the flags of these names say
	bad         []error       // references that cannot be read: told with those that cannot be had
}

// resolvesVariable tells whether a variable of the environment is a reference
// that was to be resolved: the command never sees the reference itself, even if
// it is optional and there is nothing behind it.
func (w wish) resolvesVariable(name string) bool {
	return slices.ContainsFunc(w.list, func(v wanted) bool { return v.name == name && v.from == fromEnviron })
}

// fromEnviron is the origin of a reference found in a variable's value.
var fromEnviron = fetch.Place{File: "environment"}

var variableName = fetch.Pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)

// gather reads every source of variables, and lists all that is wrong.
func (p *program) gather(f secretFlags, schemes []string) (wish, error) {
	here, err := os.Getwd()
	if err != nil {
		return wish{cfg: new(config.Config)}, fmt.Errorf("working directory: %w", err)
	}
	g := gatherer{flags: f, here: here, schemes: schemes, environ: p.environ}
	g.fail(checkPatterns(f.maskEnv))
	if f.total < 0 || f.try < 0 {
		g.fail(errors.New("flags --fetch-timeout and --try-timeout: want a positive duration"))
	}
	w := wish{cfg: g.configuration(), trustConfig: f.trusted, total: f.total, try: f.try}
	w.list = merge(
		g.fromSecretFlags(),
		g.flags.listed,
		g.fromEnvFiles(),
		g.fromConfig(w.cfg),
		g.fromEnvironment(),
	)
	if w.list, err = pick(w.list, f.only); err != nil {
		g.fail(fmt.Errorf("%s: %w", cmp.Or(f.onlyBy, "--only"), err))
	}
	w.bad = g.bad
	w.cfg = withVault(w.cfg, f.stores)
	return w, errors.Join(g.errs...)
}

// merge takes of every name the first wanted, from the highest layer down.
func merge(layers ...[]wanted) []wanted {
	var out []wanted
	for _, layer := range layers {
		for _, w := range layer {
			if !slices.ContainsFunc(out, func(o wanted) bool { return o.name == w.name }) {
				out = append(out, w)
			}
		}
	}
	return out
}

// pick keeps what --only names; an unknown name there is a mistake.
func pick(list []wanted, only []string) ([]wanted, error) {
	if len(only) == 0 {
		return list, nil
	}
	var names []string
	for _, w := range list {
		names = append(names, w.name)
	}
	for _, name := range only {
		if slices.Contains(names, name) {
			continue
		}
		if near := nearest.Of(name, names); near != "" {
			return nil, fmt.Errorf("no secret %q, did you mean %q?", name, near)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("no secret %q: none is named by --secret, --env-file, maskrun.yaml or the environment", name)
		}
		return nil, fmt.Errorf("no secret %q", name)
	}
	return slices.DeleteFunc(list, func(w wanted) bool { return !slices.Contains(only, w.name) }), nil
}

// A gatherer collects wanted variables and mistakes.
type gatherer struct {
	flags   secretFlags
	here    string
	schemes []string
	environ []string
	errs    []error // end everything at once
	bad     []error // concern one reference
}

// reference gives that of a secret of the file. GitLab's syntax takes parts of it
// from variables: not from such as hold secrets, for references are shown.
func (g *gatherer) reference(s config.Secret) (fetch.Ref, error) {
	if s.GitLab == nil {
		return s.Ref, nil
	}
	if token := s.GitLab.Token; token != "" {
		if v, _ := lookup(g.environ, token); v == "" {
			return fetch.Ref{}, fmt.Errorf("token: the variable %s is not set: name it under id_tokens: of the job", token)
		}
	}
	return s.GitLab.Ref(func(name string) string {
		if v, _ := lookup(g.environ, name); !matchesName(defaultMaskEnv, name) && !matchesName(g.flags.maskEnv, name) {
			return v
		}
		return ""
	})
}

func (g *gatherer) fail(err error) {
	if err != nil {
		g.errs = append(g.errs, err)
	}
}

// configuration loads the file of -c, or the one found upward; the zero Config
// stands for none.
func (g *gatherer) configuration() *config.Config {
	none := new(config.Config)
	path := g.flags.config
	if path == "" {
		path = config.Find(g.here)
		if filepath.Dir(path) == g.here {
			path = config.FileName
		}
	}
	if path == "" {
		if g.flags.environment != "" {
			g.fail(fmt.Errorf("-e %s: there is no %s here or above", g.flags.environment, config.FileName))
		}
		return none
	}
	cfg, err := config.Load(path)
	if err != nil {
		g.fail(err)
		return none
	}
	return cfg
}

// fromSecretFlags reads --secret NAME=REF. What is no reference is not repeated.
func (g *gatherer) fromSecretFlags() []wanted {
	var out []wanted
	for i, arg := range g.flags.secrets {
		name, text, ok := strings.Cut(arg, "=")
		if !ok || !variableName().MatchString(name) {
			g.fail(fmt.Errorf("--secret (number %d): want NAME=REF", i+1))
			continue
		}
		ref, err := fetch.ParseRef(text)
		switch {
		case err != nil:
			g.bad = append(g.bad, fmt.Errorf("--secret %s: %s", name, fetch.Mistake(err, notHere)))
		case slices.ContainsFunc(out, func(w wanted) bool { return w.name == name }):
			g.fail(fmt.Errorf("--secret %s is given twice", name))
		default:
			out = append(out, wanted{name: name, ref: ref, from: fetch.Place{File: "--secret"}, dir: g.here, trusted: true})
		}
	}
	return out
}

// notHere is where no value belongs.
const notHere = "on the command line or in files"

// fromConfig takes the secrets of the file, those of the environment first.
func (g *gatherer) fromConfig(cfg *config.Config) []wanted {
	if cfg.Path == "" || g.flags.storesOnly {
		return nil
	}
	secrets, err := cfg.Select(g.flags.environment)
	g.fail(err)
	dir, err := filepath.Abs(cfg.Dir)
	g.fail(err)
	out := make([]wanted, 0, len(secrets))
	for _, s := range secrets {
		ref, err := g.reference(s)
		if err != nil {
			g.bad = append(g.bad, fmt.Errorf("%s: %s: %w", s.At, s.Name, err))
			continue
		}
		out = append(out, wanted{
			name: s.Name, ref: ref, from: s.At, dir: dir, trusted: g.flags.trusted,
			optional: s.Optional, file: s.File, noMask: s.NoMask,
		})
	}
	return out
}

// fromEnvironment finds the variables whose value is a reference, as op run
// does. They are trusted as the command line is, but for exec://: a workflow
// that puts the title of a pull request into a variable must not run it.
func (g *gatherer) fromEnvironment() []wanted {
	var out []wanted
	for _, kv := range slices.Backward(g.environ) {
		name, text, ok := strings.Cut(kv, "=")
		if !ok || !fetch.LooksLikeRef(text, g.schemes) {
			continue
		}
		ref, err := fetch.ParseRef(text)
		if err != nil {
			g.bad = append(g.bad, fmt.Errorf("variable %s of the environment: %s", name, fetch.Mistake(err, notHere)))
			continue
		}
		trusted := ref.Scheme != "exec" || g.flags.trusted
		out = append(out, wanted{name: name, ref: ref, from: fromEnviron, dir: g.here, trusted: trusted})
	}
	slices.Reverse(out)
	return out
}
