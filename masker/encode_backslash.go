package masker

import (
	"unicode/utf8"
)

// bashSpecial is what printf %q escapes with a backslash (bash's
// sh_backslash_quote); versions differ about the comma.
const bashSpecial = " \t!\"$&'()*;<>?[\\]^`{|}"

// backslashSets are the bytes before which quoting functions put a backslash.
var backslashSets = []string{
	bashSpecial,                      // bash printf %q
	bashSpecial + ",",                // since 5.0
	`'"\`,                            // PHP addslashes, MySQL
	`'\`,                             // PHP var_export, Perl's Data::Dumper
	"()[]{}?*+-|^$\\.&~# \t\n\r\v\f", // Python re.escape
	"\\.+*?()|[]{}^$",                // Go regexp.QuoteMeta
	`\.*[]^$/`,                       // sed patterns
	`\/&`,                            // sed replacements
	`\=:#!`,                          // Java properties
	`\,;"`,                           // LDAP, vCard, iCalendar
}

// backslashForms yields v with a backslash before each byte of a set; for bash,
// before a leading # or ~ as well; and before all but a few characters (Perl's
// quotemeta, Ruby's Shellwords).
func backslashForms(v []byte, yield func([]byte)) {
	for i, set := range backslashSets {
		out := prefix(v, set, '\\')
		yield(out)
		if i > 1 {
			continue
		}
		out = bashTilde(out)
		yield(out)
		if v[0] == '#' || v[0] == '~' {
			yield(append([]byte{'\\'}, out...))
		}
	}
	yield(quoteBut(v, "_", false))
	yield(quoteBut(v, "_", true))
	yield(quoteBut(v, "_-.,:+/@\n", true))
}

// bashTilde escapes ~ behind : and =, where bash would expand it.
func bashTilde(b []byte) []byte {
	return replace(b, ":~", `:\~`, "=~", `=\~`)
}

// quoteBut puts a backslash before each byte, or each character, that is not
// ASCII, or neither letter nor digit nor in keep. Quoting characters, it leaves
// those beyond ASCII alone when keep is quotemeta's: they are words to Perl.
func quoteBut(v []byte, keep string, chars bool) []byte {
	var out []byte
	for len(v) > 0 {
		n := 1
		if chars {
			_, n = utf8.DecodeRune(v)
		}
		if !kept(v[0], keep) && !(chars && n > 1 && keep == "_") {
			out = append(out, '\\')
		}
		out = append(out, v[:n]...)
		v = v[n:]
	}
	return out
}

func kept(b byte, keep string) bool {
	if isWord(b) && b != '_' {
		return true
	}
	for i := range len(keep) {
		if keep[i] == b {
			return true
		}
	}
	return false
}
