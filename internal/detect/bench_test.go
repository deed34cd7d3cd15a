package detect

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFirstToken(b *testing.B) { // New and the first token of a job
	text := []byte("token: " + "gh" + "p_" + "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17\n")
	for b.Loop() {
		d, _ := New(nil)
		w := d.NewWriter(io.Discard)
		w.Write(text)
		w.Close()
	}
}

func BenchmarkWrite(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	log := ordinary(rng, 1<<20)
	var tokens strings.Builder
	for i := 0; tokens.Len() < 1<<20; i++ {
		tokens.WriteString(examples[i%len(examples)].make(rng))
		tokens.WriteByte('\n')
	}
	var keys strings.Builder // every keyword, and no token
	for tokens.Len() > keys.Len() {
		for _, r := range rules {
			keys.WriteString(r.Keys[0] + " ")
		}
	}
	for _, in := range []struct{ name, text string }{
		{"log", log}, {"tokens", tokens.String()}, {"keywords", keys.String()},
	} {
		for _, size := range []int{80, 32 << 10} {
			b.Run(fmt.Sprintf("%s/%d", in.name, size), func(b *testing.B) { benchWrite(b, in.text, size) })
		}
	}
}

func benchWrite(b *testing.B, text string, size int) {
	d, err := New(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		w := d.NewWriter(io.Discard)
		for in := []byte(text); len(in) > 0; {
			n := min(size, len(in))
			w.Write(in[:n]) //nolint:errcheck // io.Discard does not fail
			in = in[n:]
		}
		w.Close()
	}
}
