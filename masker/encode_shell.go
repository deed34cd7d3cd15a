package masker

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// shellForms yields the spellings of shells and of the languages around them,
// as they stand inside the quotes.
func shellForms(v []byte, yield func([]byte)) {
	replace := func(pairs ...string) { yield([]byte(strings.NewReplacer(pairs...).Replace(string(v)))) }
	replace(`'`, `'\''`)   // POSIX single quotes: bash's set -x, shlex with some writers
	replace(`'`, `'"'"'`)  // dash's set -x, Python shlex.quote
	replace(`'`, `''`)     // SQL, YAML, PowerShell
	replace(`"`, `""`)     // CSV, cmd, Visual Basic
	replace(`"`, `\"`)     // many, without the backslash rule
	replace(`$`, `$$`)     // make, Compose files
	replace(`%`, `%%`)     // cmd, systemd, printf formats
	replace(`\`, `\\`)     // C-like without quotes
	yield(ansiC(v, false)) // $'…'
	yield(ansiC(v, true))
	yield(backslash(v, bashSpecial, true)) // printf %q
	yield(backslash(v, bashSpecial, false))
	yield(backslash(v, bashSpecial+",", true))
	yield(backslash(v, bashSpecial+",", false))
	yield(backslash(v, "$`\"\\", false)) // double quotes
	yield(backslash(v, "$`\"\\!", false))
	yield(unescape(v, '\\'))                     // read without -r, echo
	yield(prefix(v, "`$\"", '`'))                // PowerShell
	yield(prefix(v, `&|<>^()%!"`, '^'))          // cmd
	yield(prefix(v, `&|<>^`, '^'))               // cmd, outside parentheses
	yield(unescape(v, '^'))                      // what cmd makes of an unquoted value
	yield(bytes.ReplaceAll(v, []byte("^"), nil)) // and of one that passes it twice
}

// bashSpecial is what printf %q escapes with a backslash (bash's
// sh_backslash_quote); versions differ about the comma.
const bashSpecial = " \t!\"$&'()*;<>?[\\]^`{|}"

// backslash puts one before each byte of special, and, if leading, before a
// leading # or ~ as well.
func backslash(v []byte, special string, leading bool) []byte {
	out := prefix(v, special, '\\')
	if leading && len(v) > 0 && (v[0] == '#' || v[0] == '~') {
		return append([]byte{'\\'}, out...)
	}
	return out
}

func prefix(v []byte, special string, mark byte) []byte {
	out := make([]byte, 0, len(v))
	for _, b := range v {
		if strings.IndexByte(special, b) >= 0 {
			out = append(out, mark)
		}
		out = append(out, b)
	}
	return out
}

// unescape removes each mark that stands before another byte, keeping that.
func unescape(v []byte, mark byte) []byte {
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		if v[i] == mark && i+1 < len(v) {
			i++
		}
		out = append(out, v[i])
	}
	return out
}

// ansiC is the inside of bash's $'…': named escapes, and octal for what cannot
// be printed; in the C locale that is all but ASCII.
func ansiC(v []byte, cLocale bool) []byte {
	var out []byte
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		if r >= utf8.RuneSelf && n > 1 && !cLocale {
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
