package masker

import (
	"bytes"
	"testing"
)

// fuzzSet makes values and a stream from fuzzed bytes: FF separates.
func fuzzSet(values []byte) [][]byte {
	l := bytes.Split(values, []byte{0xff})
	return l[:min(len(l), 4)]
}

// pieces cuts in where the bytes of cuts, taken round and round, say.
func pieces(in, cuts []byte) (l [][]byte) {
	for i := 0; len(in) > 0; i++ {
		n := len(in)
		if len(cuts) > 0 {
			n = min(n, 1+int(cuts[i%len(cuts)])%40)
		}
		l = append(l, in[:n])
		in = in[n:]
	}
	return l
}

func seed(f *testing.F) {
	for _, c := range [][3]string{
		{"aab", "aaab", "\x01\x00"},
		{"abcabcabd-7\xffabcabc", "abcabcabcabd-7 x", "\x03"},
		{"0123456789abcdefghijklmnopqrstuv", "x 0123456789ab\n  cdefghijkl\r\nmnopqrstuv y", "\x05\x01"},
		{"0123456789abcdefghijklmnopqrstuv", "0123\n456789abcdefghijklmnop\x1b[31mqrstuv", "\x02"},
		{"pass", "pass \x1b[1mpass\x1b[0m bypass pass", "\x01"},
		{"first-line-number-1\nsecond-line-number-2", "k: first-line-number-1\r\r\nsecond-line-number-2", ""},
		{`{"token": "abcdefgh-0123"}`, `"abcdefgh-0123" {"token": "abcdefgh-0123"}`, "\x07"},
		{"\xd1\x9bab\x9b31mcd", "\xd1\x9ba\x9b0mb\x9b31mcd", "\x01"},
	} {
		f.Add([]byte(c[0]), []byte(c[1]), []byte(c[2]))
	}
}

// FuzzOracle compares the output, after every write and at the end, with the
// oracle's, for values with all their forms.
func FuzzOracle(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, values, in, cuts []byte) {
		if len(values) > 100 || len(in) > 160 {
			return // the oracle is slow
		}
		var l []Value
		for _, v := range fuzzSet(values) {
			l = append(l, Value{"V", v})
		}
		m, err := New(l, &Options{Encodings: []string{"base64", "shell"}})
		if err != nil {
			return // no marker is left
		}
		marker := string(m.cur.Load().marker)
		o := oracleOf(m)
		var out bytes.Buffer
		w := m.NewWriter(&out)
		at, every := 0, 1+len(in)/16
		for i, p := range pieces(in, cuts) {
			w.Write(p)
			if at += len(p); i%every != 0 {
				continue
			}
			if want := o.output(in[:at], false, marker); !bytes.Equal(out.Bytes(), want) {
				t.Fatalf("after %d bytes: got %q, want %q", at, out.Bytes(), want)
			}
		}
		w.Close()
		if want := o.output(in, true, marker); !bytes.Equal(out.Bytes(), want) {
			t.Fatalf("got %q, want %q", out.Bytes(), want)
		}
	})
}

// FuzzCuts compares the output and the hits of one write with those of many, on
// inputs too long for the oracle, values added in the middle included.
func FuzzCuts(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, values, in, cuts []byte) {
		sets := fuzzSet(values)
		run := func(cuts []byte) ([]byte, []Hit) {
			var hits []Hit
			var out bytes.Buffer
			m, err := New([]Value{{"V", sets[0]}}, &Options{OnHit: func(h Hit) { hits = append(hits, h) }})
			if err != nil {
				return nil, nil
			}
			w := m.NewWriter(&out)
			half := len(in) / 2
			for _, p := range pieces(in[:half], cuts) {
				w.Write(p)
			}
			for _, v := range sets[1:] {
				m.Add(Value{"W", v})
			}
			for _, p := range pieces(in[half:], cuts) {
				w.Write(p)
			}
			w.Close()
			return out.Bytes(), hits
		}
		whole, wholeHits := run(nil)
		cut, cutHits := run(cuts)
		if !bytes.Equal(whole, cut) {
			t.Fatalf("whole %q, cut %q", whole, cut)
		}
		if len(wholeHits) != len(cutHits) {
			t.Fatalf("whole %v, cut %v", wholeHits, cutHits)
		}
		for i := range wholeHits {
			if wholeHits[i] != cutHits[i] {
				t.Fatalf("hit %d: whole %v, cut %v", i, wholeHits[i], cutHits[i])
			}
		}
	})
}
