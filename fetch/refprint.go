package fetch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// String returns r in canonical form, fit for an error or a plan: credentials in
// the path show as ***, the values of parameters outside a short list (default
// above all) and all of a command but its first word as an ellipsis. Where
// nothing was left out, [ParseRef] reads it back to an equal Ref.
func (r Ref) String() string {
	var b strings.Builder
	b.WriteString(r.Scheme + "://" + r.shownPath())
	sep := "?"
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		b.WriteString(sep + escape(name, "&=") + "=" + r.shownParam(name))
		sep = "&"
	}
	if r.Field != "" {
		b.WriteString("#" + escape(r.Field, ""))
	}
	return b.String()
}

// GoString is String: %#v must show no parameter either.
func (r Ref) GoString() string { return r.String() }

// Format writes String for every verb, so that %x and %d do not walk the fields.
func (r Ref) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(r.String())) }

// MarshalText is String. A Ref does not survive a round trip through text: it may show less than it holds.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r Ref) shownPath() string {
	if r.Scheme == "exec" {
		return shownCommand(r.Path)
	}
	path := r.Path
	host, _, _ := strings.Cut(path, "/")
	user, at, found := strings.Cut(host, "@")
	if found && strings.Contains(user, ":") && !strings.HasPrefix(path, "arn:") {
		path = "***@" + at + strings.TrimPrefix(path, host)
	}
	return escape(path, "")
}

// shownCommand is the program's name: arguments and assignments may hold credentials.
func shownCommand(cmd string) string {
	words := strings.Fields(cmd)
	switch {
	case len(words) == 0 || strings.ContainsRune(words[0], '='):
		return "…"
	case len(words) == 1:
		return escape(words[0], "")
	}
	return escape(words[0], "") + " …"
}

func (r Ref) shownParam(name string) string {
	if !slices.Contains(shownParams, name) {
		return "…"
	}
	return escape(r.Params.Get(name), "&")
}

// escape percent-encodes the bytes that end a part of a reference, and more if asked.
func escape(s, more string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c == 0x7f || strings.IndexByte("%?#"+more, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
