package action_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/action/actiontest"
)

// A step stands for the redactor: values that contain a learned or known one are known.
type step struct {
	known   []string
	learned []string
}

func (s *step) commands() *action.Commands {
	return &action.Commands{
		Known: func(value []byte) bool {
			for _, k := range s.known {
				if bytes.Contains(value, []byte(k)) {
					return true
				}
			}
			return false
		},
		Learn: func(value []byte) { s.learned = append(s.learned, string(value)) },
	}
}

// FAULTS 80-82: what becomes of commands; whole, byte by byte, and cut everywhere.
func TestCommands(t *testing.T) {
	for _, c := range []struct{ why, in, out, learned string }{
		{"no command", "plain\ntext # with ## signs: and :: colons\n", "=", ""},
		{"a new mask is passed on and learned", "a\n::add-mask::new-value\nb\n", "=", "new-value"},
		{"a known one is dropped", "a\n::add-mask::KNOWN\nb\n", "a\nb\n", "KNOWN"},
		{"so is one with a known value in it", "::add-mask::x-KNOWN-y\nb\n", "b\n", "x-KNOWN-y"},
		{"escapes", "::add-mask::a%25b%0Ac%0Dd%250A\n", "=", "a%b\nc\rd%0A"},
		{"a known value behind an escape", "::add-mask::x%0AKNOWN\nb", "b", "x\nKNOWN"},
		{"blanks before it", " \t ::add-mask::new\n", "=", "new"},
		{"any case", "::Add-Mask::new\n", "=", "new"},
		{"properties", "::add-mask x=y::new\n", "=", "new"},
		{"the last line has no end", "::add-mask::new", "=", "new"},
		{"a known one without an end", "a\n::add-mask::KNOWN", "a\n", "KNOWN"},
		{"carriage return and line feed", "::add-mask::KNOWN\r\nb\r\n", "\nb\r\n", "KNOWN"},
		{"after a progress bar", "50%\r::add-mask::new\n", "=", "new"},
		{"not at the beginning of a line", "echo ::add-mask::KNOWN\n", "=", ""},
		{"not closed", "::add-mask KNOWN\n", "=", ""},
		{"another name", "::add-masks::KNOWN\n::add::KNOWN\n::add-mas\n:: add-mask::KNOWN\n", "=", ""},
		{"nothing to mask", "::add-mask::\n::add-mask::  \n", "=", ""},
		{"other commands pass", "::error file=a::KNOWN\n::group::x\n::set-env name=A::b\n::debug::\n", "=", ""},
		{"an old command anywhere in a line", "a ##[add-mask]new\n", "=", "new"},
		{"a known one: the rest of the line stays", "a ##[add-mask]KNOWN\nb\n", "a \nb\n", "KNOWN"},
		{"a known one alone", "##[add-mask]KNOWN\nb\n", "b\n", "KNOWN"},
		{"its escapes", "##[add-mask]a%3Bb%5Dc\n", "=", "a;b]c"},
		{"more # than needed", "####[add-mask]new\n", "=", "new"},
		{"almost an old command", "##[add]x ##add-mask]y # ## ##\n", "=", ""},
		{"commands are stopped", "::stop-commands::tok\n::add-mask::new\n::add-mask::KNOWN\n ##[add-mask]new\n::tok::\n::add-mask::later\n", "=", "later"},
		{"the token in another case", "::stop-commands::Tok\n::TOK::\n::add-mask::KNOWN\n", "::stop-commands::Tok\n::TOK::\n", "KNOWN"},
		{"the token as an old command", "::stop-commands::tok\nx ##[tok]\n::add-mask::KNOWN\n", "::stop-commands::tok\nx ##[tok]\n", "KNOWN"},
		{"a token that begins like a name", "::stop-commands::add\n::add-mask::KNOWN\n::add::\n::add-mask::KNOWN\n", "::stop-commands::add\n::add-mask::KNOWN\n::add::\n", "KNOWN"},
		{"stopped twice: the second is text", "::stop-commands::a\n::stop-commands::b\n::b::\n::add-mask::KNOWN\n", "=", ""},
		{"stopped, the last line has no end", "::stop-commands::tok", "=", ""},
		{"empty lines", "\n\n\r\n::add-mask::new\n\n", "=", "new"},
		{"only colons", ":\n::\n:::\n::::\n", "=", ""},
	} {
		want := c.out
		if want == "=" {
			want = c.in
		}
		for cut := -1; cut <= len(c.in); cut++ {
			s := &step{known: []string{"KNOWN"}}
			var out bytes.Buffer
			w := s.commands().NewWriter(&out)
			for _, part := range pieces(c.in, cut) {
				if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
					t.Fatal(n, err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(s.learned, "|"); out.String() != want || got != c.learned {
				t.Fatalf("%s (cut %d): got %q, want %q; learned %q, want %q", c.why, cut, out.String(), want, got, c.learned)
			}
		}
	}
}

// pieces cuts s at one place, or, for -1, into single bytes.
func pieces(s string, cut int) []string {
	if cut < 0 {
		return strings.Split(s, "")
	}
	return []string{s[:cut], s[cut:]}
}

// What the runner learns from the output is what was new, never the marker, and
// what it learns is what we learn.
func TestRunnerAgrees(t *testing.T) {
	in := "::add-mask::one-value\n::add-mask::KNOWN\nx ##[add-mask]two-values\n::stop-commands::t\n::add-mask::three\n::t::\n::add-mask::four%0Afive\n"
	s := &step{known: []string{"KNOWN"}}
	var out bytes.Buffer
	w := s.commands().NewWriter(&out)
	fmt.Fprint(w, in)
	w.Close()
	_, masks := actiontest.ParseCommands(out.Bytes())
	if got := strings.Join(masks, "|"); got != "one-value|two-values|four\nfive" {
		t.Errorf("the runner learns %q", got)
	}
}

// FAULTS 11: what cannot begin a command that matters is out at once.
func TestCommandsArePrompt(t *testing.T) {
	for in, want := range map[string]string{
		"Password: ": "Password: ", "  ": "  ", "a#": "a", "a##": "a", "a###": "a#", ":": "", "::e": "::e", "::add-x": "::add-x",
		"::add-mask": "", "::error::x": "::error::x", "##[e": "##[e", "\r\n ": "\r\n ",
	} {
		var out bytes.Buffer
		w := new(step).commands().NewWriter(&out)
		fmt.Fprint(w, in)
		if out.String() != want {
			t.Errorf("%q: %q is out, want %q", in, out.String(), want)
		}
	}
}

// Two streams are followed together: the runner has one state for both.
func TestStreamsShareCommands(t *testing.T) {
	s := &step{known: []string{"KNOWN"}}
	c := s.commands()
	var out, errOut bytes.Buffer
	o, e := c.NewWriter(&out), c.NewWriter(&errOut)
	fmt.Fprint(o, "::stop-commands::t\n")
	fmt.Fprint(e, "::add-mask::KNOWN\n::t::\n")
	fmt.Fprint(o, "::add-mask::KNOWN\n")
	if errOut.String() != "::add-mask::KNOWN\n::t::\n" || out.String() != "::stop-commands::t\n" {
		t.Errorf("%q, %q", out.String(), errOut.String())
	}
}

// A line without end is not held for ever, and what is held is bounded.
func TestCommandTooLong(t *testing.T) {
	var out bytes.Buffer
	s := new(step)
	w := s.commands().NewWriter(&out)
	in := "::add-mask::" + strings.Repeat("x", 2<<20)
	fmt.Fprint(w, in)
	if out.String() != in || len(s.learned) > 0 {
		t.Errorf("%d of %d bytes are out", out.Len(), len(in))
	}
}

// FAULTS 23, 24: a failing destination is told.
func TestCommandsFail(t *testing.T) {
	w := new(step).commands().NewWriter(brokenPipe{})
	if _, err := fmt.Fprint(w, "x"); err == nil {
		t.Error("no error")
	}
	if err := w.Close(); err == nil || errors.Is(err, nil) {
		t.Error("not sticky")
	}
}

// Everything but dropped masks comes out once and in order, however it is cut.
func FuzzCommands(f *testing.F) {
	f.Add([]byte("a\n::add-mask::KNOWN\n##[add-mask]x\n::stop-commands::t\n::t::\n"), uint16(7))
	f.Add([]byte("###[add-mask]KNOWN\r::add-mask::new"), uint16(3))
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		run := func(parts ...[]byte) (string, string) {
			s := &step{known: []string{"KNOWN"}}
			var out bytes.Buffer
			w := s.commands().NewWriter(&out)
			for _, p := range parts {
				w.Write(p)
			}
			w.Close()
			return out.String(), strings.Join(s.learned, "|")
		}
		whole, learned := run(in)
		at := min(int(cut), len(in))
		if got, l := run(in[:at], in[at:]); got != whole || l != learned {
			t.Fatalf("cut at %d: %q, whole: %q", at, got, whole)
		}
		if !bytes.Contains(in, []byte("KNOWN")) && whole != string(in) {
			t.Fatalf("%q became %q", in, whole)
		}
	})
}
