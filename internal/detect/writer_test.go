package detect

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A flaky writer takes room bytes and fails then.
type flaky struct {
	bytes.Buffer
	room  int
	short bool
}

var errFull = errors.New("full")

func (f *flaky) Write(p []byte) (int, error) {
	n := min(len(p), f.room)
	f.room -= n
	f.Buffer.Write(p[:n])
	if n < len(p) && !f.short {
		return n, errFull
	}
	return n, nil
}

// FAULTS 23, 24.
func TestErrorsStick(t *testing.T) {
	text := "a " + example{template: "gh|p_<A30><crc62>"}.make(rand.New(rand.NewPCG(1, 1))) + " b\n"
	for room := range len("a *** b\n") {
		for _, short := range []bool{false, true} {
			dst := &flaky{room: room, short: short}
			w := detector(t, rules, nil).NewWriter(dst)
			var err error
			for i := 0; i < len(text) && err == nil; i += 7 {
				_, err = w.Write([]byte(text[i:min(i+7, len(text))]))
			}
			want := errFull
			if short {
				want = io.ErrShortWrite
			}
			if cerr := w.Close(); !errors.Is(cerr, want) {
				t.Errorf("room %d: close says %v, want %v", room, cerr, want)
			}
			if _, werr := w.Write([]byte("x")); !errors.Is(werr, want) {
				t.Errorf("room %d: a later write says %v, want %v", room, werr, want)
			}
			if got := dst.String(); got != "a *** b\n"[:room] {
				t.Errorf("room %d: %q came out", room, got)
			}
		}
	}
}

func TestClose(t *testing.T) {
	w := detector(t, rules, nil).NewWriter(io.Discard)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("a write after close succeeds")
	}
}

func TestOptions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	text := example{template: "gh|p_<A30><crc62>"}.make(rng)
	for _, c := range []struct {
		why  string
		opts *Options
		want string
	}{
		{"nil is ready", nil, "***"},
		{"another marker", &Options{Marker: "<gone>"}, "<gone>"},
		{"the rule's name", &Options{Label: true}, "[MASKED:github-pat]"},
		{"a rule left out", &Options{Skip: []string{"github-pat"}}, text},
	} {
		d, err := New(c.opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := mask(t, d, text); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
	if _, err := New(&Options{Skip: []string{"no-such"}}); err == nil || !strings.Contains(err.Error(), "no-such") {
		t.Errorf("an unknown rule to leave out: %v", err)
	}
}

// Hits tell rule, place and line, in order, whatever the cuts.
func TestHits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	var text strings.Builder
	var want []Hit
	for i, e := range examples[:30] {
		if strings.Contains(e.template, "[") || e.rule == "gitlab-routable" && i > 0 {
			continue
		}
		text.WriteString("line\nkey ")
		want = append(want, Hit{e.rule, int64(text.Len()), int64(strings.Count(text.String(), "\n")) + 1})
		text.WriteString(e.make(rng) + " end\n")
	}
	for _, size := range []int{1, 7, 100, text.Len()} {
		var got []Hit
		d := detector(t, rules, &Options{OnHit: func(h Hit) { got = append(got, h) }})
		w := d.NewWriter(io.Discard)
		for in := range slices.Chunk([]byte(text.String()), size) {
			if _, err := w.Write(in); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		if !slices.Equal(got, want) {
			t.Errorf("cut by %d:\n got %v\nwant %v", size, got, want)
		}
	}
}

// A token split anywhere is found, and no byte of it is out before.
func TestEveryExampleEveryCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	all := detector(t, rules, nil)
	for _, e := range examples {
		text := "go: " + e.make(rng) + "\nnext\n"
		want := mask(t, all, text)
		_, alone := e.masked(rand.New(rand.NewPCG(6, 6)))
		if strings.Count(want, DefaultMarker) != 1 {
			t.Errorf("%s: %q among all rules, alone %q", e.rule, want, alone)
		}
		for at := range text {
			var out bytes.Buffer
			w := all.NewWriter(&out)
			w.Write([]byte(text[:at])) //nolint:errcheck // a bytes.Buffer does not fail
			if !strings.HasPrefix(want, out.String()) {
				t.Fatalf("%s: %q is out after %q", e.rule, out.String(), text[:at])
			}
			w.Write([]byte(text[at:])) //nolint:errcheck // a bytes.Buffer does not fail
			w.Close()
			if out.String() != want {
				t.Fatalf("%s cut at %d\n got %q\nwant %q", e.rule, at, out.String(), want)
			}
		}
	}
}

