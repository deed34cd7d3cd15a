package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/fetch"
)

func exportCommand() command {
	return command{
		name:  "export",
		args:  "[flags]",
		short: "hand secrets to the later steps of a CI job, masked",
		long: `The values are first made known to the CI system, which hides them in its log,
and then set as variables (on GitHub: GITHUB_ENV). Later steps that run under
maskrun hide them in every form; others are left to the CI system, which hides
them as they are.

What one command needs is better kept to it: maskrun run.

   maskrun export --secret TOKEN=sops://secrets.yaml#/ci/token
   eval "$(maskrun export --format shell)"

With --format the values themselves are printed: to a file or a program, not
into a log.`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Where to", exportFlagSet()},
				{"Which secrets", secretFlagSet()},
				{"How they are hidden", maskFlagSet()},
			}
		},
		run: runExport,
	}
}

func exportFlagSet() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Usage: "write them in `FORMAT` in place of telling the CI system: " + formatNames()},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "with --format: write to `FILE`, which only its owner can read (default: stdout)"},
		&cli.BoolFlag{Name: "outputs", Usage: "also set each as an output of this step"},
		&cli.BoolFlag{Name: "no-env", Usage: "set no variables (with --outputs)"},
		&cli.StringSliceFlag{Name: "allow-name", Usage: "set these variables although they steer how programs run: `NAMES` (A,B; repeatable)"},
	}
}

func runExport(p *program, c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef("export", "takes no arguments")
	}
	m, err := readMaskFlags(c)
	if err != nil {
		return err
	}
	if c.IsSet("format") {
		return p.exportFormat(c, m)
	}
	allow := slices.Concat([]string{exportedNames}, splitLists(c.StringSlice("allow-name")))
	to := p.platform(allow...)
	if to.Name() == (action.Plain{}).Name() {
		return errors.New("export: no CI system found in the environment (GITHUB_ACTIONS=true …); to give a command its secrets: maskrun run -- COMMAND")
	}
	f := readSecretFlags(c)
	f.otherwise = "fail"
	l, err := p.load(f, m)
	if err != nil {
		return err
	}
	return p.tell(to, l, allow, !c.Bool("no-env"), c.Bool("outputs"))
}

// withoutStrangers deals with a run that strangers have a part in.
func (p *program) withoutStrangers(w wish, f secretFlags) (wish, error) {
	policy := cmp.Or(f.untrusted, w.cfg.Untrusted, f.otherwise)
	if policy == "" {
		return w, nil
	}
	trusted, why := p.platform().Trusted()
	switch {
	case policy != "fail" && policy != "skip" && policy != "empty":
		return w, usagef("", "flag --untrusted: want fail, skip or empty")
	case trusted:
	case policy == "fail":
		return w, fmt.Errorf("no secret is fetched: %s; to go on without secrets say untrusted: skip (or empty); to keep this job from such runs, give it an if: condition", why)
	case policy == "skip":
		p.sayf("no secret is fetched: %s", why)
		w.list = nil
	default:
		p.sayf("every secret is empty: %s", why)
		w.list = emptied(w.list)
	}
	return w, nil
}

// emptied gives every variable nothing; what a * stands for is not known.
func emptied(list []wanted) []wanted {
	var out []wanted
	for _, v := range list {
		if v.expand == nil {
			nothing := fetch.NewValue(nil)
			v.literal, v.file = &nothing, false
			out = append(out, v)
		}
	}
	return out
}
