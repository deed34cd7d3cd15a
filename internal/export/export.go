// Package export writes variables in the formats that shells, tools and servers read.
//
// # Guarantee
//
// What is written comes back byte for byte in the consumer that the format is for,
// and defines nothing else, whatever the value holds. A value that a format cannot
// carry is refused by name; of several all are told, and then nothing is written.
// No error holds a byte of a value or its length.
package export

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/maskrun/maskrun/fetch"
)

// A Variable is one name and its value.
type Variable struct {
	Name  string
	Value []byte
}

// A Format is one row of the table.
type Format struct {
	Name    string
	Help    string // who reads it, in one line
	Warning string // what a person must know before using it; mostly empty

	refuse []refusal
	max    int // bytes of the whole text; 0 means no limit
	head   string
	one    func(b *bytes.Buffer, v Variable, first bool)
	tail   string
}

// A refusal is what a format cannot carry.
type refusal struct {
	in  func(v []byte) bool
	why string
}

// Formats is the table, in the order of the help.
func Formats() []Format {
	return []Format{
		{Name: "shell", Help: "eval in sh, bash, dash, ksh, zsh", refuse: nul, one: shellLine},
		{Name: "direnv", Help: "eval in .envrc", refuse: textRules, one: shellLine},
		{Name: "dotenv", Help: "maskrun --env-file, and most dotenv libraries", refuse: nul, one: dotenvLine},
		{Name: "gitlab-dotenv", Help: "artifacts: reports: dotenv: of GitLab", refuse: gitlabRules, max: 5 << 10, one: bareLine,
			Warning: "GitLab stores dotenv reports unmasked: whoever can see the pipeline can download them, and later jobs print their values in the clear"},
		{Name: "docker-env", Help: "docker run --env-file, podman, kubectl --from-env-file", refuse: dockerRules, one: bareLine},
		{Name: "systemd", Help: "EnvironmentFile= of a unit", refuse: textRules, one: systemdLine},
		{Name: "powershell", Help: "Invoke-Expression in PowerShell", refuse: textRules, one: powershellLine},
		{Name: "json", Help: "an object of strings, for jq and programs", refuse: utf8Rule, head: "{", one: jsonField, tail: "\n}\n"},
		{Name: "yaml", Help: "a mapping of strings", refuse: utf8Rule, one: yamlLine},
		{Name: "k8s-secret", Help: "kubectl apply -f -: a Secret named maskrun", one: secretLine,
			head: "apiVersion: v1\nkind: Secret\nmetadata:\n  name: maskrun\ntype: Opaque\ndata:\n"},
	}
}

var variableName = fetch.Pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Write writes variables in a format of the table, in one write, or nothing.
func Write(w io.Writer, format string, vars []Variable) error {
	f, err := find(format)
	if err != nil {
		return err
	}
	b := bytes.NewBufferString(f.head)
	var errs []error
	for i, v := range vars {
		if err := f.check(v); err != nil {
			errs = append(errs, err)
			continue
		}
		f.one(b, v, i == 0)
	}
	b.WriteString(f.tail)
	if f.max > 0 && b.Len() > f.max {
		errs = append(errs, fmt.Errorf("format %s: more than %d bytes in all, which its reader refuses", f.Name, f.max))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// Find gives the row of a format.
func Find(format string) (Format, error) { return find(format) }

func find(format string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == format {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("unknown format: want %s", strings.Join(names, ", "))
}

func (f Format) check(v Variable) error {
	if !variableName().MatchString(v.Name) {
		return fmt.Errorf("format %s: %q is not the name of a variable", f.Name, v.Name)
	}
	for _, r := range f.refuse {
		if r.in(v.Value) {
			return fmt.Errorf("%s: the format %s cannot carry it: %s", v.Name, f.Name, r.why)
		}
	}
	return nil
}

func has(chars string) func([]byte) bool {
	return func(v []byte) bool { return bytes.ContainsAny(v, chars) }
}

func notUTF8(v []byte) bool { return !utf8.Valid(v) }

func edges(v []byte) bool {
	// What Ruby's strip takes off, and a NUL.
	return len(bytes.Trim(v, " \t\v\f\x00")) != len(v)
}

// longLine is under the 64 KiB at which Docker's reader of lines gives up.
func longLine(v []byte) bool { return len(v) > 60<<10 }

var (
	nul         = []refusal{{has("\x00"), "it has a NUL byte"}}
	utf8Rule    = []refusal{{notUTF8, "it is not UTF-8 text"}}
	textRules   = []refusal{{has("\x00"), "it has a NUL byte"}, {notUTF8, "it is not UTF-8 text"}}
	oneLine     = []refusal{{has("\x00"), "it has a NUL byte"}, {notUTF8, "it is not UTF-8 text"}, {has("\r\n"), "it has several lines"}}
	gitlabRules = append(oneLine[:3:3], refusal{edges, "it begins or ends with a blank, which is cut off"})
	dockerRules = append(oneLine[:3:3], refusal{longLine, "it is too long for a line"})
)
