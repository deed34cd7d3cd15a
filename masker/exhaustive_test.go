package masker

import (
	"bytes"
	"fmt"
	"os"
	"testing"
)

// full asks for the whole of the exhaustive tests:
//
//	MASKRUN_EXHAUSTIVE=full go test ./masker -run Exhaustive -timeout 30m
func full() bool { return os.Getenv("MASKRUN_EXHAUSTIVE") == "full" }

// size chooses how much a test does: with -short (as under the race detector), in
// the ordinary run, and in the full one.
func size(short, ordinary, whole int) int {
	switch {
	case full():
		return whole
	case testing.Short():
		return short
	}
	return ordinary
}

// allStrings returns the strings over alphabet of lengths from..to symbols.
func allStrings(alphabet []string, from, to int) []string {
	level := []string{""}
	var all []string
	for n := 1; n <= to; n++ {
		var next []string
		for _, s := range level {
			for _, a := range alphabet {
				next = append(next, s+a)
			}
		}
		if level = next; n >= from {
			all = append(all, level...)
		}
	}
	return all
}

// pairs returns all sets of one or two values.
func pairs(values []string) [][]string {
	var sets [][]string
	for i, v := range values {
		sets = append(sets, []string{v})
		for _, w := range values[i+1:] {
			sets = append(sets, []string{v, w})
		}
	}
	return sets
}

func maskerFor(t testing.TB, sc scale, short ShortPolicy, values ...string) *Masker {
	t.Helper()
	var l []Value
	for _, v := range values {
		l = append(l, Value{Name: "V", Bytes: []byte(v)})
	}
	m := &Masker{opts: Options{Short: short, Encodings: []string{}, Marker: "*"}}
	s, err := compile(l, &m.opts, sc)
	if err != nil {
		t.Fatal(err)
	}
	m.cur.Store(s)
	return m
}

// bench is a Writer that is used again and again.
type bench struct {
	w   *Writer
	out bytes.Buffer
}

func newBench(m *Masker) *bench {
	b := &bench{}
	b.w = m.NewWriter(&b.out)
	return b
}

func (b *bench) reset() {
	w := b.w
	b.out.Reset()
	w.found.spans, w.found.hits, w.held = w.found.spans[:0], nil, w.held[:0]
	w.at, w.base, w.open, w.closed, w.err = 0, context{}, false, false, nil
	w.start(w.m.cur.Load())
}

// expected is what the oracle says of every prefix of an input.
type expected struct {
	after [][]byte // on the destination after that many bytes
	final []byte
}

func (o oracle) expect(in string, marker string) expected {
	e := expected{final: o.output([]byte(in), true, marker)}
	for n := range len(in) + 1 {
		e.after = append(e.after, o.output([]byte(in[:n]), false, marker))
	}
	return e
}

// check writes in, cut behind byte i wherever bit i of cuts is set, and compares
// the destination with the oracle after every write.
func (b *bench) check(t *testing.T, values []string, in string, cuts uint64, e expected) {
	b.reset()
	from := 0
	for n := 1; n <= len(in); n++ {
		if cuts>>(n-1)&1 == 0 && n < len(in) {
			continue
		}
		b.w.Write([]byte(in[from:n]))
		from = n
		if !bytes.Equal(b.out.Bytes(), e.after[n]) {
			t.Fatalf("values %q, input %q, cuts %b: after %d bytes got %q, want %q", values, in, cuts, n, b.out.Bytes(), e.after[n])
		}
	}
	b.w.Close()
	if !bytes.Equal(b.out.Bytes(), e.final) {
		t.Fatalf("values %q, input %q, cuts %b: got %q, want %q", values, in, cuts, b.out.Bytes(), e.final)
	}
}

// The first gate: all sets of one or two values of one to four letters over
// {a, b}, all inputs of up to eight letters, every way to cut them: 20,315,850
// cases. Inputs of up to six letters in the ordinary run. FAULTS 1–6.
func TestExhaustiveLetters(t *testing.T) {
	t.Parallel()
	longest := size(4, 6, 8)
	letters := []string{"a", "b"}
	inputs := allStrings(letters, 1, longest)
	cases := 0
	for _, values := range pairs(allStrings(letters, 1, 4)) {
		m := maskerFor(t, realScale, ShortMask, values...)
		o, b := oracleOf(m), newBench(m)
		for _, in := range inputs {
			e := o.expect(in, "*")
			for cuts := range uint64(1) << (len(in) - 1) {
				b.check(t, values, in, cuts, e)
				cases++
			}
		}
	}
	t.Logf("%d cases", cases)
	if want := 20315850; full() && cases != want {
		t.Errorf("%d cases, want %d", cases, want)
	}
}

