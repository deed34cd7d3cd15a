package export

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
)

func shellLine(b *bytes.Buffer, v Variable, _ bool) {
	fmt.Fprintf(b, "export %s='%s'\n", v.Name, strings.ReplaceAll(string(v.Value), "'", `'\''`))
}

// bareLine is for readers that know no quotes.
func bareLine(b *bytes.Buffer, v Variable, _ bool) {
	fmt.Fprintf(b, "%s=%s\n", v.Name, v.Value)
}

const plainChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+,-"

// dotenvLine takes single quotes where it can: nothing is special in them for any
// reader. Double quotes have escapes that not every reader knows.
func dotenvLine(b *bytes.Buffer, v Variable, _ bool) {
	s := string(v.Value)
	switch {
	case s != "" && strings.Trim(s, plainChars) == "":
		fmt.Fprintf(b, "%s=%s\n", v.Name, s)
	case !strings.ContainsAny(s, "'\r"):
		fmt.Fprintf(b, "%s='%s'\n", v.Name, s)
	default:
		fmt.Fprintf(b, "%s=\"%s\"\n", v.Name, dotenvEscapes.Replace(s))
	}
}

var dotenvEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\n", `\n`, "\r", `\r`)

// systemdLine is in double quotes always: a backslash is special outside of them
// too, and single quotes would do for all but a single quote.
func systemdLine(b *bytes.Buffer, v Variable, _ bool) {
	fmt.Fprintf(b, "%s=\"%s\"\n", v.Name, systemdEscapes.Replace(string(v.Value)))
}

var systemdEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")

// powershellLine doubles what PowerShell takes for a single quote: also the curly ones.
func powershellLine(b *bytes.Buffer, v Variable, _ bool) {
	fmt.Fprintf(b, "$env:%s = '%s'\n", v.Name, powershellQuotes.Replace(string(v.Value)))
}

var powershellQuotes = strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛")

func jsonField(b *bytes.Buffer, v Variable, first bool) {
	if !first {
		b.WriteByte(',')
	}
	fmt.Fprintf(b, "\n  \"%s\": %s", v.Name, quoted(v.Value))
}

func yamlLine(b *bytes.Buffer, v Variable, _ bool) {
	fmt.Fprintf(b, "%s: %s\n", v.Name, quoted(v.Value))
}

func secretLine(b *bytes.Buffer, v Variable, _ bool) {
	fmt.Fprintf(b, "  %s: \"%s\"\n", v.Name, base64.StdEncoding.EncodeToString(v.Value))
}

// quoted writes a JSON string that is a double-quoted scalar of YAML as well: YAML
// wants more characters escaped than JSON, and YAML 1.1 breaks lines at some.
func quoted(v []byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range string(v) {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\n':
			b.WriteString(`\n`)
		case r < 0x10000 && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + `"`
}
