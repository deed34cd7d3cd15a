package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/internal/child"
)

func planCommand() command {
	return command{
		name:  "plan",
		args:  "[flags]",
		short: "show which variable gets its value from where; none is read",
		long: `Nothing is fetched and no helper is started. References are shown in their
canonical form. Variables whose values are hidden because of their names are
named at the end.`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Output", []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON"}}},
				{"Which secrets", secretFlagSet()},
			}
		},
		run: runPlan,
	}
}

// A planRow is one variable. Its JSON form is for programs: names are only added.
type planRow struct {
	Variable  string `json:"variable"`
	Store     string `json:"store"`
	Help      string `json:"store_help,omitempty"`
	Reference string `json:"reference,omitempty"`
	From      string `json:"from"`
	Helper    string `json:"helper,omitempty"`
	Masked    bool   `json:"masked"`
	File      bool   `json:"file"`
	Optional  bool   `json:"optional"`
	Trusted   bool   `json:"trusted"`
}

// A planned is the whole plan.
type planned struct {
	Variables []planRow `json:"variables"`
	MaskEnv   []string  `json:"mask_env"` // variables of the environment whose values would be hidden too
}

func runPlan(p *program, c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef("plan", "takes no arguments")
	}
	f := readSecretFlags(c)
	shop := p.openShop(context.Background())
	defer shop.close()
	w, err := p.gather(f, shop.schemes())
	w = shop.check(w)
	if err := errors.Join(append(w.bad, err)...); err != nil {
		return err
	}
	plan := p.plan(f, shop, w)
	out := child.Sink(p.stdout)
	if c.Bool("json") {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(plan)
	}
	return plan.print(out)
}

func (p *program) plan(f secretFlags, s *shop, w wish) planned {
	plan := planned{Variables: []planRow{}, MaskEnv: []string{}}
	help := map[string]string{}
	for _, k := range s.kinds {
		help[k.Scheme] = k.Help
	}
	for _, v := range w.list {
		row := planRow{
			Variable: v.name, Store: v.ref.Scheme, Help: help[v.ref.Scheme], From: v.from.String(),
			Masked: !v.noMask, File: v.file, Trusted: v.trusted,
			Optional: v.optional || v.ref.Params.Get("optional") == "true",
		}
		if v.literal != nil {
			row.Store = "literal"
		} else {
			row.Reference, row.Helper = v.ref.String(), s.helperOf(v.ref.Scheme)
		}
		plan.Variables = append(plan.Variables, row)
	}
	for _, m := range matching(p.environ, f.maskEnv, w.resolvesVariable) {
		plan.MaskEnv = append(plan.MaskEnv, m.Name)
	}
	return plan
}

// print writes the table for people.
func (plan planned) print(out io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "VARIABLE\tSTORE\tREFERENCE\tFROM\tNOTES")
	for _, r := range plan.Variables {
		reference := r.Reference
		if reference == "" {
			reference = "(a value of that file)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Variable, r.Store, reference, r.From, r.notes())
	}
	_ = t.Flush() // a strings.Builder does not fail
	text := b.String()
	if len(plan.Variables) == 0 {
		text = "no secrets: name them with --secret, --env-file or in maskrun.yaml\n"
	}
	if n := len(plan.MaskEnv); n > 0 {
		text += fmt.Sprintf("also hidden, by their names (--mask-env): %s\n", strings.Join(plan.MaskEnv, ", "))
	}
	for line := range strings.Lines(text) {
		if _, err := io.WriteString(out, strings.TrimRight(escapeControls(strings.TrimRight(line, "\n")), " ")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func (r planRow) notes() string {
	var notes []string
	for _, n := range []struct {
		on   bool
		text string
	}{
		{!r.Masked, "not masked"},
		{r.File, "as a file"},
		{r.Optional, "optional"},
		{r.Helper != "", "starts " + r.Helper},
	} {
		if n.on {
			notes = append(notes, n.text)
		}
	}
	return strings.Join(notes, ", ")
}
