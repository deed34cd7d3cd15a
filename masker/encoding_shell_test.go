package masker

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var shellValues = []string{
	"Kestrel-77-vermilion", "it's Kestrel's own", `say "Kestrel" twice`, "a'b\"c`d'e\"f`g77",
	"pa$$w0rd$HOME${x}$(y)`z`77", "*Kes?trel[7]{a,b}~77#x", "#~Kestrel 77", "~Kestrel,77=a:~b",
	"first-line\nsecond-line", "Kestrel\t77\r\nvermilion", "Kes\x1b[1mtrel\x07\x7f\x0b\x0c\x0877\x01", "Grüße-🦅-e\u0301-77", "\xff\xfe'\"key\n\\tail",
	`C:\Kestrel\new\table\77`, "Kestrel\\\\77\\",
}

// A shell, asked to print the word that a quoted form makes, prints the value:
// what mvdan/sh's FuzzQuote does. Each row's forms are tried in the quotes that
// they stand in; at least one form of the row must come back from each shell
// that knows these quotes, and none may that should not.
func TestShellsReadForms(t *testing.T) {
	for _, c := range []struct {
		shell, row, left, right string
		why                     string
	}{
		{"bash", "shell quotes", "'", "'", `apostrophes as '\'' and '"'"'`},
		{"dash", "shell quotes", "'", "'", "the same in a POSIX shell"},
		{"bash", "shell quotes", `"`, `"`, "double quotes"},
		{"dash", "shell quotes", `"`, `"`, "the same in a POSIX shell"},
		{"bash", "shell $'…'", "$'", "'", "octal and named escapes"},
		{"bash", "shell $'…'", "'", "'", "coreutils' segments"},
		{"bash", "backslashes", "", "", "printf %q and others"},
	} {
		t.Run(c.shell+" "+c.row+" "+c.left, func(t *testing.T) {
			path, err := exec.LookPath(c.shell)
			if err != nil {
				t.Skip(err)
			}
			read := 0
			for _, v := range shellValues {
				if c.row == "backslashes" && strings.ContainsAny(v, "\n\x7f\x01") || c.left == `"` && strings.Contains(v, "!") {
					continue // not what this quoting is for
				}
				if slices.ContainsFunc(spellings(c.row, v), func(form string) bool {
					return printed(path, c.left+form+c.right) == v
				}) {
					read++
				} else {
					t.Errorf("%s: no form of %q is read as it", c.why, v)
				}
			}
			t.Logf("%d values read back", read)
		})
	}
}

// spellings are the value and its forms in a row.
func spellings(row, v string) []string {
	l := []string{v}
	rowNamed(row).derive([]byte(v), func(form []byte) { l = append(l, string(form)) })
	return l
}

// printed is what a shell prints for a word, or something no value is.
func printed(shell, word string) string {
	cmd := exec.Command(shell)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "HOME=/nowhere"}
	cmd.Stdin = strings.NewReader("printf %s " + word + "\n")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		return "failed"
	}
	return out.String()
}

// echo of dash and echo -e of bash print a form of a value that looks as if it
// had escapes.
func TestEchoes(t *testing.T) {
	for _, c := range []struct{ shell, command string }{{"dash", `echo "$1"`}, {"bash", `echo -e "$1"`}, {"bash", `printf "%b\n" "$1"`}} {
		path, err := exec.LookPath(c.shell)
		if err != nil {
			t.Skip(err)
		}
		for _, v := range []string{`C:\Kestrel\new\table\77`, `a\\b\\\\c-77`, `Kes\0101trel\x41\e[1m`, `\u00e9\U0001f985-Kestrel`, `Kestrel-77\cgone`, `\a\b\f\v\r-Kestrel\`} {
			cmd := exec.Command(path, "-c", c.command, "sh", v)
			cmd.Env = []string{"LC_ALL=C.UTF-8"}
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(spellings("echo", v), strings.TrimSuffix(string(out), "\n")) {
				t.Errorf("%s -c '%s' of %q: %q is no form", c.shell, c.command, v, out)
			}
		}
	}
}
