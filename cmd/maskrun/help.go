package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// appHelp is the template of maskrun --help: what a person needs first stands first.
const appHelp = `maskrun runs a command with its secrets as variables, and hides every form of
them in what the command prints.

Usage:
   maskrun run [flags] -- COMMAND [ARG...]
   COMMAND 2>&1 | maskrun mask [flags]

Commands:
{{range .VisibleCommands}}   {{.Name}}{{"\t"}}{{.Usage}}
{{end}}
Secrets come from --secret, --env-file, maskrun.yaml and the environment; the
first of these that names a variable wins. "maskrun COMMAND --help" tells the
flags of a command.

Exit codes: the command's own; 128+n when signal n ended it; 127 not found;
126 not executable; 125 maskrun itself failed; 86 --fail-on-leak.
`

// A flagGroup is a titled part of a command's flags.
type flagGroup struct {
	title string
	flags []cli.Flag
}

func flatten(groups []flagGroup) []cli.Flag {
	var flags []cli.Flag
	for _, g := range groups {
		flags = append(flags, g.flags...)
	}
	return flags
}

// commandHelp writes the help of a command. It holds no template actions.
func commandHelp(row command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "maskrun %s: %s\n\nUsage:\n   maskrun %s\n", row.name, row.short, strings.TrimSpace(row.name+" "+row.args))
	if row.long != "" {
		fmt.Fprintf(&b, "\n%s\n", row.long)
	}
	for _, g := range row.flags() {
		fmt.Fprintf(&b, "\n%s:\n", g.title)
		for _, f := range g.flags {
			b.WriteString(flagHelp(f))
		}
	}
	return b.String()
}

// flagHelp is two lines or more: the flag, and what it does.
func flagHelp(f cli.Flag) string {
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return ""
	}
	// In a usage text `NAME` is what the flag's value is called.
	usage, placeholder := doc.GetUsage(), ""
	if before, rest, ok := strings.Cut(usage, "`"); ok {
		name, after, _ := strings.Cut(rest, "`")
		usage, placeholder = before+name+after, " "+name
	}
	line := "   --" + f.Names()[0] + placeholder
	if len(f.Names()) > 1 {
		line = "   -" + f.Names()[1] + ", --" + f.Names()[0] + placeholder
	}
	return line + "\n" + wrap(usage, "        ", 79)
}

// wrap breaks s at blanks into lines of at most width columns, all indented.
func wrap(s, indent string, width int) string {
	var b strings.Builder
	line := indent
	for word := range strings.FieldsSeq(s) {
		if len(line)+1+len(word) > width && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
