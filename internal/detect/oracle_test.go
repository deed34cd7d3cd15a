package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// The small table has one rule of every kind, over the letters a, b and the dot;
// a blank belongs to none of them.
var small = []Rule{
	{Name: "closed", Keys: []string{"ab"}, Pattern: `ab{1,3}(?:\.a)?`},
	{Name: "open", Keys: []string{"b."}, Pattern: `b\.a`, Tail: `a*(?:\.b+)*`},
	{Name: "group", Keys: []string{".b"}, Pattern: `\.b(a{1,2})b`, Tail: `(?:)`, Front: "ab"},
	{Name: "joined", Keys: []string{"..", ".a"}, Pattern: `\.[a.]b`, Join: "."},
	{Name: "two ways", Keys: []string{"aa"}, Pattern: `aa(?:b|[ab]b|a\.)`},
	{Name: "two other ways", Keys: []string{"bb"}, Pattern: `bb(?:[ab]b|b|\.a)`, Tail: `(?:a|ab)*`},
	{Name: "checked", Keys: []string{"ba"}, Pattern: `ba[ab]{2,3}`, Check: "even-a"},
}

// detector compiles a table for tests, with a check that no table knows.
func detector(t testing.TB, table []Rule, opts *Options) *Detector {
	t.Helper()
	d, err := build(table, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range d.keys {
		for _, r := range k.rules {
			if r.Check == "even-a" {
				r.pass = evenA
			}
		}
	}
	return d
}

func evenA(token []byte) bool { return bytes.Count(token, []byte("a"))%2 == 0 }

// A reference says what is hidden of a stream, by the definition, with package
// regexp: for every rule, from every byte, one match at most.
type reference struct {
	rules []*refRule
}

type refRule struct {
	*compiled
	begun, head, whole *regexp.Regexp
	most               int
}

func newReference(table []Rule) *reference {
	ref := &reference{}
	for i := range table {
		r := &refRule{compiled: compile(&table[i], i)}
		r.begun = regexp.MustCompile("^(?:" + r.Pattern + ")")
		r.head = regexp.MustCompile("^(?:" + r.Pattern + ")$")
		r.whole = regexp.MustCompile("^(?:" + r.Pattern + ")(?:" + r.Tail + ")$")
		_, r.most = r.Bounds()
		if r.Check == "even-a" {
			r.pass = evenA
		}
		ref.rules = append(ref.rules, r)
	}
	return ref
}

// mark returns which bytes of in are hidden, but for the rule of Close on what
// may have been cut off, which lines that end in a blank do not meet.
func (ref *reference) mark(in []byte) []bool {
	hidden := make([]bool, len(in))
	for _, r := range ref.rules {
		for i := range in {
			if r.starts(in, i) && r.begins(in[:i]) {
				r.markFrom(in, i, hidden)
			}
		}
	}
	return hidden
}

func (r *refRule) starts(in []byte, i int) bool {
	for _, key := range r.Keys {
		if bytes.HasPrefix(in[i:], []byte(key)) {
			return true
		}
	}
	return false
}

func (r *refRule) markFrom(in []byte, i int, hidden []bool) {
	if !r.begun.Match(in[i:]) {
		return
	}
	for j := i + 1; j <= len(in) && j-i <= r.most; j++ {
		token := in[i:j]
		m := r.head.FindSubmatchIndex(token)
		switch {
		case m == nil:
			continue
		case r.Tail == "" && j < len(in) && r.word.has(in[j]):
			continue
		case r.pass != nil && !r.pass(token):
			if r.Tail != "" {
				return
			}
			continue
		}
		from, to := i, j
		if len(m) >= 4 {
			from, to = i+m[2], i+m[3]
		}
		set(hidden, from, to)
		for k := len(in); k > j; k-- {
			if r.Tail != "" && r.whole.Match(in[i:k]) {
				set(hidden, j, k)
				break
			}
		}
		return
	}
}

func set(hidden []bool, from, to int) {
	for i := from; i < to; i++ {
		hidden[i] = true
	}
}

// render replaces each run of hidden bytes.
func render(in []byte, hidden []bool) string {
	var out strings.Builder
	for i, b := range in {
		switch {
		case !hidden[i]:
			out.WriteByte(b)
		case i == 0 || !hidden[i-1]:
			out.WriteString(DefaultMarker)
		}
	}
	return out.String()
}

// words calls yield for every string of 1 to n letters.
func words(letters string, n int, yield func([]byte)) {
	word := make([]byte, 0, n)
	var grow func()
	grow = func() {
		if len(word) > 0 {
			yield(word)
		}
		if len(word) == n {
			return
		}
		for _, b := range []byte(letters) {
			word = append(word, b)
			grow()
			word = word[:len(word)-1]
		}
	}
	grow()
}

// cut writes in, cut behind every byte whose bit is set.
func cut(t testing.TB, d *Detector, in []byte, mask uint) string {
	t.Helper()
	var out bytes.Buffer
	w := d.NewWriter(&out)
	from := 0
	for i := range in {
		if i+1 == len(in) || mask>>i&1 == 1 {
			if _, err := w.Write(in[from : i+1]); err != nil {
				t.Fatal(err)
			}
			from = i + 1
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Every text of up to seven letters, cut in every way, comes out as the
// definition says. FAULTS 1–5, 9, 10 for shapes.
func TestEveryTextEveryCut(t *testing.T) {
	n := 7
	if testing.Short() {
		n = 5
	}
	ref, d := newReference(small), detector(t, small, nil)
	cases := 0
	words("ab.", n, func(word []byte) {
		in := append(bytes.Clone(word), ' ')
		want := render(in, ref.mark(in))
		for mask := range uint(1) << (len(in) - 1) {
			cases++
			if got := cut(t, d, in, mask); got != want {
				t.Fatalf("%q cut %b\n got %q\nwant %q", in, mask, got, want)
			}
		}
	})
	t.Logf("%d cases", cases)
}

// Longer texts, whole and byte by byte and at every single cut.
func TestLongerTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	ref, d := newReference(small), detector(t, small, nil)
	words("ab.", 9, func(word []byte) {
		if len(word) < 9 {
			return
		}
		in := append(bytes.Clone(word), ' ')
		want := render(in, ref.mark(in))
		for _, mask := range []uint{0, ^uint(0), 1 << 4} {
			if got := cut(t, d, in, mask); got != want {
				t.Fatalf("%q cut %b\n got %q\nwant %q", in, mask, got, want)
			}
		}
	})
}

// What is held is what the definition leaves open: the first byte that one
// continuation hides and another does not; not a byte more is out, and with one
// rule without context not a byte less.
func TestHoldIsExact(t *testing.T) {
	tables := [][]Rule{small}
	for i := range small {
		tables = append(tables, small[i:i+1])
	}
	for _, table := range tables {
		t.Run(fmt.Sprint(len(table), table[0].Name), func(t *testing.T) { holdIsExact(t, table) })
	}
}

func holdIsExact(t *testing.T, table []Rule) {
	ref, d := newReference(table), detector(t, table, nil)
	exact := len(table) == 1 && table[0].Name != "group" && table[0].Check == ""
	words("ab.", 4, func(word []byte) {
		in := bytes.Clone(word)
		var out bytes.Buffer
		w := d.NewWriter(&out)
		if _, err := w.Write(in); err != nil {
			t.Fatal(err)
		}
		open := ref.firstOpen(in, 5)
		if at := int(w.scan.at); at > open || exact && at < open {
			t.Fatalf("after %q: %d bytes are out, %d are settled", in, at, open)
		}
	})
}

// firstOpen returns the first byte of in that some continuation hides and some
// does not.
func (ref *reference) firstOpen(in []byte, more int) int {
	first := ref.mark(append(bytes.Clone(in), ' '))
	open := len(in)
	words("ab.", more, func(rest []byte) {
		other := ref.mark(append(append(bytes.Clone(in), rest...), ' '))
		for i := range open {
			if other[i] != first[i] {
				open = i
				return
			}
		}
	})
	return open
}

// scatter writes in, cut at random.
func scatter(t testing.TB, d *Detector, in []byte, seed uint64) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	var out bytes.Buffer
	w := d.NewWriter(&out)
	for len(in) > 0 {
		n := 1 + rng.IntN(min(len(in), 1<<rng.IntN(12)))
		if _, err := w.Write(in[:n]); err != nil {
			t.Fatal(err)
		}
		in = in[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Texts spliced from pieces of tokens, keywords and what stands between them
// come out as the definition says, with all rules at once.
func TestSplices(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 60
	}
	rng := rand.New(rand.NewPCG(10, 10))
	d, ref := detector(t, rules, nil), newReference(rules)
	between := strings.Split("\n|\r\n| | |.|-|_|/|:|@|=|\\n|\\u003d|%3D|\x1b[1m|\x00|://|A|7|", "|")
	for range n {
		var in []byte
		for range 1 + rng.IntN(8) {
			e := examples[rng.IntN(len(examples))]
			text := e.make(rng)
			from, to := 0, len(text)
			if rng.IntN(2) == 0 {
				to = rng.IntN(len(text) + 1)
			}
			if rng.IntN(4) == 0 {
				from = rng.IntN(to + 1)
			}
			in = append(append(in, text[from:to]...), between[rng.IntN(len(between))]...)
		}
		in = append(in, " \x00"...)
		want := render(in, ref.mark(in))
		if got := scatter(t, d, in, rng.Uint64()); got != want {
			t.Fatalf("in %q\n got %q\nwant %q", in, got, want)
		}
	}
}
