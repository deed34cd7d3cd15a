package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/internal/config"
)

func addMaskCommand() command {
	return command{
		name:  "add-mask",
		args:  "[flags] NAME...",
		short: "have a CI job hide the values of variables from now on",
		long: `The CI system hides them as they are, line by line, in this and later steps;
later steps under maskrun hide them in every form, where the variables are set.
Values are named by their variables: a command line is no place for them.

   maskrun add-mask SESSION_KEY`,
		flags: func() []flagGroup { return []flagGroup{{"How they are hidden", maskFlagSet()}} },
		run:   runAddMask,
	}
}

func runAddMask(p *program, c *cli.Context) error {
	m, err := readMaskFlags(c)
	if err != nil {
		return err
	}
	if c.NArg() == 0 {
		return usagef("add-mask", "want the names of variables")
	}
	to := p.platform(exportedNames)
	if to.Name() == (action.Plain{}).Name() {
		return errors.New("add-mask: no CI system found in the environment (GITHUB_ACTIONS=true …): nobody to tell")
	}
	secrets, err := p.named(c.Args().Slice())
	if err != nil {
		return err
	}
	l, err := p.compile(secretFlags{maskEnvGiven: true}, m, wish{cfg: new(config.Config)}, secrets)
	if err != nil {
		return err
	}
	return p.tell(to, l, nil, false, false)
}

// named are the values of variables that are set.
func (p *program) named(names []string) ([]secret, error) {
	var out []secret
	var errs []error
	for _, name := range names {
		value, ok := lookup(p.environ, name)
		switch {
		case !variableName().MatchString(name):
			errs = append(errs, errors.New("add-mask: an argument is no name of a variable; values do not belong on the command line"))
		case !ok || value == "":
			errs = append(errs, fmt.Errorf("add-mask: variable %s is not set", name))
		case !slices.ContainsFunc(out, func(s secret) bool { return s.name == name }):
			s := listed(name, []byte(strings.Clone(value)))
			s.from = fromEnviron
			out = append(out, s)
		}
	}
	return out, errors.Join(errs...)
}
