package masker

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// A rowCheck says whether form is a spelling of v, asking a decoder that is not
// ours where Go has one.
type rowCheck func(v, form []byte) bool

// rowChecks has one for every row of the table. What shells make of the forms of
// the group shell is asked of real ones too: TestShellsReadForms.
var rowChecks = map[string]rowCheck{
	"base64":             packed(decode64),
	"base64 twice":       packed(decode64Twice),
	"base64 of UTF-16LE": packed(decode64Wide),
	"base32":             packed(decode32),
	"hex":                decodedBy(unhex()),
	`hex \xHH`:           decodedBy(unhex(`\x`)),
	"hex in groups":      decodedBy(unhex(" ", ":", "-")),
	"byte list":          decodedBy(unlist),
	"percent":            decodedBy(url.PathUnescape, url.QueryUnescape),
	"percent, rare sets": decodedBy(url.PathUnescape, url.QueryUnescape),
	"percent twice":      decodedBy(twice(url.PathUnescape), twice(url.QueryUnescape)),
	"GitHub command":     decodedBy(replaced("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")),
	"Azure command":      decodedBy(replaced("%0D", "\r", "%0A", "\n", "%3B", ";", "%5D", "]", "%AZP25", "%")),
	"JSON":               decodedBy(unjson),
	"JSON in JSON":       decodedBy(twice(unjson), thrice(unjson)),
	"Go literal":         decodedBy(func(s string) (string, error) { return strconv.Unquote(`"` + s + `"`) }),
	"Python literal":     decodedBy(unliteral(charsOctal), unliteral(bytesOctal)),
	"C literal":          decodedBy(unliteral(charsOctal), unliteral(bytesOctal), unproperty),
	"YAML double-quoted": decodedBy(unliteral(charsNul)),
	"XML":                decodedBy(unhtml, replaced("]]]]><![CDATA[>", "]]>", "]]]]>]]&gt;<![CDATA[", "]]>")),
	"XML in XML":         decodedBy(twice(unhtml)),
	"echo":               obeyed(`\`),
	"shell quotes": decodedBy(unmark('\\'), replaced(`'\''`, "'"), replaced(`'"'"'`, "'"), replaced("''", "'"), replaced(`""`, `"`),
		replaced(`\"`, `"`), replaced(`\#`, "#"), replaced("$$", "$"), replaced("%%", "%")),
	"shell $'…'":  decodedBy(unliteral(bytesOctal), unsegment),
	"backslashes": decodedBy(unmark('\\')),
	"PowerShell and cmd": anyOf(decodedBy(unmark('^'), replaced("`n", "\n", "`r", "\r", "`t", "\t", "``", "`", "`$", "$", "`\"", `"`),
		replaced("''", "'", "‘‘", "‘", "’’", "’", "‚‚", "‚", "‛‛", "‛")), obeyed(`^`)),
	"UTF-16LE": decodedBy(func(s string) (string, error) { return string(narrow([]byte(s))), nil }),
}

// anyOf wants one of the checks to hold.
func anyOf(checks ...rowCheck) rowCheck {
	return func(v, form []byte) bool {
		for _, c := range checks {
			if c(v, form) {
				return true
			}
		}
		return false
	}
}

// obeyed is for forms in which marks of the value have been taken as escapes:
// they cannot be undone, and are shorter.
func obeyed(mark string) rowCheck {
	return func(v, form []byte) bool {
		return bytes.Contains(v, []byte(mark)) && (len(form) < len(v) || bytes.Equal(form, v))
	}
}

// decodedBy wants one of the decoders to give v back.
func decodedBy(decoders ...func(string) (string, error)) rowCheck {
	return func(v, form []byte) bool {
		for _, d := range decoders {
			if s, err := d(string(form)); err == nil && s == string(v) {
				return true
			}
		}
		return false
	}
}

// packed wants a form to decode, at one alignment, to text that has v in it but
// for up to three bytes at either end, which characters share.
func packed(decode func([]byte) [][]byte) rowCheck {
	return func(v, form []byte) bool {
		inner := v[3 : len(v)-3]
		if utf8.Valid(v) { // UTF-16 is decoded by characters
			inner = bytes.TrimFunc(inner, func(r rune) bool { return r == utf8.RuneError })
		}
		for _, d := range decode(bytes.TrimRight(form, "=")) {
			if bytes.Contains(d, inner) {
				return true
			}
		}
		return false
	}
}

// decode64 decodes text that begins with its first, second … or fourth character
// of a quantum, in either alphabet.
func decode64(text []byte) (l [][]byte) {
	std := strings.NewReplacer("-", "+", "_", "/").Replace(string(text))
	for late := range 4 {
		s := strings.Repeat("A", late) + std
		if len(s)%4 == 1 {
			s = s[:len(s)-1]
		}
		if b, err := base64.RawStdEncoding.DecodeString(s); err == nil {
			l = append(l, b)
		}
	}
	return l
}

func decode64Twice(text []byte) (l [][]byte) {
	for _, inner := range decode64(text) {
		inner = regexp.MustCompile(`^[^A-Za-z0-9+/]+|[^A-Za-z0-9+/]+$`).ReplaceAll(inner, nil)
		for drop := range min(2, len(inner)) { // padding may have made a first character
			l = append(l, decode64(inner[drop:])...)
		}
	}
	return l
}

func decode64Wide(text []byte) (l [][]byte) {
	for _, wide := range decode64(text) {
		l = append(l, narrow(wide), narrow(wide[min(1, len(wide)):]))
	}
	return l
}

func decode32(text []byte) (l [][]byte) {
	for late := range 8 {
		s := strings.Repeat("A", late) + string(text)
		s = s[:len(s)-[]int{0, 1, 0, 1, 0, 0, 1, 0}[len(s)%8]] // not a whole byte more
		if b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s); err == nil {
			l = append(l, b)
		}
	}
	return l
}