// No more is held than the longest pattern, and nothing of lines that hold no
// keyword, but for what may begin one.
func TestHoldBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	most := 0
	for _, r := range rules {
		_, n := r.Bounds()
		most = max(most, n)
	}
	var text strings.Builder
	for _, e := range examples {
		text.WriteString("key " + e.make(rng) + "\n")
	}
	text.WriteString(strings.Repeat("eyJh", 2000) + " -----BEGIN PRIV" + "ATE KEY-----" + strings.Repeat("\nA: b", 900) + strings.Repeat("a", 1<<16))
	w := detector(t, rules, nil).NewWriter(io.Discard)
	for i := range text.Len() {
		w.Write([]byte(text.String()[i : i+1])) //nolint:errcheck // io.Discard does not fail
		if held := int(w.scan.pos - w.scan.at); held > most {
			t.Fatalf("%d bytes are held, want %d at most", held, most)
		}
		if len(w.scan.live) > 16 || cap(w.scan.buf) > 4*pieceSize {
			t.Fatalf("%d candidates and %d bytes", len(w.scan.live), cap(w.scan.buf))
		}
	}
	for _, c := range []struct {
		text string
		held int
	}{
		{"compiling main.go\n", 0}, {"Password: ", 0}, {"50 %", 0}, {"done.", 1},
		{"task", 0}, {" https", 0}, {" https:", 1}, {" g", 1}, {" gh", 2}, {" ghp_abc", 7}, {" ghp_abc-", 0},
	} {
		var out bytes.Buffer
		w := detector(t, rules, nil).NewWriter(&out)
		w.Write([]byte(c.text)) //nolint:errcheck // a bytes.Buffer does not fail
		if held := len(c.text) - out.Len(); held != c.held {
			t.Errorf("%q: %d bytes are held, want %d", c.text, held, c.held)
		}
	}
}

// A token is found wherever it lies in what is scanned at once.
func TestEveryPlace(t *testing.T) {
	token := example{template: "gh|p_<A30><crc62>"}.make(rand.New(rand.NewPCG(4, 4)))
	d := detector(t, rules, nil)
	for _, edge := range []int{block, 2 * block, pieceSize} {
		for at := edge - 48; at < edge+8; at++ {
			before := strings.Repeat(" ", at)
			if got := mask(t, d, before+token+"\n"); got != before+DefaultMarker+"\n" {
				t.Errorf("not found at %d", at)
			}
		}
	}
}

// A token that runs on for ever is hidden for ever, and nothing is kept of it.
func TestEndlessToken(t *testing.T) {
	var out bytes.Buffer
	w := detector(t, rules, nil).NewWriter(&out)
	io.WriteString(w, "gh"+"r_") //nolint:errcheck // a bytes.Buffer does not fail
	chunk := bytes.Repeat([]byte("aB3"), 10000)
	for range 100 {
		w.Write(chunk) //nolint:errcheck // a bytes.Buffer does not fail
	}
	if out.String() != DefaultMarker || cap(w.scan.buf) > 4*pieceSize || len(w.scan.spans) > 1 {
		t.Errorf("%q came out, %d bytes and %d spans are kept", out.String(), cap(w.scan.buf), len(w.scan.spans))
	}
	io.WriteString(w, " end") //nolint:errcheck // a bytes.Buffer does not fail
	if w.Close(); out.String() != DefaultMarker+" end" {
		t.Errorf("%q came out", out.String())
	}
}

// FAULTS 21.
func TestConcurrent(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	var text strings.Builder
	for _, e := range examples {
		text.WriteString("key " + e.make(rng) + "\n")
	}
	d := detector(t, rules, nil)
	want := mask(t, detector(t, rules, nil), text.String())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if got := cut(t, d, []byte(text.String()), 1<<i); got != want {
				t.Error("a concurrent stream came out differently")
			}
		})
	}
	shared := d.NewWriter(io.Discard)
	for range 4 {
		wg.Go(func() { io.WriteString(shared, text.String()) }) //nolint:errcheck // io.Discard does not fail
	}
	wg.Wait()
	shared.Close()
}

// However often a rule's keyword comes, few matches are under way at a time: no
// input makes the work grow with the square of its length. FAULTS 22.
func TestFewCandidates(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	var texts []string
	for _, r := range rules {
		for _, between := range []string{"", " ", ",", ".", "=", "\n", "a ", "-----BEGIN PRIV" + "ATE KEY-----\nA: "} {
			for _, key := range r.Keys {
				texts = append(texts, strings.Repeat("0"+between+key, 100))
			}
		}
	}
	for _, e := range examples {
		text := e.make(rng)
		texts = append(texts, strings.Repeat(text[:len(text)*2/3]+" ", 20), strings.Repeat(text[:len(text)*2/3]+".", 20))
	}
	d := detector(t, rules, nil)
	for _, text := range texts {
		w := d.NewWriter(io.Discard)
		for in := range slices.Chunk([]byte(text), 64) {
			w.Write(in) //nolint:errcheck // io.Discard does not fail
			if n := len(w.scan.live); n > 32 {
				t.Fatalf("%d matches are under way in %.80q", n, text)
			}
		}
	}
}
