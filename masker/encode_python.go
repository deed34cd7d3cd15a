package masker

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// pythonForms yields what stands between the quotes of Python's repr and ascii
// of a str, and of repr of bytes, each with the apostrophe escaped or not: that
// depends on which quotes the rest of the string has. Bytes that are no UTF-8
// are lone surrogates in a str (PEP 383).
func pythonForms(v []byte, yield func([]byte)) {
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
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		switch {
		case r == utf8.RuneError && n == 1:
			out = hexEscape(out, `\u`, 0xdc00+rune(v[0]), 4, lowerHex)
		case r == '\\' || strings.ContainsRune(escaped, r):
			out = append(out, '\\', byte(r))
		case r == '\n' || r == '\r' || r == '\t':
			out = append(out, '\\', "tn  r"[r-'\t'])
		case printable(r):
			out = append(out, v[:n]...)
		default:
			out = codePoint(out, r, lowerHex)
		}
		v = v[n:]
	}
	return out
}

// codePoint writes r as Python and YAML do: \xHH, \uHHHH or \UHHHHHHHH.
func codePoint(out []byte, r rune, digits string) []byte {
	switch {
	case r < 0x100:
		return hexEscape(out, `\x`, r, 2, digits)
	case r < 0x10000:
		return hexEscape(out, `\u`, r, 4, digits)
	}
	return hexEscape(out, `\U`, r, 8, digits)
}

func hexEscape(out []byte, prefix string, r rune, size int, digits string) []byte {
	out = append(out, prefix...)
	for i := size - 1; i >= 0; i-- {
		out = append(out, digits[r>>(4*i)&15])
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
