package masker

import (
	"strings"
	"unicode/utf8"
)

// yamlForms yields what stands between double quotes in YAML (1.2 §5.7), with
// all but ASCII escaped (PyYAML's default) or not. Writers that fold a long
// string put a backslash at the line's end: the pieces between are forms only
// where they are lines of the value.
func yamlForms(v []byte, yield func([]byte)) {
	yield(yamlEscape(v, true))
	yield(yamlEscape(v, false))
}

func yamlEscape(v []byte, ascii bool) []byte {
	const bom = 0xfeff
	const plain, names = "\x00\a\b\t\n\v\f\r\x1b\"\\\u0085\u00a0\u2028\u2029", "0abtnvfre\"\\N_LP"
	var out []byte
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		i := strings.IndexRune(plain, r)
		switch {
		case r == utf8.RuneError && n == 1:
			out = append(out, v[0])
		case i >= 0 && (r != 0xa0 || ascii):
			out = append(out, '\\', names[utf8.RuneCountInString(plain[:i])])
		case isPrintASCII(r) || r >= 0xa0 && r != bom && !ascii:
			out = append(out, v[:n]...)
		default:
			out = codePoint(out, r, upperHex)
		}
		v = v[n:]
	}
	return out
}