func narrow(wide []byte) []byte {
	var units []uint16
	for i := 0; i+1 < len(wide); i += 2 {
		units = append(units, uint16(wide[i])|uint16(wide[i+1])<<8)
	}
	return []byte(string(utf16.Decode(units)))
}

func unhex(separators ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, sep := range separators {
			if sep != "" {
				s = strings.ReplaceAll(s, sep, "")
			}
		}
		b, err := hex.DecodeString(s)
		return string(b), err
	}
}

func twice(f func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		once, err := f(s)
		if err != nil {
			return "", err
		}
		return f(once)
	}
}

func replaced(pairs ...string) func(string) (string, error) {
	return func(s string) (string, error) { return strings.NewReplacer(pairs...).Replace(s), nil }
}

// thrice decodes three times.
func thrice(f func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		two, err := twice(f)(s)
		if err != nil {
			return "", err
		}
		return f(two)
	}
}

// unlist reads decimal bytes.
func unlist(s string) (string, error) {
	var out []byte
	for field := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == ',' }) {
		n, err := strconv.ParseUint(field, 10, 8)
		if err != nil {
			return "", err
		}
		out = append(out, byte(n))
	}
	return string(out), nil
}

func unjson(s string) (out string, err error) {
	err = json.Unmarshal([]byte(`"`+s+`"`), &out)
	return out, err
}

// A literal says how \xHH and \0 are read.
type literal int

const (
	charsOctal literal = iota // a character; octal
	bytesOctal                // a byte; octal
	charsNul                  // a character; NUL
)

