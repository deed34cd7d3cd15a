package masker

import "strings"

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
