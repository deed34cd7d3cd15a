package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// print writes the report.
func (d diagnosis) print(out io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(d)
	}
	_, err := io.WriteString(out, d.text())
	return err
}

func (d diagnosis) text() string {
	text := d.secretTable() + "\n" + d.groundTable() + "\n"
	if d.Well {
		return text + "everything is well\n"
	}
	text += count(len(d.Problems), "problem") + ":\n"
	for _, line := range d.Problems {
		text += "  " + line + "\n"
	}
	return text
}

func (d diagnosis) secretTable() string {
	if len(d.Secrets) == 0 {
		return "no secrets: name them with --secret, --env-file or in maskrun.yaml\n"
	}
	rows := [][]string{{"SECRET", "STORE", "FROM", "STATE", "FORMS", "BY GROUP", "NOTES"}}
	for _, r := range d.Secrets {
		forms := "-"
		if r.State == stateHidden {
			forms = fmt.Sprint(r.Forms)
		}
		rows = append(rows, []string{r.Name, r.Store, r.From, r.State, forms, r.groups(), r.notes()})
	}
	return table(rows)
}

func (d diagnosis) groundTable() string {
	rows := [][]string{{"GROUND", "STATE", ""}}
	for _, r := range d.Ground {
		rows = append(rows, []string{r.What, r.State, r.Text})
	}
	return table(rows)
}

// table aligns the columns of rows, without blanks at the ends of lines.
func table(rows [][]string) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // a strings.Builder does not fail
	var out strings.Builder
	for line := range strings.Lines(b.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return out.String()
}
