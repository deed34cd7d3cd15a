package detect

import (
	"math/rand/v2"
	"testing"
)

// FuzzDetect compares the stream with the definition, all rules at once. A
// blank and a byte of no word end the input, so that nothing is cut off.
func FuzzDetect(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 9))
	for _, e := range examples {
		f.Add([]byte("a "+e.make(rng)+" b"), uint64(1))
	}
	d, ref := detector(f, rules, nil), newReference(rules)
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		if len(in) > 1<<11 {
			return
		}
		in = append(in, " \x00"...)
		want := render(in, ref.mark(in))
		if got := scatter(t, d, in, seed); got != want {
			t.Fatalf("in %q\n got %q\nwant %q", in, got, want)
		}
	})
}

// FuzzCuts compares two ways to cut a text, its end included.
func FuzzCuts(f *testing.F) {
	rng := rand.New(rand.NewPCG(2, 9))
	for _, e := range examples {
		text := e.make(rng)
		f.Add([]byte(text[:len(text)/2+8]), uint64(3))
	}
	d := detector(f, rules, nil)
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		whole := cut(t, d, in, 0)
		if got := scatter(t, d, in, seed); got != whole {
			t.Fatalf("in %q\n cut %q\nwhole %q", in, got, whole)
		}
		if got := cut(t, d, in, ^uint(0)); len(in) <= 64 && got != whole {
			t.Fatalf("in %q\n bytes %q\n whole %q", in, got, whole)
		}
	})
}

// FuzzSmall is FuzzDetect with the small table, whose rules meet all the time.
func FuzzSmall(f *testing.F) {
	f.Add([]byte("ab.bab..baab.a"), uint64(1))
	d, ref := detector(f, small, nil), newReference(small)
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		if len(in) > 200 {
			return
		}
		for i := range in {
			in[i] = "ab. "[in[i]&3]
		}
		in = append(in, ' ')
		if got, want := scatter(t, d, in, seed), render(in, ref.mark(in)); got != want {
			t.Fatalf("in %q\n got %q\nwant %q", in, got, want)
		}
	})
}