// unliteral reads backslash escapes of C, Python, JavaScript, Perl, Rust and
// YAML; \xHH is a character (Python, JavaScript, YAML) or a byte (the others).
func unliteral(how literal) func(string) (string, error) {
	escapes := regexp.MustCompile(`(?s)\\(u\{[0-9a-f]+\}|x\{[0-9a-f]+\}|U[0-9A-Fa-f]{8}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|.)`)
	if how == charsNul {
		escapes = regexp.MustCompile(`(?s)\\(U[0-9A-F]{8}|u[0-9A-F]{4}|x[0-9A-F]{2}|.)`)
	}
	return func(s string) (string, error) {
		return escapes.ReplaceAllStringFunc(s, func(e string) string {
			const names, stand = "abefnrtvE0N_LP", "\a\b\x1b\f\n\r\t\v\x1b\x00\u0085\u00a0\u2028\u2029"
			number, base := strings.Trim(e[1:], "uUx{}"), 16
			if '0' <= e[1] && e[1] <= '7' && how != charsNul {
				number, base = e[1:], 8
			}
			n, err := strconv.ParseUint(number, base, 32)
			switch i := strings.IndexByte(names, e[1]); {
			case len(e) == 2 && i >= 0:
				return string([]rune(stand)[i])
			case len(e) == 2 && base == 16 || err != nil:
				return e[1:]
			case base == 16 && n >= 0xdc80 && n <= 0xdcff:
				return string([]byte{byte(n)}) // PEP 383
			case base == 16 && (how != bytesOctal || len(number) > 2 || strings.Contains(e, "{")):
				return string(rune(n))
			}
			return string([]byte{byte(n)})
		}), nil
	}
}

// unproperty reads Java's properties, whose \uXXXX are UTF-16.
func unproperty(s string) (string, error) {
	return unjson(strings.NewReplacer(`\=`, "=", `\:`, ":", `\#`, "#", `\!`, "!", `"`, `\"`).Replace(s))
}

// unsegment reads the inside of coreutils' '…'$'…'”…': quotes open and close,
// and between $' and ' there are escapes.
func unsegment(s string) (out string, err error) {
	quoted := true
	for len(s) > 0 {
		switch {
		case !quoted && strings.HasPrefix(s, "$'"):
			end := regexp.MustCompile(`^(?s)(?:\\.|[^\\'])*`).FindStringIndex(s[2:])[1]
			b, _ := unliteral(bytesOctal)(s[2 : 2+end])
			out, s = out+b, strings.TrimPrefix(s[2+end:], "'")
		case !quoted && s[0] == '\\' && len(s) > 1:
			out, s = out+s[1:2], s[2:]
		case s[0] == '\'':
			quoted, s = !quoted, s[1:]
		default:
			out, s = out+s[:1], s[1:]
		}
	}
	return out, nil
}

func unhtml(s string) (string, error) { return html.UnescapeString(s), nil }

// unmark drops each mark that stands before another byte.
func unmark(mark byte) func(string) (string, error) {
	return func(s string) (string, error) { return string(unescape([]byte(s), mark)), nil }
}

// fuzzRow derives the forms of fuzzed values in one row and has the row's
// decoder return the value.
func fuzzRow(f *testing.F, row string) {
	for _, s := range []string{"Kestrel-77-vermilion", "it's \"100%\" \\n & <co>/+= `x`$y", "Grüße\t77\r\n🦅\x7f\x1b[m", "\xff\xfe~bytes^77\x01"} {
		f.Add([]byte(s))
	}
	check, derive := rowChecks[row], rowNamed(row).derive
	f.Fuzz(func(t *testing.T, v []byte) {
		if len(v) < longLength || len(v) > 300 || beyond(row, v) {
			return
		}
		derive(v, func(form []byte) {
			if len(form) >= longLength && !check(v, form) {
				t.Errorf("%s: %q is no form of %q", row, form, v)
			}
		})
	})
}

// beyond reports whether v is outside of what a row's decoder can undo, though
// not of the row.
func beyond(row string, v []byte) bool {
	switch row {
	case "JSON", "JSON in JSON", "base64 of UTF-16LE", "UTF-16LE":
		return !utf8.Valid(v)
	case "C literal": // Java's is JSON's; Rust's \0 before a digit looks octal
		return !utf8.Valid(v) || bytes.IndexByte(v, 0) >= 0
	case "percent", "percent twice": // "+" is both a blank and itself
		return bytes.IndexByte(v, '+') >= 0 && bytes.IndexByte(v, ' ') >= 0
	case "percent, rare sets", "Azure command": // some leave "%" alone
		return bytes.IndexByte(v, '%') >= 0 || bytes.IndexByte(v, '+') >= 0 && bytes.IndexByte(v, ' ') >= 0
	case "XML": // HTML reads C1 as Windows-1252
		return !utf8.Valid(v) || bytes.Contains(v, []byte("CDATA")) || bytes.ContainsFunc(v, func(r rune) bool { return r >= 0x80 && r < 0xa0 })
	case "shell quotes", "PowerShell and cmd": // doubling is undone one pair at a time
		return bytes.ContainsAny(v, `\^`) || regexp.MustCompile("''|\"\"|\\$\\$|%%|‘‘|’’|‚‚|‛‛|`").Match(v)
	}
	return false
}

