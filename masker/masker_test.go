package masker

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

// streamAll returns in as it comes out whole, byte by byte, and cut at every
// position, after checking that it is the same each time.
func streamAll(t *testing.T, m *Masker, in string) string {
	t.Helper()
	whole := stream(t, m, in)
	if got := stream(t, m, strings.Split(in, "")...); len(in) > 0 && got != whole {
		t.Fatalf("byte by byte: got %q, whole %q", got, whole)
	}
	for cut := range len(in) {
		if got := stream(t, m, in[:cut], in[cut:]); got != whole {
			t.Fatalf("cut at %d: got %q, whole %q", cut, got, whole)
		}
	}
	return whole
}

func stream(t *testing.T, m *Masker, chunks ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := m.NewWriter(&out)
	for _, c := range chunks {
		if n, err := w.Write([]byte(c)); n != len(c) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func newMasker(t testing.TB, o *Options, values ...string) *Masker {
	t.Helper()
	var l []Value
	for i, v := range values {
		l = append(l, Value{fmt.Sprint("V", i), []byte(v)})
	}
	m, err := New(l, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMask(t *testing.T) {
	every := &Options{Short: ShortMask}
	long := strings.Repeat("0123456789abcdef", 256)
	for _, c := range []struct {
		why      string
		opts     *Options
		values   []string
		in, want string
	}{
		{"FAULTS 1: restarting at the first byte after a mismatch loses it", every, []string{"aab"}, "aaab", "a***"},
		{"FAULTS 2: the tail of one try is the head of the next", nil, []string{"secret11secret22"}, "secret11secret11secret22", "secret11***"},
		{"FAULTS 3: the shorter one must not print the rest of the longer", nil, []string{"passphrase", "passphrase-2"}, "passphrase-2", "***"},
		{"FAULTS 4: overlapping values are one run", every, []string{"abcd", "cdef"}, "abcdef", "***"},
		{"FAULTS 4: a chain of a thousand overlaps", every, []string{"ab", "ba"}, "x" + strings.Repeat("ab", 1000) + "y", "x***y"},
		{"FAULTS 5: a value that overlaps itself", every, []string{"abcabc"}, "abcabcabc", "***"},
		{"FAULTS 6: the longer one fails after 4 KB", every, []string{"qz", "qz" + long + "X"}, "-qz" + long + "Y", "-***" + long + "Y"},
		{"touching occurrences are one run", nil, []string{"hunter2hunter2"}, "hunter2hunter2hunter2hunter2", "***"},
		{"FAULTS 10: the smaller part of a value at the end is no value", nil, []string{"Kestrel-77-vermilion"}, "see Kestrel-7", "see Kestrel-7"},
		{"a killed process has printed most of a value", nil, []string{"Kestrel-77-vermilion"}, "see Kestrel-77-verm", "see ***"},
		{"a truncated tail ends at its last byte: the line end stays", nil, []string{"Kestrel-77-vermilion"}, "see Kestrel-77-verm\n", "see ***\n"},
		{"FAULTS 14: NUL, FF and broken UTF-8 are bytes", nil, []string{"\x00\xff\xc3(\x80zz9"}, "a\x00\xff\xc3(\x80zz9\xe2\x82", "a***\xe2\x82"},
		{"FAULTS 15: CRCRLF inside a value of lines", nil, []string{"first-line-1\nsecond-line-2"}, "first-line-1\r\r\n  second-line-2\n", "***\n"},
		{"FAULTS 16: base64 wrapped", nil, []string{"A rather long secret value, number 1234567890"}, "QSByYXRoZXIgbG9uZyBzZWNyZXQg\ndmFsdWUsIG51bWJlciAxMjM0NTY3ODkw\n", "***\n"},
		{"FAULTS 18: a colour inside", nil, []string{"Kestrel-77"}, "Kes\x1b[31mtrel\x1b[0m-77\x1b[0m", "***\x1b[0m"},
		{"a word boundary: four to seven bytes", nil, []string{"pass"}, "pass passport bypass pass_ (pass)", "*** passport bypass pass_ (***)"},
		{"a word boundary behind a colour code, whose end is a letter", nil, []string{"pass"}, "\x1b[1mpass\x1b[0m", "\x1b[1m***\x1b[0m"},
		{"a stop-listed word is left alone", nil, []string{"localhost"}, "http://localhost/", "http://localhost/"},
		{"blanks around a value are not part of it where they are missing", nil, []string{"  Kestrel-77 \n"}, "[Kestrel-77]", "[***]"},
		{"a quoted value without its quotes", nil, []string{`"Kestrel-77"`}, `Kestrel-77 "Kestrel-77"`, "*** ***"},
		{"an indented key: the first 8 bytes are whole, the rest is wrapped", nil, []string{"0123456789abcdefghijkl"}, "k: 01234567\n   89abcdefghi\n   jkl\n", "k: ***\n"},
		{"the cut falls in the first 8 bytes: the rest is hidden still", nil, []string{"0123456789abcdefghijklmnop"}, "0123\n456789abcdefghijklmnop\n", "0123\n4567***\n"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got := streamAll(t, newMasker(t, c.opts, c.values...), c.in); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// FAULTS 7, 8, 82: the marker neither shows nor completes a form, and is never
// looked at again.
func TestMarker(t *testing.T) {
	for _, c := range []struct {
		why    string
		opts   Options
		values []string
		want   string
	}{
		{"no conflict", Options{}, []string{"Kestrel-77"}, "***"},
		{"chosen", Options{Marker: "<gone>"}, []string{"Kestrel-77"}, "<gone>"},
		{"equal to a value", Options{Short: ShortMask}, []string{"***"}, "<masked>"},
		{"inside a value", Options{}, []string{"pre***post"}, "<masked>"},
		{"a value inside it", Options{Short: ShortMask}, []string{"*", "a", "d"}, "+++"},
		{"it and what follows would show a value", Options{}, []string{"**tail-of-it"}, "<masked>"},
		{"what stands before and it would show a value", Options{}, []string{"head-of-it*"}, "<masked>"},
		{"the chosen one shows a value", Options{Marker: "my Kestrel-77 x"}, []string{"Kestrel-77"}, "***"},
	} {
		t.Run(c.why, func(t *testing.T) {
			m := newMasker(t, &c.opts, c.values...)
			if got := stream(t, m, "<", c.values[0], ">"); got != "<"+c.want+">" {
				t.Errorf("got %q, want marker %q", got, c.want)
			}
		})
	}
	all := &Options{Short: ShortMask}
	var bytes []Value
	for b := range 256 {
		bytes = append(bytes, Value{"B", []byte{byte(b)}})
	}
	if _, err := New(bytes, all); !errors.Is(err, errNoMarker) {
		t.Errorf("every byte is a value: got %v", err)
	}
}

func TestLabel(t *testing.T) {
	m, err := New([]Value{{"TOKEN", []byte("Kestrel-77")}, {"a:b\n", []byte("Kestrel-77-vermilion")}}, &Options{Label: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := streamAll(t, m, "Kestrel-77 Kestrel-77-vermilion"), "[MASKED:TOKEN] [MASKED:a_b_]"; got != want {
		t.Errorf("got %q, want %q: the longest form that opens the run names it", got, want)
	}
}

// FAULTS 12: what is not looked for is told by name.
func TestSkipped(t *testing.T) {
	values := []Value{{"EMPTY", nil}, {"BLANK", []byte(" \r\n")}, {"TWO", []byte("ab")}, {"FLAG", []byte("TRUE")}, {"GOOD", []byte("Kestrel-77")}}
	m, err := New(values, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Skip{{"EMPTY", "", reasonEmpty}, {"BLANK", "", reasonEmpty}, {"TWO", "", reasonShort}, {"FLAG", "", reasonCommon}}
	if got := m.Skipped(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	_, err = New(values, &Options{Short: ShortError})
	if err == nil || !strings.Contains(err.Error(), "FLAG (too common a word)") || strings.Contains(err.Error(), "ab)") {
		t.Errorf("ShortError: %v", err)
	}
	if _, err := New(nil, &Options{Encodings: []string{"base65"}}); err == nil {
		t.Error("an unknown group of encodings is accepted")
	}
}

func TestForms(t *testing.T) {
	m, err := New([]Value{{"A", []byte("Kestrel-77/x")}, {"B", []byte("pass")}, {"C", []byte("Kestrel-77/x")}}, &Options{Encodings: []string{"hex", "percent"}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, f := range m.Forms() {
		got[f.Name+"/"+f.Encoding] = f.Forms
	}
	if got["A/"] != 1 || got["A/hex"] != 2 || got["A/percent"] < 1 || got["B/"] != 1 || got["C/"] != 0 {
		t.Errorf("got %v", got)
	}
}

// FAULTS 20: values added while a match is under way, and while bytes are held.
func TestAdd(t *testing.T) {
	for _, c := range []struct {
		why      string
		old, new string
		chunks   [2]string
		want     string
	}{
		{"a match under way survives", "Kestrel-77", "other-value", [2]string{"a Kestr", "el-77 other-value"}, "a *** ***"},
		{"the new value begins in held bytes", "Kestrel-77", "strel-99-x", [2]string{"a Kestr", "el-99-x b"}, "a Ke*** b"},
		{"found and held: hidden by the old, held by the prefix of another", "abcdefgh", "efghijklmnop", [2]string{"-abcdefgh", "ijklmnop-"}, "-***ijklmnop-"},
		{"what is out is out", "Kestrel-77", "zz-token-1", [2]string{"zz-tok", "en-1 zz-token-1"}, "zz-token-1 ***"},
	} {
		t.Run(c.why, func(t *testing.T) {
			m := newMasker(t, nil, c.old)
			var out bytes.Buffer
			w := m.NewWriter(&out)
			io.WriteString(w, c.chunks[0])
			if err := m.Add(Value{"NEW", []byte(c.new)}); err != nil {
				t.Fatal(err)
			}
			io.WriteString(w, c.chunks[1])
			w.Close()
			if out.String() != c.want {
				t.Errorf("got %q, want %q", out.String(), c.want)
			}
		})
	}
	m := newMasker(t, &Options{Short: ShortError}, "Kestrel-77")
	if m.Add(Value{"X", []byte("no")}) == nil || len(m.cur.Load().values) != 1 {
		t.Error("a refused Add changed the set")
	}
}

// The terminal's state at the first held byte is kept: after Add the machine
// must not take the rest of a control sequence for text.
func TestAddInsideSequence(t *testing.T) {
	m := newMasker(t, nil, "[31mKestrel", "Kestrel-77")
	var out bytes.Buffer
	w := m.NewWriter(&out)
	io.WriteString(w, "x\x1b[31m") // "[31m" is held: it may begin the first value
	m.Add(Value{"NEW", []byte("xyzzy-plugh")})
	io.WriteString(w, "Kes\x1b[0mtrel-77.")
	w.Close()
	if got, want := out.String(), "x\x1b[31m***."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestHits(t *testing.T) {
	var got []Hit
	o := &Options{OnHit: func(h Hit) { got = append(got, h) }}
	m := newMasker(t, o, "Kestrel-77\n", "trel-77-other")
	in := "one\ntwo Kestrel-77-other\nS2VzdHJlbC03Nwo= Kes\x1b[mtrel-77"
	for _, chunks := range [][]string{{in}, strings.Split(in, "")} {
		got = nil
		stream(t, m, chunks...)
		want := []Hit{
			{"V0", "", 8, 2, ""},
			{"V1", "", 11, 2, ""},
			{"V0", "base64", 25, 3, ""},
			{"V0", "", 42, 3, ""},
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d chunks: got %+v, want %+v", len(chunks), got, want)
		}
	}
}

// With KeepLines the lines of the output are those of the input, however it is cut.
func TestKeepLines(t *testing.T) {
	m := newMasker(t, &Options{KeepLines: true}, "Kestrel-77-secret\n", "first-line-of-2\r\nother-line-of-2")
	for in, want := range map[string]string{
		"a Kestrel-77-secret\n::b":                      "a ***\n::b",
		"a Kestrel-77-secret\r\n::b":                    "a ***\r\n::b",
		"first-line-of-2\nother-line-of-2::b\n":         "***\n***::b\n",
		"Kestrel-\n  77-secret.":                        "***\n***.",
		"Kestrel-77-secretKestrel-77-secret\n\nKestrel": "***\n\nKestrel",
		"\nKestrel-77-secret":                           "\n***",
	} {
		for cut := range len(in) + 1 {
			if got := stream(t, m, in[:cut], in[cut:]); got != want {
				t.Errorf("%q cut at %d: got %q, want %q", in, cut, got, want)
			}
		}
		if got := stream(t, m, strings.Split(in, "")...); got != want {
			t.Errorf("%q byte by byte: got %q, want %q", in, got, want)
		}
	}
}

// A stream's hits carry its name.
func TestStreamNames(t *testing.T) {
	var got []string
	m := newMasker(t, &Options{OnHit: func(h Hit) { got = append(got, h.Stream) }}, "Kestrel-77")
	for _, w := range []*Writer{m.NewStream("stdout", io.Discard), m.NewStream("stderr", io.Discard), m.NewWriter(io.Discard)} {
		io.WriteString(w, "Kestrel-77\n")
	}
	if want := []string{"stdout", "stderr", ""}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// FAULTS 11: what cannot begin a form is out before Write returns.
func TestPrompt(t *testing.T) {
	m := newMasker(t, nil, "Password-1234", "pass")
	var out bytes.Buffer
	w := m.NewWriter(&out)
	for _, c := range []struct{ write, out, why string }{
		{"Password: ", "Password: ", "the colon ends the match"},
		{"Pass", "", "all of it may begin the value"},
		{"ion\r", "Passion\r", "no longer"},
		{"\x1b[3", "\x1b[3", "half a sequence with nothing before it holds nothing"},
		{"1m", "1m", ""},
		{" pass", " ", "the word may go on"},
		{"\x1b[0m", "", "still"},
		{"es", "***\x1b[0mes", "it does, but in the raw view the sequence has ended it"},
		{" 12345678Password-1 ", " 12345678Password-1 ", "a blank ends it: the value has none, and is under 16 bytes"},
	} {
		out.Reset()
		io.WriteString(w, c.write)
		if out.String() != c.out {
			t.Errorf("after %q: got %q, want %q: %s", c.write, out.String(), c.out, c.why)
		}
	}
}

// FAULTS 23, 24, 31: a destination that fails at byte k has received the first k
// masked bytes, and never another.
func TestFailingDestination(t *testing.T) {
	m := newMasker(t, nil, "Kestrel-77")
	in := strings.Repeat("text Kestrel-77 text\n", 20)
	whole := stream(t, m, in)
	for k := range len(whole) {
		var out bytes.Buffer
		dst := &limited{w: &out, left: k}
		w := m.NewWriter(dst)
		var err error
		for _, line := range strings.SplitAfter(in, "\n") {
			if _, e := io.WriteString(w, line); err == nil {
				err = e
			}
		}
		if e := w.Close(); !errors.Is(e, errFull) || err != nil && !errors.Is(err, errFull) {
			t.Fatalf("k=%d: Write %v, Close %v", k, err, e)
		}
		if out.String() != whole[:k] {
			t.Fatalf("k=%d: got %q", k, out.String())
		}
	}
	w := m.NewWriter(iotest.TruncateWriter(io.Discard, 3))
	if _, err := io.WriteString(w, "more than three"); err != nil {
		t.Errorf("TruncateWriter reports success: %v", err)
	}
	w = m.NewWriter(shortWriter{})
	if n, err := io.WriteString(w, "abc"); n != 0 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("a short write: %d, %v", n, err)
	}
	if _, err := io.WriteString(w, "abc"); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("the error does not stick: %v", err)
	}
}

var errFull = errors.New("full")

type limited struct {
	w    io.Writer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) <= l.left {
		l.left -= len(p)
		return l.w.Write(p)
	}
	n, _ := l.w.Write(p[:l.left])
	l.left = 0
	return n, errFull
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestClosed(t *testing.T) {
	w := newMasker(t, nil, "Kestrel-77").NewWriter(io.Discard)
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Error(err)
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("Write after Close succeeds")
	}
}

// FAULTS 21: many writers, one Masker, values coming in.
func TestConcurrency(t *testing.T) {
	m := newMasker(t, nil, "Kestrel-77")
	var shared bytes.Buffer
	one := m.NewWriter(&shared)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			var out bytes.Buffer
			w := m.NewWriter(&out)
			for range 100 {
				io.WriteString(w, "a Kestrel")
				io.WriteString(w, "-77 b\n")
				fmt.Fprintf(one, "<%d Kestrel-77 %d>\n", i, i)
			}
			w.Close()
			if want := strings.Repeat("a *** b\n", 100); out.String() != want {
				t.Errorf("writer %d: got %q", i, out.String())
			}
		})
	}
	for i := range 8 {
		m.Add(Value{"N", fmt.Appendf(nil, "another-value-%d", i)})
	}
	wg.Wait()
	one.Close()
	for _, line := range strings.Split(strings.TrimSpace(shared.String()), "\n") {
		var a, b int
		if _, err := fmt.Sscanf(line, "<%d *** %d>", &a, &b); err != nil || a != b {
			t.Fatalf("interleaved: %q", line)
		}
	}
}

// FAULTS 33, and the memory promise: a flood of blanks, of escapes or of an
// endless sequence inside a form holds no more than twice the form and 64 KiB.
func TestFloods(t *testing.T) {
	value := "0123456789abcdefghijklmnopqrstuvwxyz"
	m := newMasker(t, nil, value, "word")
	for _, flood := range []string{" ", "\n", "\x1b[m", "\x1b"} {
		for _, head := range []string{value[:20], "word", "wor"} {
			var out counter
			w := m.NewWriter(&out)
			io.WriteString(w, "x "+head)
			piece := strings.Repeat(flood, 1024)
			most, total := 0, 2+len(head)
			for range 400 {
				io.WriteString(w, piece)
				total += len(piece)
				most = max(most, total-out.n)
			}
			if limit := 2*len(value)*9 + 256 + 64<<10 + 4*len(value)*4; most > limit {
				t.Errorf("flood of %q in %q: %d bytes held, limit %d", flood, head, most, limit)
			}
			w.Close()
		}
	}
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) { c.n += len(p); return len(p), nil }
