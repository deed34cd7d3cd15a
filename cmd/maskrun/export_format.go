package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/internal/child"
	"github.com/maskrun/maskrun/internal/export"
)

func formatNames() string {
	var names []string
	for _, f := range export.Formats() {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// exportFormat writes the secrets for another program to read.
func (p *program) exportFormat(c *cli.Context, m maskFlags) error {
	format, err := export.Find(c.String("format"))
	switch {
	case err != nil:
		return usagef("export", "flag --format: %v", err)
	case c.Bool("outputs") || c.Bool("no-env") || c.IsSet("allow-name"):
		return usagef("export", "--format goes without --outputs, --no-env and --allow-name")
	case c.String("output") == "" && isTerminal(p.stdout):
		return errors.New("export: stdout is a terminal, and the values would be shown: redirect it, or say --output FILE")
	}
	f := readSecretFlags(c)
	f.otherwise = "fail"
	l, err := p.load(f, m)
	if err != nil {
		return err
	}
	if format.Warning != "" {
		p.sayf("format %s: %s", format.Name, format.Warning)
	}
	out := child.Sink(p.stdout)
	if path := c.String("output"); path != "" {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("export: --output %s: %w", path, pathless(err))
		}
		defer file.Close()
		out = child.Sink(file)
	}
	if err := export.Write(out, format.Name, exported(l.secrets)); err != nil {
		return fmt.Errorf("export: %w", pathless(err))
	}
	return nil
}

func exported(secrets []secret) []export.Variable {
	var out []export.Variable
	for _, s := range secrets {
		out = append(out, export.Variable{Name: s.name, Value: s.value.Reveal()})
	}
	return out
}
