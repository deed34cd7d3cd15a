package ledger

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Markdown is the report as a table: one row for each form of a secret that was
// hidden, and one for each that was not.
func (r Report) Markdown() string {
	var b strings.Builder
	title := "Secrets"
	if r.Step != "" {
		title = "Secrets in step " + cell(r.Step)
	}
	fmt.Fprintf(&b, "### maskrun: %s\n\n", title)
	if len(r.Secrets)+len(r.Hidden) == 0 {
		return b.String() + "None.\n\n"
	}
	b.WriteString("| Secret | Store | Version | Hidden form | Count | Stream | First line |\n|---|---|---|---|--:|---|--:|\n")
	for _, s := range r.all() {
		found := r.of(s.Name)
		for _, f := range found {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %d | %s | %d |\n", cell(s.Name), cell(s.Store), cell(s.Version), cell(f.Form), f.Count, cell(f.Stream), f.FirstLine)
		}
		if len(found) == 0 {
			state := "none"
			if !s.Masked {
				state = "not masked"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | 0 | | |\n", cell(s.Name), cell(s.Store), cell(s.Version), state)
		}
	}
	return b.String() + "\n"
}

// all are the secrets, and what was found of others: rules of --detect.
func (r Report) all() []Secret {
	all := slices.Clone(r.Secrets)
	for _, f := range r.Hidden {
		if !slices.ContainsFunc(all, func(s Secret) bool { return s.Name == f.Name }) {
			store := "environment"
			if f.Rule {
				store = "--detect"
			}
			all = append(all, Secret{Name: f.Name, Store: store, Masked: true})
		}
	}
	return all
}

func (r Report) of(name string) []Finding {
	return slices.DeleteFunc(slices.Clone(r.Hidden), func(f Finding) bool { return f.Name != name })
}

// Leaks says in a sentence each what was hidden: the texts of warnings.
func (r Report) Leaks() []string {
	var out []string
	for _, f := range r.Hidden {
		where := ""
		if r.Step != "" {
			where = " of step " + r.Step
		}
		out = append(out, fmt.Sprintf("%s was printed and hidden %s on %s%s, as %s, first in line %d", f.Name, times(f.Count), f.Stream, where, f.Form, f.FirstLine))
	}
	return out
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// cell makes text safe in a table of GitHub's markdown: no cell, row, link,
// mention or HTML of its own.
func cell(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune("\\`*{}[]<>()#+!|~@&:", r):
			fmt.Fprintf(&b, "&#%d;", r)
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
