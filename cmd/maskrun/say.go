package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// The rules of what maskrun says: to stderr, one line each, prefix "maskrun: ",
// lower case, no full stop, through the same redactor as the command's output,
// control characters escaped. Nothing of ours goes to stdout unless it was
// asked for. Several problems are several lines.

// A speaker prints our own messages. It is safe for concurrent use.
type speaker struct {
	w    io.Writer
	mu   sync.Mutex
	mask func([]byte) []byte // nil until there is a redactor
}

// use makes every later message pass mask.
func (s *speaker) use(mask func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mask = mask
}

func (s *speaker) sayf(format string, args ...any) { s.say(fmt.Sprintf(format, args...)) }

// say prints each line of msg as a message. It has nobody to tell that it failed.
func (s *speaker) say(msg string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mask != nil {
		msg = string(s.mask([]byte(msg)))
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimRight(msg, "\n"), "\n") {
		b.WriteString("maskrun: " + escapeControls(line) + "\n")
	}
	_, _ = io.WriteString(s.w, b.String())
}

// escapeControls writes what could move the cursor, end the line or be read as
// a command of a CI runner as \xNN. GitHub honours ##[command] anywhere in a
// line; ::command:: only at its start, where our prefix stands. FAULTS 83.
func escapeControls(s string) string {
	s = strings.ReplaceAll(s, "##[", `#\x23[`)
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\u2028' || r == '\u2029' || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hush drops every later message: a signal is ending us, and what a cut off
// fetch has to say is no news.
func (s *speaker) hush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.w = io.Discard
}
