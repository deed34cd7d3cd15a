package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/child"
)

func getCommand() command {
	return command{
		name:  "get",
		args:  "[flags] REF|NAME",
		short: "print one secret",
		long: `The secret is a reference, or a variable that --secret, --env-file, maskrun.yaml
or the environment gives a reference for. It is printed as it is; a line break
is added on a terminal only, and only with --reveal does it print there.

   maskrun get sops://secrets.yaml#/db/password | psql-login`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Output", []cli.Flag{&cli.BoolFlag{Name: "reveal", Usage: "print it even if stdout is a terminal"}}},
				{"Which secrets", secretFlagSet()},
			}
		},
		run: runGet,
	}
}

func runGet(p *program, c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("get", "want one reference or name")
	}
	onTerminal := isTerminal(p.stdout)
	if onTerminal && !c.Bool("reveal") {
		return fmt.Errorf("get: stdout is a terminal; to print the value there say --reveal")
	}
	f := readSecretFlags(c)
	value, err := p.getOne(f, c.Args().First())
	if err != nil {
		return err
	}
	text := value.Reveal()
	if onTerminal && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(slices.Clone(text), '\n')
	}
	if _, err := child.Sink(p.stdout).Write(text); err != nil {
		return fmt.Errorf("get: stdout: %w", pathless(err))
	}
	return nil
}

// getOne resolves what arg means, and nothing else.
func (p *program) getOne(f secretFlags, arg string) (fetch.Value, error) {
	var value fetch.Value
	err := p.interruptible(func(ctx context.Context) error {
		shop := p.openShop(ctx)
		f, err := f.justOne(arg)
		if err != nil {
			return err
		}
		_, secrets, err := p.fetch(ctx, shop, f)
		if err != nil {
			return err
		}
		if len(secrets) == 0 {
			return fmt.Errorf("get: %s is optional, and there is nothing there", arg)
		}
		value = secrets[0].value
		return nil
	})
	return value, err
}

// justOne asks for what arg names alone: a variable, or a reference, which needs no name.
func (f secretFlags) justOne(arg string) (secretFlags, error) {
	f.onlyBy = "get"
	if variableName().MatchString(arg) {
		f.only = []string{arg}
		return f, nil
	}
	ref, err := fetch.ParseRef(arg)
	if err != nil {
		return f, fmt.Errorf("get: %s", fetch.Mistake(err, notHere))
	}
	here, err := os.Getwd()
	if err != nil {
		return f, fmt.Errorf("working directory: %w", err)
	}
	f.listed = []wanted{{ref: ref, from: fetch.Place{File: "get"}, dir: here, trusted: true}}
	f.only = []string{""}
	return f, nil
}
