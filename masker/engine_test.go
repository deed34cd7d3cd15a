package masker

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// plodding returns m without its filters: the walker alone, which looks at every byte.
func plodding(t testing.TB, m *Masker) *Masker {
	t.Helper()
	s := *m.cur.Load()
	s.filter, s.words = nil, nil
	p := &Masker{opts: m.opts}
	p.cur.Store(&s)
	return p
}

var (
	wholeSequences = []string{"\x1b[m", "\x1b[31;1m", "\x1b(B", "\x9b1m"}
	anySequences   = append([]string{"\x1b]0;", "\x1b", "\x1b[", "\x9b", "\x1b\x1b", "\x1b[\x01"}, wholeSequences...)
)

// hostileText is made of what trips a scanner that skips: pieces of values,
// control sequences, blanks, bytes of UTF-8.
func hostileText(r *rand.Rand, values, sequences []string, size int) string {
	var b strings.Builder
	for b.Len() < size {
		v := values[r.IntN(len(values))]
		switch r.IntN(12) {
		case 0, 1:
			b.WriteString(v)
		case 2, 3, 4:
			i := r.IntN(len(v))
			b.WriteString(v[i : i+r.IntN(len(v)-i+1)])
		case 5:
			b.WriteString([]string{" ", "\n", "\r\n", "  ", "\t"}[r.IntN(5)])
		case 6:
			b.WriteString(sequences[r.IntN(len(sequences))])
		case 7:
			b.WriteString([]string{"ћ", "é", "\xd1", "\xe2\x9b", "🛠"}[r.IntN(5)])
		case 8:
			for range r.IntN(30) {
				b.WriteByte("abAB01 -"[r.IntN(8)])
			}
		case 9: // a value with something inside
			i := r.IntN(len(v))
			b.WriteString(v[:i] + []string{"\x1b[1m", " ", "\n  ", "\x1b[0m\x1b[32m", "é"}[r.IntN(5)] + v[i:])
		case 10: // a value with a sequence at every byte
			for _, c := range []byte(v) {
				b.WriteString("\x1b[3m" + string(rune(c)))
			}
		default:
			b.WriteString(strings.Repeat(string(v[0]), r.IntN(20)))
		}
	}
	return b.String()[:size]
}

func hostileValues(r *rand.Rand) []string {
	alphabet := []string{"ab", "abcdefgh", "ab ", "aAbB01-\xd1\x9b", "a\x1b[m"}[r.IntN(5)]
	var l []string
	for range 1 + r.IntN(3) {
		var b strings.Builder
		for range []int{4, 6, 8, 9, 12, 16, 17, 24, 30, 60}[r.IntN(10)] {
			b.WriteByte(alphabet[r.IntN(len(alphabet))])
		}
		l = append(l, b.String())
	}
	return l
}

// The scanner that skips puts out what the walker puts out, which the
// exhaustive tests hold to the oracle; and, where the text is short, what the
// oracle says, after every write.
func TestEngines(t *testing.T) {
	for seed := range uint64(size(300, 3000, 300000)) {
		r := rand.New(rand.NewPCG(seed, 1))
		values := hostileValues(r)
		var hits [2][]Hit
		engine := func(i int) *Masker {
			o := &Options{Encodings: []string{}, Marker: "#!#", OnHit: func(h Hit) { hits[i] = append(hits[i], h) }}
			if r.IntN(4) == 0 {
				o.OnHit = nil
			}
			return newMasker(t, o, values...)
		}
		fast := engine(0)
		if set := fast.cur.Load(); set.filter != nil && r.IntN(3) == 0 {
			set.filter = newWideFilter(&set.auto.heads)
		}
		slow := plodding(t, fast)
		if fast.opts.OnHit != nil {
			slow.opts.OnHit = func(h Hit) { hits[1] = append(hits[1], h) }
		}
		in := hostileText(r, values, anySequences, 1+r.IntN(400))
		chunks := cutRandomly(r, in)
		want := stream(t, slow, chunks...)
		if got := stream(t, fast, chunks...); got != want {
			t.Fatalf("seed %d: values %q, chunks %q:\ngot  %q\nwant %q", seed, values, chunks, got, want)
		}
		if fmt.Sprint(hits[0]) != fmt.Sprint(hits[1]) {
			t.Fatalf("seed %d: values %q, chunks %q: hits %v, want %v", seed, values, chunks, hits[0], hits[1])
		}
		if len(in) < 150 {
			againstOracle(t, fast, seed, chunks)
		}
	}
}

