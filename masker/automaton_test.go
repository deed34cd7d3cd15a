package masker

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// allWords returns the words of a, read from its nodes.
func (a *automaton) allWords() (l []word) {
	for _, e := range a.ends {
		l = append(l, word{bytes: a.stringOf(e.node), form: e.form, kind: e.kind})
	}
	return l
}

// stringOf returns the string of a node.
func (a *automaton) stringOf(n int32) []byte {
	var b []byte
	for n != 0 {
		c := a.chains[a.chainOf(n)]
		b = append(slices.Clone(a.label[c.first:n+1]), b...)
		n = c.parent
	}
	return b
}

func spell(words []word) (l []string) {
	for _, w := range words {
		l = append(l, string(w.bytes))
	}
	return l
}

// Every failure link and every output is what a search through all suffixes says.
func TestLinks(t *testing.T) {
	for seed := range uint64(size(100, 1000, 20000)) {
		r := rand.New(rand.NewPCG(seed, 3))
		words, head := randomWords(r)
		a := newAutomaton(words, head, plainFinder)
		node := map[string]int32{}
		for n := int32(1); n < int32(len(a.label)); n++ {
			node[string(a.stringOf(n))] = n
		}
		for s, n := range node {
			var link, out, shorter, text, flat int32
			for i := len(s) - 1; i >= 0; i-- {
				m := node[s[i:]]
				if m == 0 || len(s)-i < head {
					continue
				}
				if a.flags[m]&endsHere != 0 {
					out = m
				}
				if a.flags[m]&leadsText != 0 {
					text = m
				}
				if a.flags[m]&leadsFlat != 0 {
					flat = m
				}
				if i > 0 {
					link, shorter = m, out
				}
			}
			if len(s) < head {
				continue
			}
			if a.fail(n) != link || a.out(n) != out {
				t.Fatalf("seed %d: %q of %q: link %q, want %q; out %q, want %q", seed, s, spell(words),
					a.stringOf(a.fail(n)), a.stringOf(link), a.stringOf(a.out(n)), a.stringOf(out))
			}
			if a.shorter(n) != shorter || a.live(n, leadsText) != text || a.live(n, leadsFlat) != flat {
				t.Fatalf("seed %d: %q of %q: shorter %q, want %q; live %q and %q, want %q and %q", seed, s, spell(words),
					a.stringOf(a.shorter(n)), a.stringOf(shorter), a.stringOf(a.live(n, leadsText)), a.stringOf(a.live(n, leadsFlat)), a.stringOf(text), a.stringOf(flat))
			}
		}
	}
}

// randomWords returns words that overlap and repeat, and the length of their heads.
func randomWords(r *rand.Rand) ([]word, int) {
	head := []int{1, 2, 4, 8}[r.IntN(4)]
	letters := "ab"[:1+r.IntN(2)]
	var l wordList
	for range 1 + r.IntN(6) {
		var b strings.Builder
		for b.Len() < head+r.IntN(30) {
			b.WriteByte(letters[r.IntN(len(letters))])
		}
		l.add([]byte(b.String()), wordText, &form{})
		if r.IntN(2) == 0 && b.Len() >= 2*head { // a word inside it
			l.add([]byte(b.String())[head:], wordFlat, &form{})
		}
	}
	return l.sorted(), head
}

// The automaton has the words it was made of, and finds the shortest with a beginning.
func TestAutomatonWords(t *testing.T) {
	for seed := range uint64(size(100, 1000, 20000)) {
		words, head := randomWords(rand.New(rand.NewPCG(seed, 4)))
		a := newAutomaton(words, head, plainFinder)
		got := a.allWords()
		for i := range got {
			if i >= len(words) || !bytes.Equal(got[i].bytes, words[i].bytes) || got[i].kind != words[i].kind {
				t.Fatalf("seed %d: word %d of %q is %q", seed, i, spell(words), got[i].bytes)
			}
		}
		for n := int32(1); n < int32(len(a.label)); n++ {
			if why := shortestDiffers(a, words, n); why != "" {
				t.Fatalf("seed %d: %q: %s", seed, spell(words), why)
			}
		}
	}
}

func shortestDiffers(a *automaton, words []word, n int32) string {
	s := a.stringOf(n)
	for _, kind := range []byte{wordText, wordFlat} {
		want := 0
		for _, w := range words {
			if w.kind&kind != 0 && len(w.bytes) > len(s) && bytes.HasPrefix(w.bytes, s) && (want == 0 || len(w.bytes) < want) {
				want = len(w.bytes)
			}
		}
		if (want > 0) != (a.flags[n]&kind != 0) {
			return fmt.Sprintf("%q leads to a word: %v", s, want > 0)
		}
		if want > 0 {
			if _, size := a.shortest(n, kind); size != int64(want) {
				return fmt.Sprintf("the shortest from %q has %d bytes, want %d", s, size, want)
			}
		}
	}
	return ""
}

// The words of a value that repeats itself link to each other in turns: longer than a
// linkPiece, and (with a value of 200 KB) so long that work for each pair of nodes
// would not end.
func TestLinksOfPeriods(t *testing.T) {
	for _, period := range []string{"a", "ab", "aab", "YWFh"} {
		var l wordList
		for i := range period {
			l.add([]byte(strings.Repeat(period, 3*linkPiece/len(period)))[i:], wordText, &form{})
		}
		words := l.sorted()
		a := newAutomaton(words, 8, plainFinder)
		find := func(s []byte) int32 {
			n := a.root[s[0]]
			for _, b := range s[1:] {
				if n == 0 {
					break
				}
				n = a.next(n, b)
			}
			return n
		}
		for n := int32(8); n < int32(len(a.label)); n += 61 {
			s, want := a.stringOf(n), int32(0)
			for i := 1; want == 0 && len(s)-i >= 8; i++ {
				want = find([]byte(s)[i:])
			}
			if len(s) >= 8 && a.fail(n) != want {
				t.Fatalf("%s: a word of %d bytes links to %d bytes, want %d", period, len(s), len(a.stringOf(a.fail(n))), len(a.stringOf(want)))
			}
		}
	}
	m, err := New(asValues([]string{strings.Repeat("a", 200_000)}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(m.Mask([]byte("x " + strings.Repeat("a", 200_001) + " y"))); got != "x *** y" {
		t.Errorf("%.100q", got)
	}
}
