package masker

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A cStyle is one language's way with string literals that have backslash
// escapes. The backslash is always escaped.
type cStyle struct {
	quotes string // bytes that get a backslash besides it
	plain  string // bytes that have a short name
	names  string // those, in the same order
	number string // format of other bytes that cannot be printed
	wide   func(out, char []byte, r rune) []byte
}

// cStyles are the writers.
var cStyles = []cStyle{
	{`"`, "\a\b\t\n\v\f\r", "abtnvfr", `\%03o`, octalBytes},   // C (C11 §6.4.4.4), git's core.quotePath, gdb
	{`"`, "\a\b\t\n\v\f\r", "abtnvfr", `\%03o`, asIs},         // git with core.quotePath=false
	{`"`, "\t\n\v\f\r", "tnvfr", `\%o`, octalBytes},           // strace
	{`"'`, "\t\n\r", "tnr", `\%03o`, octalBytes},              // protobuf text format
	{`'`, "\b\t\n\f\r", "btnfr", `\x%02X`, c1Hex},             // node util.inspect, quoted with '
	{`"`, "\b\t\n\f\r", "btnfr", `\x%02X`, c1Hex},             // with "
	{"`", "\b\t\n\f\r", "btnfr", `\x%02X`, c1Hex},             // with a backtick
	{"", "\b\t\n\f\r", "btnfr", `\x%02X`, c1Hex},              // with one that the value has not
	{`"$@`, "\a\b\t\n\f\r\x1b", "abtnfre", `\%o`, octalBytes}, // Perl's Data::Dumper, Useqq
	{`"$@`, "\a\b\t\n\f\r\x1b", "abtnfre", `\%o`, braces},     // the same of decoded text
	{`"`, "\a\b\t\n\v\f\r\x1b", "abtnvfre", `\x%02X`, asIs},   // Ruby's inspect
	{"=:#!", "\t\n\r\f", "tnrf", `%c`, asIs},                  // Java's Properties.store
	{"=:#!", "\t\n\r\f", "tnrf", `\u%04X`, unitsUpper},        // to a stream of bytes
	{`"`, "\t\n\r\x00", "tnr0", `\u{%x}`, marksInBraces},      // Rust's {:?}
}

// cForms yields what stands between the quotes of string literals in the styles
// of cStyles.
func cForms(v []byte, yield func([]byte)) {
	for _, s := range cStyles {
		yield(s.escape(v))
	}
}

func (s cStyle) escape(v []byte) []byte {
	out := make([]byte, 0, len(v)+len(v)/4)
	for len(v) > 0 {
		if isAlnum(v[0]) { // in every style, and most of what there is
			out, v = append(out, v[0]), v[1:]
			continue
		}
		r, n := utf8.DecodeRune(v)
		if r < utf8.RuneSelf {
			out = s.escapeASCII(out, v[0], v[1:])
		} else {
			out = s.wide(out, v[:n], r)
		}
		v = v[n:]
	}
	return out
}

// escapeASCII writes b; before a digit a short octal number has all its own.
func (s cStyle) escapeASCII(out []byte, b byte, next []byte) []byte {
	if i := strings.IndexByte(s.plain, b); i >= 0 {
		return append(out, '\\', s.names[i])
	}
	switch {
	case b == '\\' || strings.IndexByte(s.quotes, b) >= 0:
		return append(out, '\\', b)
	case isPrintASCII(rune(b)):
		return append(out, b)
	}
	if s.number == `\%o` && len(next) > 0 && '0' <= next[0] && next[0] <= '9' {
		return fmt.Appendf(out, `\%03o`, b)
	}
	return fmt.Appendf(out, s.number, b)
}

func asIs(out, char []byte, _ rune) []byte { return append(out, char...) }

func octalBytes(out, char []byte, _ rune) []byte {
	for _, b := range char {
		out = fmt.Appendf(out, `\%03o`, b)
	}
	return out
}

// c1Hex escapes the control characters U+0080 to U+009F only.
func c1Hex(out, char []byte, r rune) []byte {
	if r < 0xa0 && len(char) == 2 {
		return fmt.Appendf(out, `\x%02X`, r)
	}
	return append(out, char...)
}

func braces(out, char []byte, r rune) []byte {
	if len(char) == 1 {
		return octalBytes(out, char, r)
	}
	return fmt.Appendf(out, `\x{%x}`, r)
}

func unitsUpper(out, char []byte, _ rune) []byte {
	return append(out, jsonStyle{ascii: true, digits: upperHex}.escape(char)...)
}

// marksInBraces escapes combining marks and what cannot be printed.
func marksInBraces(out, char []byte, r rune) []byte {
	if strconv.IsPrint(r) && !unicode.Is(unicode.M, r) {
		return append(out, char...)
	}
	return fmt.Appendf(out, `\u{%x}`, r)
}
