package masker

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A jsonStyle is one writer's way with the body of a JSON string (RFC 8259 §7).
// Quote, backslash and control bytes are always escaped, the latter by their
// short names where they have one.
type jsonStyle struct {
	ascii  bool   // all but ASCII as \uXXXX, in surrogate pairs: Python, PHP, .NET
	digits string // of \uXXXX
	extra  string // bytes that are written \uXXXX as well
	slash  bool   // "/" as "\/": PHP, older Android and Objective-C
	del    bool   // 7F as \u007f: Python, jq, .NET
	lines  string // of U+2028, U+2029 and U+0085, those that are \uXXXX: Go, Gson, Newtonsoft
	long   bool   // \u0008 and \u000c for \b and \f: Go before 1.22
}

const (
	lowerHex = "0123456789abcdef"
	upperHex = "0123456789ABCDEF"
)

// jsonExtras are the bytes that writers escape beyond the standard: none (jq,
// JavaScript, Python, Jackson, serde); Go, Rails, PHP's JSON_HEX_TAG and
// JSON_HEX_AMP; Windows PowerShell; Gson; PHP with all flags and Newtonsoft's
// EscapeHtml; System.Text.Json.
var jsonExtras = []string{"", "<>&", "<>&'", "<>&'=", "<>&'\"", "<>&'+`\""}

// jsonForms yields the body of a JSON string in each combination of styles that
// can make a difference to v.
func jsonForms(v []byte, yield func([]byte)) {
	for _, s := range jsonStyles(v) {
		yield(s.escape(v))
	}
}

// jsonStyles are the styles that differ in their treatment of v.
func jsonStyles(v []byte) []jsonStyle {
	styles := []jsonStyle{{digits: lowerHex}}
	vary := func(relevant bool, set func(*jsonStyle)) {
		if !relevant {
			return
		}
		for _, s := range styles {
			set(&s)
			styles = append(styles, s)
		}
	}
	plain := styles[0]
	for _, extra := range jsonExtras[1:] {
		if bytes.ContainsAny(v, extra) {
			plain.extra = extra
			styles = append(styles, plain)
		}
	}
	wide := bytes.ContainsFunc(v, func(r rune) bool { return r >= utf8.RuneSelf })
	vary(wide, func(s *jsonStyle) { s.ascii = true })
	vary(bytes.IndexByte(v, '/') >= 0, func(s *jsonStyle) { s.slash = true })
	vary(bytes.IndexByte(v, 0x7f) >= 0, func(s *jsonStyle) { s.del = true })
	separators := bytes.ContainsAny(v, "\u0085\u2028\u2029")
	vary(separators, func(s *jsonStyle) { s.lines = "\u2028\u2029" })
	vary(separators, func(s *jsonStyle) { s.lines = "\u0085\u2028\u2029" })
	vary(bytes.ContainsAny(v, "\b\f"), func(s *jsonStyle) { s.long = true })
	vary(true, func(s *jsonStyle) { s.digits = upperHex })
	return styles
}

// escape returns v as the body of a JSON string. Bytes that are no UTF-8 stay.
func (s jsonStyle) escape(v []byte) []byte {
	out := make([]byte, 0, len(v)+len(v)/8)
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		switch {
		case r < utf8.RuneSelf:
			out = s.escapeASCII(out, byte(r))
		case r == utf8.RuneError && n == 1 || !s.ascii && !strings.ContainsRune(s.lines, r):
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
	case strings.IndexByte(s.extra, b) >= 0 || b == 0x7f && s.del:
		return s.unicode(out, uint16(b))
	case b == '"' || b == '\\' || b == '/' && s.slash:
		return append(out, '\\', b)
	case b >= 0x20:
		return append(out, b)
	}
	if i := strings.IndexByte("\t\n\r\b\f", b); i >= 0 && !(s.long && i > 2) {
		return append(out, '\\', "tnrbf"[i])
	}
	return s.unicode(out, uint16(b))
}

func (s jsonStyle) unicode(out []byte, u uint16) []byte {
	return append(out, '\\', 'u', s.digits[u>>12], s.digits[u>>8&15], s.digits[u>>4&15], s.digits[u&15])
}
