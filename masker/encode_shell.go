package masker

import (
	"fmt"
	"strings"
)

// shellForms yields the spellings of POSIX shells and of the languages around
// them, as they stand inside the quotes.
func shellForms(v []byte, yield func([]byte)) {
	for _, pair := range [][2]string{
		{`'`, `'\''`},  // bash's set -x and ${v@Q}; many writers
		{`'`, `'"'"'`}, // Python shlex.quote; dash's set -x
		{`'`, `''`},    // SQL, YAML, PowerShell (which doubles ’ as well: encode_cmd.go)
		{`"`, `""`},    // CSV, cmd, Visual Basic
		{`"`, `\"`},    // many, without a rule for the backslash
		{`$`, `$$`},    // make, Compose files
		{`%`, `%%`},    // cmd, systemd, printf formats
		{`\`, `\\`},    // C-like, without quotes
		{`#`, `\#`},    // make
	} {
		if strings.Contains(string(v), pair[0]) {
			yield([]byte(strings.ReplaceAll(string(v), pair[0], pair[1])))
		}
	}
	yield(prefix(v, "$`\"\\", '\\')) // between double quotes (POSIX 2.2.3): declare -p
	yield(prefix(v, "$`\"\\!", '\\'))
	if strings.Contains(string(v), `\`) {
		yield(unescape(v, '\\'))                         // read without -r, an unquoted word
		yield(obey(v, "\a\b\t\n\v\f\r", "abtnvfr"))      // echo of dash; echo -e, printf %b
		yield(obey(v, "\a\b\t\n\v\f\r\x1b", "abtnvfre")) // those of bash
	}
}

// prefix puts mark before each byte of special.
func prefix(v []byte, special string, mark byte) []byte {
	out := make([]byte, 0, len(v)+len(v)/8)
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

// obey replaces \n and the like by the bytes they stand for, \\ by \, and \0ooo
// by the byte; other backslashes stay. \c ends the output: what follows is lost.
func obey(v []byte, plain, names string) []byte {
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' || i+1 == len(v) {
			out = append(out, v[i])
			continue
		}
		i++
		k := strings.IndexByte(names, v[i])
		switch {
		case v[i] == 'c':
			return out
		case v[i] == '\\':
			out = append(out, '\\')
		case k >= 0:
			out = append(out, plain[k])
		case v[i] == '0':
			var n int
			digits := v[i+1 : min(len(v), i+4)]
			digits = digits[:octals(digits)]
			fmt.Sscanf("0"+string(digits), "%o", &n) //nolint:errcheck // digits only
			out = append(out, byte(n))
			i += len(digits)
		default:
			out = append(out, '\\', v[i])
		}
	}
	return out
}

// octals counts the octal digits that b begins with.
func octals(b []byte) int {
	for i, d := range b {
		if d < '0' || d > '7' {
			return i
		}
	}
	return len(b)
}
