package masker

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonStyle is one writer's way with the body of a JSON string (RFC 8259 §7).
// Quote, backslash and control bytes are always escaped, the latter by their
// short names where they have one.
type jsonStyle struct {
	ascii  bool   // all but ASCII as \uXXXX, in surrogate pairs
	digits string // of \uXXXX
	extra  string // bytes that are written \uXXXX as well
	slash  bool   // "/" as "\/"
}

const (
	lowerHex = "0123456789abcdef"
	upperHex = "0123456789ABCDEF"
)

// jsonExtras are the bytes that writers escape beyond the standard: none (jq,
// JavaScript, Python); Go, PHP's JSON_HEX_TAG and JSON_HEX_AMP; Windows PowerShell; .NET.
var jsonExtras = []string{"", "<>&", "<>&'", "<>&'+`\""}

// jsonForms yields the body of a JSON string in each combination of styles.
func jsonForms(v []byte, yield func([]byte)) {
	for _, extra := range jsonExtras {
		for _, digits := range []string{lowerHex, upperHex} {
			for _, ascii := range []bool{false, true} {
				for _, slash := range []bool{false, true} {
					yield(jsonStyle{ascii, digits, extra, slash}.escape(v))
				}
			}
		}
	}
}

// jsonTwice yields JSON strings in JSON strings: a log record that holds a
// document. Both levels in the style of one writer.
func jsonTwice(v []byte, yield func([]byte)) {
	for _, extra := range jsonExtras[:2] {
		for _, ascii := range []bool{false, true} {
			s := jsonStyle{ascii: ascii, digits: lowerHex, extra: extra}
			yield(s.escape(s.escape(v)))
		}
	}
}

// escape returns v as the body of a JSON string. Bytes that are no UTF-8 stay.
func (s jsonStyle) escape(v []byte) []byte {
	out := make([]byte, 0, len(v)+len(v)/8)
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		switch {
		case r < utf8.RuneSelf:
			out = s.escapeASCII(out, byte(r))
		case r == utf8.RuneError && n == 1 || !s.ascii:
			out = append(out, v[:n]...)
		default:
			for _, u := range utf16.Encode([]rune{r}) {
				out = s.unicode(out, u)
			}
		}
		v = v[n:]
	}
	return out
}

func (s jsonStyle) escapeASCII(out []byte, b byte) []byte {
	switch {
	case strings.IndexByte(s.extra, b) >= 0:
		return s.unicode(out, uint16(b))
	case b == '"' || b == '\\' || b == '/' && s.slash:
		return append(out, '\\', b)
	case b >= 0x20:
		return append(out, b)
	}
	if i := strings.IndexByte("\b\t\n\f\r", b); i >= 0 {
		return append(out, '\\', "btnfr"[i])
	}
	return s.unicode(out, uint16(b))
}

func (s jsonStyle) unicode(out []byte, u uint16) []byte {
	return append(out, '\\', 'u', s.digits[u>>12], s.digits[u>>8&15], s.digits[u>>4&15], s.digits[u&15])
}

// literalForms yields the inside of string literals: Go's %q and %+q, Python's
// repr and ascii of str and bytes, with either quote escaped or not (that
// depends on the rest of the string).
func literalForms(v []byte, yield func([]byte)) {
	for _, q := range []string{strconv.Quote(string(v)), strconv.QuoteToASCII(string(v))} {
		yield([]byte(q[1 : len(q)-1]))
	}
	for _, quote := range []string{"", "'"} {
		yield(pythonRepr(v, quote, strconv.IsPrint))
		yield(pythonRepr(v, quote, isPrintASCII))
		yield(pythonBytes(v, quote))
	}
}

func isPrintASCII(r rune) bool { return 0x20 <= r && r < 0x7f }

// pythonRepr is repr(str) without its quotes; the bytes of escaped get a backslash.
func pythonRepr(v []byte, escaped string, printable func(rune) bool) []byte {
	var out []byte
	for _, r := range string(v) {
		switch {
		case r == '\\' || strings.ContainsRune(escaped, r):
			out = append(out, '\\', byte(r))
		case r == '\n' || r == '\r' || r == '\t':
			out = append(out, '\\', "tn  r"[r-'\t'])
		case printable(r):
			out = utf8.AppendRune(out, r)
		default:
			out = pythonEscape(out, r)
		}
	}
	return out
}

func pythonEscape(out []byte, r rune) []byte {
	prefix, size := `\U`, 8
	switch {
	case r < 0x100:
		prefix, size = `\x`, 2
	case r < 0x10000:
		prefix, size = `\u`, 4
	}
	out = append(out, prefix...)
	for i := size - 1; i >= 0; i-- {
		out = append(out, lowerHex[r>>(4*i)&15])
	}
	return out
}

// pythonBytes is repr(bytes) without b and quotes.
func pythonBytes(v []byte, escaped string) []byte {
	latin := make([]rune, len(v))
	for i, b := range v {
		latin[i] = rune(b)
	}
	return pythonRepr([]byte(string(latin)), escaped, isPrintASCII)
}
