package detect

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func maskText(t testing.TB, d *Detector, in string) string {
	t.Helper()
	var out bytes.Buffer
	w := d.NewWriter(&out)
	if _, err := w.Write([]byte(in)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
func TestX(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	d, _ := New(nil)
	for _, e := range examples {
		for range 3 {
			text, want := e.masked(rng)
			if got := maskText(t, d, "k="+text+"\nnext\n"); got != "k="+want+"\nnext\n" {
				t.Errorf("%s\n in %q\n got %q\nwant %q", e.rule, text, got, want)
			}
		}
	}
	in := ordinary(rng, 3<<20)
	var hits []Hit
	d, _ = New(&Options{OnHit: func(h Hit) { hits = append(hits, h) }})
	out := maskText(t, d, in)
	for _, h := range hits {
		t.Errorf("%v %q", h, in[h.Offset:h.Offset+80])
		if t.Failed() {
			break
		}
	}
	_ = out
}
