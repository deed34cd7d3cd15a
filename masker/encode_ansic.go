package masker

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ansiCForms yields the inside of bash's $'…' (Bash manual, ANSI-C Quoting):
// named escapes, and octal for what cannot be printed; in the C locale that is
// all but ASCII. And the manner of coreutils (printf %q, ls), which takes $'…'
// only for the bytes that need it: 'two'$'\n”lines'.
func ansiCForms(v []byte, yield func([]byte)) {
	yield(ansiC(v, strconv.IsPrint))
	yield(ansiC(v, isPrintASCII))
	yield(shellEscape(v, strconv.IsPrint))
	yield(shellEscape(v, isPrintASCII))
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
		turn(n == 1 && r == utf8.RuneError || !printable(r))
		switch {
		case inside:
			for _, b := range v[:n] {
				out = ansiCByte(out, b)
			}
		case r == '\'':
			out = append(out, `'\''`...)
		default:
			out = append(out, v[:n]...)
		}
		v = v[n:]
	}
	return bytes.ReplaceAll(out, []byte(`\E`), []byte(`\033`))
}
