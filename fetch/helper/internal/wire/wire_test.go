package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/maskrun/maskrun/fetch"
)

func TestClean(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"plain", "no such file: ü — ok", "no such file: ü — ok"},
		{"a line break cannot start a workflow command", "x\r\n::add-mask::e", `x\x0d\n::add-mask::e`},
		{"colour", "\x1b[31m\u009b", `\x1b[31m\u009b`},
		{"invisible and bidirectional characters", "a\u200b\u202e\ufeff", `a\u200b\u202e\ufeff`},
		{"other line separators", "a\u2028\u0085", `a\u2028\u0085`},
		{"not utf-8", "a\xff\xc3", `a\xff\xc3`},
		{"NUL", "\x00", `\x00`},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\n\x1b\xff" + strings.Repeat("ü", 200))
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if len(got) > MaxText || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x1b\x00") {
			t.Errorf("Clean(%q) = %q", s, got)
		}
		if len(s) < 20 && Clean(got) != got {
			t.Errorf("Clean is not stable on %q", got)
		}
	})
}

// Lines gives the same however the bytes arrive.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		why, in string
		want    string // ids read, then the error
	}{
		{"two", "{\"id\":1}\n{\"id\":2}\n", "1 2 EOF at 2"},
		{"nothing", "", "EOF at 0"},
		{"blank lines and CRLF", "\n{\"id\":1}\r\n \r\n{\"id\":2}\n\n", "1 2 EOF at 5"},
		{"cut", "{\"id\":1}\n{\"id\":2}", "1 ends without a newline at 1"},
		{"not json", "{\"id\":1}\nx\n", "1 is not a json object of the protocol at 2"},
		{"a list", "[]\n", "is not a json object of the protocol at 1"},
		{"two in one line", "{\"id\":1}{\"id\":2}\n", "is not a json object of the protocol at 1"},
		{"a wrong type", "{\"id\":\"1\"}\n", "is not a json object of the protocol at 1"},
		{"a negative id", "{\"id\":-1}\n", "is not a json object of the protocol at 1"},
		{"just too long", strings.Repeat(" ", MaxLine) + "\n", "is over 2097152 bytes at 1"},
		{"no end", strings.Repeat("x", MaxLine+1), "is over 2097152 bytes at 1"},
	} {
		readers := map[string]io.Reader{"whole": strings.NewReader(c.in), "data with EOF": iotest.DataErrReader(strings.NewReader(c.in))}
		if len(c.in) < 1000 {
			readers["byte by byte"] = iotest.OneByteReader(strings.NewReader(c.in))
		}
		for how, r := range readers {
			if got := readAll(r); got != c.want {
				t.Errorf("%s, %s: %q, want %q", c.why, how, got, c.want)
			}
		}
	}
	boom := errors.New("boom")
	if got := readAll(io.MultiReader(strings.NewReader("{\"id\":1}\n{"), iotest.ErrReader(boom))); got != "1 boom at 1" {
		t.Errorf("a reader that fails: %q", got)
	}
}

func readAll(r io.Reader) string {
	l := NewLines(r)
	var got []string
	for {
		var a Answer
		if err := l.Next(&a); err != nil {
			return strings.TrimSpace(fmt.Sprintf("%s %v at %d", strings.Join(got, " "), err, l.N()))
		}
		got = append(got, fmt.Sprint(a.ID))
	}
}

// Whatever a helper writes, reading it ends without a panic, and errors show nothing of it.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"type":"document","id":1,"data":"QQ==","format":"json","expires":"2026-01-02T15:04:05Z","lease":{"id":"l","seconds":9}}` + "\n"))
	f.Add([]byte(`{"type":"document","id":1,"data":"QUJDREVGRw"}` + "\n"))
	f.Add([]byte(`{"type":"error","id":1,"kind":"denied","message":"m","retry_after":-1}` + "\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		l := NewLines(bytes.NewReader(in))
		for {
			var a Answer
			err := l.Next(&a)
			if err != nil {
				quotes(t, err, in)
				return
			}
			if d, err := a.Document(); err != nil {
				quotes(t, err, in)
			} else if len(d.Data) > MaxDocument {
				t.Error("a document over the limit")
			}
			if err := a.Err(); err == nil || err.Error() == "" {
				t.Error("an error answer without an error")
			}
		}
	})
}

// quotes fails the test if err is not one of the fixed texts.
func quotes(t *testing.T, err error, in []byte) {
	t.Helper()
	for _, fixed := range []string{"EOF", "is over", "is not a json object", "ends without", "a document", "data that is not base64", "a lease"} {
		if strings.HasPrefix(err.Error(), fixed) {
			return
		}
	}
	t.Errorf("error %q to %q", err, in)
}

func TestLine(t *testing.T) {
	if _, err := Line(map[string]any{"f": func() {}}); err == nil || strings.Contains(err.Error(), "func") {
		t.Errorf("not expressible: %v", err)
	}
	line, err := Line(Answer{Type: Error, Message: "<&>\n"})
	if want := `{"type":"error","message":"<&>\n"}` + "\n"; err != nil || string(line) != want {
		t.Errorf("got %q, want %q, error %v", line, want, err)
	}
}

// An error crosses the pipe as what it is.
func TestErrorRoundTrip(t *testing.T) {
	for _, in := range []error{
		fmt.Errorf("x: %w", fetch.ErrNotFound), fmt.Errorf("x: %w", fetch.ErrDenied), fmt.Errorf("x: %w", fetch.ErrUnavailable), errors.New("x"),
	} {
		out := FromError(1, in).Err()
		if out.Error() != in.Error() {
			t.Errorf("%v became %v", in, out)
		}
		for _, s := range []error{fetch.ErrNotFound, fetch.ErrDenied, fetch.ErrUnavailable} {
			if errors.Is(in, s) != errors.Is(out, s) {
				t.Errorf("%v: errors.Is %v is %v", in, s, errors.Is(out, s))
			}
		}
	}
	if got := (Answer{Kind: Denied}).Err(); got.Error() != "denied" || !errors.Is(got, fetch.ErrDenied) {
		t.Errorf("an error without a message: %v", got)
	}
}

// What is amiss with a store and not with a document is so at the other end too. FAULTS 94
func TestStoreWideCrosses(t *testing.T) {
	for _, c := range []struct {
		why  string
		err  error
		wide bool
	}{
		{"no address", fetch.StoreWide(errors.New("no address")), true},
		{"a login, with its kind", fetch.StoreWide(fmt.Errorf("login: %w", fetch.ErrDenied)), true},
		{"no identity, whose sentinel does not cross", fmt.Errorf("%w: %w", fetch.ErrNoIdentity, fetch.ErrDenied), true},
		{"a document", fmt.Errorf("x: %w", fetch.ErrDenied), false},
	} {
		got := FromError(1, c.err).Err()
		if fetch.IsStoreWide(got) != c.wide || errors.Is(got, fetch.ErrDenied) != errors.Is(c.err, fetch.ErrDenied) || got.Error() != c.err.Error() {
			t.Errorf("%s: %q became %q", c.why, c.err, got)
		}
	}
	later := Answer{Type: Error, Kind: Unavailable, RetryAfter: 3, Store: true}.Err()
	var after fetch.RetryAfterError
	if !errors.As(later, &after) || after.RetryAfter() != 3*time.Second {
		t.Error("when to ask again is lost")
	}
}
