package masker

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

var update = flag.Bool("update", false, "write docs/encodings.md anew")

// pageSample is the value of the page's examples, public since it is printed there.
const pageSample = `it's "$77%" & <é>\new`

const pageHead = `# Encodings

<!-- Made from the table in masker/encoding.go by: go test ./masker -run TestEncodingsPage -update -->

A value is looked for as it is, line by line, and in each form below: as a program
prints it that escapes or encodes text in which the value stands. The groups are
the names that ` + "`mask: {encodings: […]}`" + ` and ` + "`masker.Options.Encodings`" + ` take; with none given, all.

Forms are made of values of 8 bytes and more, are at least 8 bytes long, and are
looked for wherever they stand, colour codes inside them or not, wrapped ones
(base64, hex, keys) across their line ends. Where the forms of a value pass 4 MB, or all forms
64 MB, the rows with a rank are left out for it, rank 1 first; ` + "`maskrun doctor`" + ` tells.
Those rows are also left out for the lines of values over 1 KB, and for a value's
spelling with other line ends.

What each tool really prints is in ` + "`testdata/vectors`" + `, made by the tools.

The examples are the value

` + "```text\n" + pageSample + "\n```" + `

| Row | Group | Rank | Code |
|---|---|---|---|
`

// encodingsPage renders docs/encodings.md.
func encodingsPage() []byte {
	var b bytes.Buffer
	b.WriteString(pageHead)
	for _, r := range encodings {
		rank := "never left out"
		if r.rank > 0 {
			rank = strconv.Itoa(r.rank)
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | [%s](../masker/%s) |\n", strings.ReplaceAll(r.name, `\`, `\\`), r.group, rank, r.file, r.file)
	}
	for _, r := range encodings {
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\nPrinted by: %s.\n\n```text\n%s```\n", strings.ReplaceAll(r.name, `\`, `\\`), upperFirst(r.rule), r.tools, pageForms(r))
	}
	return b.Bytes()
}

func upperFirst(s string) string {
	r := []rune(s)
	r[0] = unicode.ToUpper(r[0])
	return string(r)
}

// pageForms lists the first forms of the sample, one a line, and counts the rest.
func pageForms(r encoding) string {
	const most = 4
	seen := map[string]bool{pageSample: true}
	var l []string
	r.derive([]byte(pageSample), func(form []byte) {
		if s := string(form); len(s) >= longLength && !seen[s] {
			seen[s] = true
			if strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) }) {
				s = strings.Trim(strconv.Quote(s), `"`)
			}
			l = append(l, s)
		}
	})
	more := ""
	if len(l) > most {
		l, more = l[:most], fmt.Sprintf("… and %d more\n", len(l)-most)
	}
	return strings.Join(l, "\n") + "\n" + more
}

// docs/encodings.md says what the table says.
func TestEncodingsPage(t *testing.T) {
	const page = "../docs/encodings.md"
	want := encodingsPage()
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("docs/encodings.md is not what the table says: go test ./masker -run TestEncodingsPage -update")
	}
	for _, r := range encodings {
		if r.rule == "" || r.tools == "" || r.group == "" {
			t.Errorf("row %q says too little", r.name)
		}
		if strings.Contains(pageForms(r), "\n") && pageForms(r) == "\n" {
			t.Errorf("row %q has no form of the sample: choose another one", r.name)
		}
	}
}