func rowNamed(name string) encoding {
	for _, r := range encodings {
		if r.name == name {
			return r
		}
	}
	panic("no row " + name)
}
func FuzzEncodeBase64(f *testing.F)        { fuzzRow(f, `base64`) }
func FuzzEncodeBase64Twice(f *testing.F)   { fuzzRow(f, `base64 twice`) }
func FuzzEncodeBase64UTF16(f *testing.F)   { fuzzRow(f, `base64 of UTF-16LE`) }
func FuzzEncodeBase32(f *testing.F)        { fuzzRow(f, `base32`) }
func FuzzEncodeHex(f *testing.F)           { fuzzRow(f, `hex`) }
func FuzzEncodeHexEscapes(f *testing.F)    { fuzzRow(f, `hex \xHH`) }
func FuzzEncodeHexGroups(f *testing.F)     { fuzzRow(f, `hex in groups`) }
func FuzzEncodeByteList(f *testing.F)      { fuzzRow(f, `byte list`) }
func FuzzEncodePercent(f *testing.F)       { fuzzRow(f, `percent`) }
func FuzzEncodePercentRare(f *testing.F)   { fuzzRow(f, `percent, rare sets`) }
func FuzzEncodePercentTwice(f *testing.F)  { fuzzRow(f, `percent twice`) }
func FuzzEncodeGitHubCommand(f *testing.F) { fuzzRow(f, `GitHub command`) }
func FuzzEncodeAzureCommand(f *testing.F)  { fuzzRow(f, `Azure command`) }
func FuzzEncodeJSON(f *testing.F)          { fuzzRow(f, `JSON`) }
func FuzzEncodeJSONTwice(f *testing.F)     { fuzzRow(f, `JSON in JSON`) }
func FuzzEncodeGoLiteral(f *testing.F)     { fuzzRow(f, `Go literal`) }
func FuzzEncodePythonLiteral(f *testing.F) { fuzzRow(f, `Python literal`) }
func FuzzEncodeCLiteral(f *testing.F)      { fuzzRow(f, `C literal`) }
func FuzzEncodeYAML(f *testing.F)          { fuzzRow(f, `YAML double-quoted`) }
func FuzzEncodeXML(f *testing.F)           { fuzzRow(f, `XML`) }
func FuzzEncodeXMLTwice(f *testing.F)      { fuzzRow(f, `XML in XML`) }
func FuzzEncodeShellQuotes(f *testing.F)   { fuzzRow(f, `shell quotes`) }
func FuzzEncodeEcho(f *testing.F)          { fuzzRow(f, `echo`) }
func FuzzEncodeAnsiC(f *testing.F)         { fuzzRow(f, `shell $'…'`) }
func FuzzEncodeBackslashes(f *testing.F)   { fuzzRow(f, `backslashes`) }
func FuzzEncodeWindowsShells(f *testing.F) { fuzzRow(f, `PowerShell and cmd`) }
func FuzzEncodeUTF16(f *testing.F)         { fuzzRow(f, `UTF-16LE`) }

// Every row has a decoder, a fuzz target of its own, and is in its file.
func TestEveryRowIsFuzzed(t *testing.T) {
	source, err := os.ReadFile("encoding_fuzz_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range encodings {
		if rowChecks[r.name] == nil || !bytes.Contains(source, []byte("fuzzRow(f, `"+r.name+"`)")) {
			t.Errorf("row %q has no fuzz target", r.name)
		}
		if _, err := os.Stat(r.file); err != nil {
			t.Errorf("row %q: %v", r.name, err)
		}
	}
}