func cutRandomly(r *rand.Rand, in string) (l []string) {
	most := []int{1, 5, 40, 1000}[r.IntN(4)]
	for len(in) > 0 {
		n := min(len(in), 1+r.IntN(most))
		l = append(l, in[:n])
		in = in[n:]
	}
	return l
}

func againstOracle(t *testing.T, m *Masker, seed uint64, chunks []string) {
	t.Helper()
	o, marker := oracleOf(m), string(m.cur.Load().marker)
	var out, in bytes.Buffer
	w := m.NewWriter(&out)
	for _, c := range chunks {
		w.Write([]byte(c))
		in.WriteString(c)
		if want := o.output(in.Bytes(), false, marker); !bytes.Equal(out.Bytes(), want) {
			t.Fatalf("seed %d: after %q: got %q, oracle %q", seed, in.Bytes(), out.Bytes(), want)
		}
	}
	w.Close()
	if want := o.output(in.Bytes(), true, marker); !bytes.Equal(out.Bytes(), want) {
		t.Fatalf("seed %d: got %q, oracle %q", seed, out.Bytes(), want)
	}
}

// FuzzEngines compares the two on whatever the fuzzer finds.
func FuzzEngines(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, values, in, cuts []byte) {
		if len(values) > 1000 || len(in) > 4000 {
			return
		}
		var l []Value
		for _, v := range fuzzSet(values) {
			l = append(l, Value{"V", v})
		}
		fast, err := New(l, &Options{Encodings: []string{"base64"}})
		if err != nil {
			return
		}
		slow := plodding(t, fast)
		var a, b bytes.Buffer
		v, w := fast.NewWriter(&a), slow.NewWriter(&b)
		for _, p := range pieces(in, cuts) {
			v.Write(p)
			w.Write(p)
			if !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Fatalf("fast %q, slow %q", a.Bytes(), b.Bytes())
			}
		}
		v.Close()
		w.Close()
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatalf("fast %q, slow %q", a.Bytes(), b.Bytes())
		}
	})
}

// A continuation byte is due only right behind the byte that announced it, also where
// the bytes between are passed over eight at a time: 9B begins a sequence here, so V1
// has not the value, and V0 has it only where nothing else interrupts it.
func TestPassedOverBytesCancelContinuations(t *testing.T) {
	v := "0123456789\xd1abcdefghijkl\x9b1mxyz-0123456789"
	m := newMasker(t, &Options{Encodings: []string{}}, v)
	o := oracleOf(m)
	for i := range v {
		in := "a " + v[:i] + "\x1b[1m" + v[i:] + " b"
		want := o.output([]byte(in), true, string(m.cur.Load().marker))
		if got := m.Mask([]byte(in)); !bytes.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// A value in up to three pieces with colours between them, behind a word in colour: whatever the
// length of each piece, the glance at them must not be too short on either side. FAULTS 18.
func TestValuesAmongWordsInColour(t *testing.T) {
	v := "Kestrel-77-vermilion-0451"
	m := newMasker(t, &Options{Encodings: []string{}}, v)
	o := oracleOf(m)
	for i := range len(v) + 1 {
		for j := i; j <= len(v); j++ {
			in := []byte("ten o'clock \x1b[34mINFO\x1b[0m k=" + v[:i] + "\x1b[1m" + v[i:j] + "\x1b[31;2m" + v[j:] + "\x1b[0m and then a word or two")
			if got, want := m.Mask(in), o.output(in, true, "***"); !bytes.Equal(got, want) {
				t.Errorf("%q: got %q, want %q", in, got, want)
			}
		}
	}
}
