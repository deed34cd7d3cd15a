package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/child"
)

func doctorCommand() command {
	return command{
		name:  "doctor",
		args:  "[flags]",
		short: "check that every secret can be had and hidden",
		long: `Every secret is fetched, as run would do, and none is shown. The report tells of
each where it comes from, in how many forms it would be looked for, and what
would not be looked for and why; then the state of what maskrun stands on:
configuration, helpers, key files, output, core dumps.

The exit code is 0 when everything is well, and 125 otherwise.

   maskrun doctor -e prod
   maskrun doctor --json | jq .problems`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Output", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}},
				{"Which secrets", secretFlagSet()},
			}
		},
		run: runDoctor,
	}
}

// A diagnosis is the whole report. Its JSON form is for programs: names are only added.
type diagnosis struct {
	Well     bool        `json:"well"`
	Secrets  []secretRow `json:"secrets"`
	Ground   []groundRow `json:"ground"`
	Problems []string    `json:"problems"` // one line each; none when well
}

func runDoctor(p *program, c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef("doctor", "takes no arguments")
	}
	f := readSecretFlags(c)
	x := &examination{program: p, flags: f}
	if err := p.interruptible(x.examine); err != nil {
		return err
	}
	d := x.diagnosis()
	if err := d.print(child.Sink(p.stdout), c.Bool("json")); err != nil {
		return err
	}
	if !d.Well {
		p.sayf("doctor: not everything is well: the report on stdout tells what (%d)", len(d.Problems))
		return exitStatus(exitFailed)
	}
	return nil
}

// An examination is a doctor at work.
type examination struct {
	*program
	flags    secretFlags
	wish     wish
	asked    []wanted          // what the wish asked for at first
	failed   map[string]string // by name: what could not be had, and why if it is told for each
	load     *load             // nil when there could be no redactor
	ground   []groundRow
	problems []string
}

// trouble notes every line of err as a problem, each once.
func (x *examination) trouble(err error) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !slices.Contains(x.problems, line) {
			x.problems = append(x.problems, line)
		}
	}
}

// examine finds out everything. Its own error is only that of being interrupted.
func (x *examination) examine(ctx context.Context) error {
	shop := x.openShop(ctx)
	w, err := x.gather(x.flags, shop.schemes())
	x.trouble(err)
	w = shop.check(w)
	x.wish, x.asked, x.failed = w, w.list, map[string]string{}
	x.trouble(errors.Join(w.bad...))
	var secrets []secret
	if err == nil {
		secrets = x.fetchAll(ctx, shop)
	} else {
		x.fail(w.list)
	}
	if x.load, err = x.redactor(x.flags, maskFlags{}, x.wish, secrets); err != nil {
		x.trouble(err)
	}
	x.lookAround(ctx, shop)
	return nil
}

// fetchAll resolves what can be resolved. A resolution fails as a whole, so what
// failed is left out and the rest is tried once more.
func (x *examination) fetchAll(ctx context.Context, s *shop) []secret {
	w := x.wish
	w.bad = nil // told already
	secrets, err := s.resolve(ctx, x.program, w)
	for _, note := range s.notes {
		x.trouble(errors.New(note))
	}
	if err == nil {
		return secrets
	}
	x.trouble(err)
	for _, e := range failures(err) {
		x.failed[e.Name] = e.Error()
	}
	w.list = slices.DeleteFunc(slices.Clone(w.list), func(v wanted) bool { _, failed := x.failed[v.name]; return failed })
	if len(x.failed) > 0 {
		secrets, err = x.openShop(ctx).resolve(ctx, x.program, w)
	}
	if err != nil {
		x.trouble(err)
		x.fail(w.list)
	}
	return secrets
}

func (x *examination) fail(list []wanted) {
	for _, v := range list {
		x.failed[v.name] = ""
	}
}

// failures lists those of an error of resolve, one for each request.
func failures(err error) []*fetch.Error {
	var all []*fetch.Error
	switch e := err.(type) {
	case *fetch.Error:
		all = append(all, e)
	case interface{ Unwrap() []error }:
		for _, sub := range e.Unwrap() {
			all = append(all, failures(sub)...)
		}
	case interface{ Unwrap() error }:
		all = failures(e.Unwrap())
	}
	return all
}

// diagnosis writes down what was found, through the redactor: whatever a store or
// a file put into a message, no value comes out. Problems are told last, for rows
// add to them.
func (x *examination) diagnosis() diagnosis {
	d := diagnosis{Secrets: x.secretRows(), Ground: x.groundRows(), Problems: []string{}}
	for _, line := range x.problems {
		d.Problems = append(d.Problems, x.clean(line))
	}
	d.Well = len(d.Problems) == 0
	return d
}

// clean makes a text fit to be printed.
func (x *examination) clean(s string) string {
	if x.load != nil {
		s = string(x.load.mask([]byte(s)))
	}
	return escapeControls(s)
}

// count is "1 form" or "3 forms".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
