package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper"
	"github.com/maskrun/maskrun/fetch/helper/conform"
	"github.com/maskrun/maskrun/internal/child"
)

func storeTestCommand() command {
	return command{
		name:  "store-test",
		args:  "[flags] NAME [PATH]",
		short: "check that a store of one's own keeps the protocol",
		long: `NAME is what stands before ://; the program maskrun-store-NAME is started and
tried as docs/store-protocol.md says. PATH (with ?parameters, if need be) names
a document that exists: without it what needs one is left out. No value is
printed.

The exit code is 0 when every check holds, and 125 otherwise.

   maskrun store-test dir token`,
		flags: func() []flagGroup {
			return []flagGroup{{"Flags", []cli.Flag{
				&cli.StringFlag{Name: "config", Aliases: []string{"c"}, Usage: "take the store's block from `FILE` (default: maskrun.yaml, found upward from here)"},
				&cli.StringFlag{Name: "missing", Usage: "a `PATH` where no document is (default: a name nobody has given)"},
			}}}
		},
		run: runStoreTest,
	}
}

func runStoreTest(p *program, c *cli.Context) error {
	if c.NArg() < 1 || c.NArg() > 2 {
		return usagef("store-test", "want the name of a store, and perhaps a path in it")
	}
	scheme := strings.TrimSuffix(c.Args().First(), "://")
	name, ok := helper.ThirdParty(scheme)
	if !ok {
		return usagef("store-test", "the name of a store has lower-case letters, digits and hyphens")
	}
	return p.interruptible(func(ctx context.Context) error {
		o, done, err := p.storeTest(ctx, c, scheme, name)
		if err != nil {
			return err
		}
		defer done()
		return printResults(child.Sink(p.stdout), name, conform.Run(ctx, o))
	})
}

// storeTest makes the world that the helper is tried in: the one it would have.
func (p *program) storeTest(ctx context.Context, c *cli.Context, scheme, name string) (conform.Options, func(), error) {
	here, err := os.Getwd()
	if err != nil {
		return conform.Options{}, nil, fmt.Errorf("working directory: %w", err)
	}
	g := gatherer{flags: secretFlags{config: c.String("config")}, here: here}
	cfg := g.configuration()
	root, err := os.OpenRoot(here)
	if err := errors.Join(append(g.errs, err)...); err != nil {
		return conform.Options{}, nil, err
	}
	shop := p.openShop(ctx)
	path, query, _ := strings.Cut(c.Args().Get(1), "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return conform.Options{}, nil, usagef("store-test", "the parameters of the path cannot be read")
	}
	return conform.Options{
		Helper: shop.helperOptions(name), Scheme: scheme, Path: path, Params: params, Missing: c.String("missing"),
		Env: fetch.Env{Getenv: p.getenv, HTTP: shop.http, Identity: shop.identity, Root: root, Trusted: true, Config: cfg.Stores[scheme]},
	}, func() { _ = root.Close() }, nil
}

// printResults prints a line for each check, and gives an error if one failed.
func printResults(w io.Writer, name string, results []conform.Result) error {
	failed := 0
	for _, r := range results {
		word := "ok"
		switch {
		case r.Skipped:
			word = "skipped"
		case r.Problem != "":
			word = "FAILED"
			failed++
		}
		line := fmt.Sprintf("%-8s %s", word, r.Check)
		if r.Problem != "" {
			line += ": " + r.Problem
		}
		if _, err := fmt.Fprintln(w, escapeControls(line)); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("store-test: %s does not keep the protocol: %s failed", name, count(failed, "check"))
	}
	return nil
}
