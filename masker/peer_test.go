package masker

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/cloudflare/ahocorasick"
)

// A peer is a second oracle, which shares no code with the engine or with the first: an automaton
// by others looks at what was put out. It does not ask what had to be hidden
// from where to where, but what matters in the end: whether a form can be read anywhere.
type peer struct {
	text, flat       *ahocorasick.Matcher
	words, flatWords [][]byte
	head             int
}

func peerOf(m *Masker) peer {
	o := oracleOf(m)
	p := peer{words: o.words, flatWords: o.flatWords(), head: int(o.sc.head)}
	p.text, p.flat = ahocorasick.NewMatcher(p.words), ahocorasick.NewMatcher(p.flatWords)
	return p
}

// legible returns a form that occurs in a view of out, or nil.
func (p peer) legible(out []byte) []byte {
	vis := visibleView(out)
	for _, view := range [][]byte{out, bytesOf(vis)} {
		for _, i := range p.text.Match(view) {
			return p.words[i]
		}
	}
	flat, _ := flatView(vis)
	for _, i := range p.flat.Match(bytesOf(flat)) {
		if w := p.flatWords[i]; p.uncut(flat, w) {
			return w
		}
	}
	return nil
}

// uncut reports whether w occurs in v with no blank in its head.
func (p peer) uncut(v []glyph, w []byte) bool {
	for i := range v {
		if matched(v, i, w) == len(w) && !headCut(v, i, len(w), p.head) {
			return true
		}
	}
	return false
}

func bytesOf(v []glyph) (l []byte) {
	for _, g := range v {
		l = append(l, g.b)
	}
	return l
}

// No form of a value can be read in any view of what was put out, however it was printed, cut
// and interrupted. (By whole control sequences: where a value begins or ends inside
// of one, hiding it changes what a terminal makes of the bytes behind.)
func TestNothingIsLegible(t *testing.T) {
	seen := 0
	for seed := range uint64(size(20, 100, 1000)) {
		r := rand.New(rand.NewPCG(seed, 2))
		values := hostileValues(r)
		if strings.ContainsFunc(strings.Join(values, ""), func(c rune) bool { return c < ' ' || c > '~' }) {
			continue
		}
		m := newMasker(t, nil, values...)
		p := peerOf(m)
		if len(p.words) == 0 {
			continue // all of them are short
		}
		var forms []string
		for _, w := range p.words {
			forms = append(forms, string(w))
		}
		in := hostileText(r, forms, wholeSequences, 1+r.IntN(3000))
		chunks := cutRandomly(r, in)
		if p.legible([]byte(in)) != nil {
			seen++
		}
		if w := p.legible([]byte(stream(t, m, chunks...))); w != nil {
			t.Fatalf("seed %d: values %q, chunks %q: %q is left", seed, values, chunks, w)
		}
	}
	if seen == 0 {
		t.Fatal("there was nothing to hide")
	}
}
