package masker

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// The escapes that echo obeys: that of dash (POSIX XSI, \\e, and octal numbers without
// the leading zero), and echo -e of bash, which is also its printf %b. \c ends
// the output.
const (
	dashEcho = `(?s)\\(?:[abefnrtv\\]|0[0-7]{0,3}|[1-7][0-7]{0,2}|c.*)`
	bashEcho = `(?s)\\(?:[abefnrtvE\\]|0[0-7]{0,3}|x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|c.*)`
)

// echoForms yields what is left of a value with backslashes once a shell has read
// it: without them (read without -r, an unquoted word; the last one is lost where
// text follows it), or with what they stand for.
func echoForms(v []byte, yield func([]byte)) {
	if bytes.IndexByte(v, '\\') < 0 {
		return
	}
	read := unescape(v, '\\')
	yield(read)
	yield(bytes.TrimSuffix(read, []byte(`\`)))
	yield(obey(v, dashEcho))
	yield(obey(v, bashEcho))
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

// obey replaces the escapes in v by what they stand for.
func obey(v []byte, escapes string) []byte {
	return regexp.MustCompile(escapes).ReplaceAllFunc(v, func(e []byte) []byte {
		const names, stand = `abefnrtvE\`, "\a\b\x1b\f\n\r\t\v\x1b\\"
		if i := strings.IndexByte(names, e[1]); i >= 0 {
			return []byte{stand[i]}
		}
		base, digits := 16, string(e[2:])
		switch {
		case e[1] == 'c':
			return nil
		case e[1] <= '7':
			base, digits = 8, string(e[1:])
		}
		n, _ := strconv.ParseUint(digits, base, 32) //nolint:errcheck // the expression has digits only
		if e[1] == 'u' || e[1] == 'U' {
			return []byte(string(rune(n)))
		}
		return []byte{byte(n)}
	})
}
