package masker

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ansiCForms yields the inside of bash's $'…' (Bash manual, ANSI-C Quoting):
// named escapes, and octal for what cannot be printed; in the C locale that is
// all but ASCII. And the manner of coreutils (printf %q, ls), which takes $'…'
// only for the bytes that need it: 'two'$'\n”lines'.
func ansiCForms(v []byte, yield func([]byte)) {
	yield(ansiC(v, isPrintC))
	yield(ansiC(v, isPrintASCII))
	yield(shellEscape(v, isPrintC))
	yield(shellEscape(v, isPrintASCII))
}

// isPrintC is iswprint of the C library: unlike Go's it counts blanks of all
// kinds and invisible marks such as U+200D.
func isPrintC(r rune) bool {
	return strconv.IsPrint(r) || unicode.In(r, unicode.Zs, unicode.Cf)
}

func ansiC(v []byte, printable func(rune) bool) []byte {
	var out []byte
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		if r >= utf8.RuneSelf && n > 1 && printable(r) {
			out = append(out, v[:n]...)
		} else {
			for _, b := range v[:n] {
				out = ansiCByte(out, b)
			}
		}
		v = v[n:]
	}
	return out
}

func ansiCByte(out []byte, b byte) []byte {
	if i := strings.IndexByte("\a\b\x1b\f\n\r\t\v\\'", b); i >= 0 {
		return append(out, '\\', `abEfnrtv\'`[i])
	}
	if isPrintASCII(rune(b)) {
		return append(out, b)
	}
	return append(out, '\\', '0'+b>>6, '0'+b>>3&7, '0'+b&7)
}

// shellEscape is gnulib's shell_escape quoting, between the outer quotes.
func shellEscape(v []byte, printable func(rune) bool) []byte {
	var out []byte
	inside := false // of $'…'
	turn := func(to bool) {
		if to != inside {
			out = append(out, map[bool]string{true: `'$'`, false: `''`}[to]...)
		}
		inside = to
	}
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		if r == '\'' { // its own spelling leaves $'…' as well
			out, v, inside = append(out, `'\''`...), v[n:], false
			continue
		}
		turn(n == 1 && r == utf8.RuneError || !printable(r))
		if inside {
			for _, b := range v[:n] {
				out = ansiCByte(out, b)
			}
		} else {
			out = append(out, v[:n]...)
		}
		v = v[n:]
	}
	return bytes.ReplaceAll(out, []byte(`\E`), []byte(`\033`))
}