// The second gate: blanks and control sequences, with the lengths of the rules
// reduced so that short inputs reach them: the first 2 bytes may not be cut by
// a blank, forms count without blanks from 3 bytes on and without their head from 5.
var smallScale = scale{head: 2, flat: 3, flatTail: 5, tail: 3, slack: 1 << 10}

func TestExhaustiveViews(t *testing.T) {
	t.Parallel()
	longest := size(3, 4, 6)
	values := pairs(allStrings([]string{"a", "b"}, 2, 3))
	if full() {
		values = pairs(allStrings([]string{"a", "b"}, 1, 4))
	}
	for _, v := range allStrings([]string{"a", "b"}, 5, 6) {
		values = append(values, []string{v}, []string{v, "ab"})
	}
	for _, v := range []string{"a b", "ab a", "a ba b", "a b ab", "a\x1b[mb", "\x1bab", "ab\x1b["} {
		values = append(values, []string{v}, []string{v, "ba"})
	}
	inputs := allStrings([]string{"a", "b", " ", "\x1b[m"}, 1, longest)
	const shares = 4
	for share := range shares {
		t.Run(fmt.Sprint(share+1, " of ", shares), func(t *testing.T) {
			t.Parallel()
			cases := 0
			for i := share; i < len(values); i += shares {
				cases += wholeAndCutOnce(t, values[i], inputs)
			}
			t.Logf("%d cases", cases)
		})
	}
}

// wholeAndCutOnce checks each input in one write, byte by byte, and in two writes. It returns how
// many cases that were.
func wholeAndCutOnce(t *testing.T, values, inputs []string) (cases int) {
	t.Helper()
	m := maskerFor(t, smallScale, ShortMask, values...)
	o, b := oracleOf(m), newBench(m)
	for _, in := range inputs {
		e := o.expect(in, "*")
		b.check(t, values, in, 0, e)
		b.check(t, values, in, ^uint64(0), e)
		for cut := range len(in) - 1 {
			b.check(t, values, in, 1<<cut, e)
		}
		cases += len(in) + 1
	}
	return cases
}

// Malformed and nested sequences, ends of sequences that are letters of values,
// and UTF-8 around 9B, against the oracle's own machine.
func TestExhaustiveSequences(t *testing.T) {
	t.Parallel()
	longest := size(4, 5, 7)
	inputs := allStrings([]string{"a", "b", "\x1b", "[", "\x9b", "\xd1"}, 1, longest)
	for _, vs := range [][]string{{"ab"}, {"aab", "b[a"}, {"a\x9bb"}, {"\xd1\x9b", "ba"}, {"abab"}} {
		wholeAndByByte(t, ShortMask, vs, inputs)
	}
}

// Values between word boundaries: letters, a blank and a colour code.
func TestExhaustiveWords(t *testing.T) {
	t.Parallel()
	inputs := allStrings([]string{"abba", "ab", "-", " ", "\x1b[1m"}, 1, size(3, 5, 6))
	for _, vs := range [][]string{{"abba"}, {"ab-ab", "abab"}, {"-ab-"}, {"abba", "abbaab"}, {"----"}, {"ab-abba"}, {"abba", "abba-abbaab"}} {
		wholeAndByByte(t, ShortBoundary, vs, inputs)
	}
}

// wholeAndByByte checks each input in one write and byte by byte.
func wholeAndByByte(t *testing.T, short ShortPolicy, values, inputs []string) {
	t.Helper()
	m := maskerFor(t, smallScale, short, values...)
	o, b := oracleOf(m), newBench(m)
	for _, in := range inputs {
		e := o.expect(in, "*")
		b.check(t, values, in, 0, e)
		b.check(t, values, in, ^uint64(0), e)
	}
}
