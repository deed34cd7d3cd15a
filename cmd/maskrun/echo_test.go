package main

import (
	"strings"
	"testing"

	"github.com/maskrun/maskrun/masker"
)

// FAULTS 9, 11 at a terminal: the first bytes of a value are shown when nothing
// follows, the others never; what was shown does not come twice.
func TestEcho(t *testing.T) {
	m, err := masker.New([]masker.Value{{Name: "A", Bytes: []byte("hunter2hunter2")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why  string
		in   string // written piece by piece, a pause after each |
		want string // the screen at each pause, and at the end
	}{
		{"a key that begins a value", "h|i", "h|hi"},
		{"a value typed slowly", "h|u|n|t|e|r|2|h|u|n|t|e|r|2|", "h|hu|hun|hun|hun|hun|hun|hun|hun|hun|hun|hun|hun|hun***|hun***"},
		{"a value that breaks off is the tail of itself", "h|u|n|t|x", "h|hu|hun|hun|huntx"},
		{"a value in one write, then a pause", "a hunter2hunter2 b|", "a *** b|a *** b"},
		{"half a value is no echo", "hunter2|", "|hunter2"},
		{"the cursor moves behind a beginning", "h\x1b[2;3H|\x1b[4H|x", "h\x1b[2;3H|h\x1b[2;3H\x1b[4H|h\x1b[2;3H\x1b[4Hx"},
		{"an overlap: the first is out, the second goes on", "hh|unter2hunter2", "hh|hh***"},
	} {
		t.Run(c.why, func(t *testing.T) {
			var screen strings.Builder
			l := &load{masker: m}
			s := l.echo("stdout", &screen)
			e := s.w.(*echo)
			var got []string
			for i, piece := range strings.Split(c.in, "|") {
				if i > 0 {
					e.release() // the clock, by hand
					got = append(got, screen.String())
				}
				if _, err := e.w.Write([]byte(piece)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(append(got, screen.String()), "|"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
