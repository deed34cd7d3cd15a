package masker

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A scale holds the lengths of the rules of the views. Tests reduce them so that all
// short inputs can be tried.
type scale struct {
	head     int64 // V2: whitespace may not cut the first head bytes
	flat     int   // V2: shortest form, in non-blank bytes
	flatTail int   // V2: shortest form that is also looked for without its head
	tail     int64 // shortest end of a stream that may be hidden
	slack    int64 // held bytes beyond twice the longest form
}

var realScale = scale{head: 8, flat: 16, flatTail: 24, tail: 8, slack: 64 << 10}

// maxTotal bounds the bytes of all forms, and so the memory: node numbers are 32 bits.
const maxTotal = 1 << 30

// A form is one spelling of a value.
type form struct {
	name     string // the value's
	encoding string // the row of the encoding table; "" is the value as it is
}

// A set is everything known about a list of values; it never changes.
type set struct {
	values  []Value
	scale   scale
	all     bool        // every occurrence is wanted, not their union only
	auto    *automaton  // the words of all three views
	filter  filter      // where they may begin; nil if one is shorter than a head
	short   *automaton  // values that count between word boundaries only; may be nil
	words   *wordFilter // where those may begin; nil if short is
	span    int64       // longest raw span of an occurrence in V1 and V2
	marker  []byte
	labels  map[string][]byte
	skipped []Skip
}

func compile(values []Value, opts *Options, sc scale) (*set, error) {
	f, err := derive(values, opts)
	if err != nil {
		return nil, err
	}
	s := &set{values: values, scale: sc, all: opts.OnHit != nil, skipped: f.skipped}
	longest, least := 0, headSize
	for _, w := range f.text {
		longest, least = max(longest, len(w.bytes)), min(least, len(w.bytes))
	}
	s.span = 2*int64(longest) + sc.slack
	words, short := f.text.withFlat(sc).sorted(), f.short.sorted()
	s.auto = newAutomaton(words, min(least, int(sc.head), int(sc.tail)), func(a *automaton) finder {
		if a.head < headSize {
			return plainFinder(a)
		}
		s.filter = newFilter(&a.heads, len(words))
		return s.filter.find
	})
	if len(short) > 0 {
		s.short, s.words = newAutomaton(short, 1, plainFinder), newWordFilter(short)
	}
	return s, s.chooseMarkers(opts, slices.Concat(words, short))
}

// A wordList gathers words, repeated ones too.
type wordList []word

func (l *wordList) add(w []byte, kind byte, form *form) {
	*l = append(*l, word{bytes: w, form: form, kind: kind})
}

// withFlat adds the words of V2: the text words without whitespace, and those
// again without their head.
func (l wordList) withFlat(sc scale) wordList {
	for _, w := range l[:len(l):len(l)] {
		bare := withoutSpace(w.bytes)
		if len(bare) >= sc.flat {
			l.add(bare, wordFlat, w.form)
		}
		if len(bare) >= sc.flatTail {
			l.add(bare[sc.head:], wordFlat, w.form)
		}
	}
	return l
}

func withoutSpace(w []byte) []byte {
	if !slices.ContainsFunc(w, isSpace) {
		return w
	}
	return slices.DeleteFunc(bytes.Clone(w), isSpace)
}

// sorted returns the distinct words in order. The first added names a word.
func (l wordList) sorted() []word {
	for i := range l {
		l[i].order = int32(i)
	}
	slices.SortFunc(l, func(a, b word) int { return cmp.Or(bytes.Compare(a.bytes, b.bytes), cmp.Compare(a.order, b.order)) })
	n := 0
	for _, w := range l {
		if n > 0 && bytes.Equal(l[n-1].bytes, w.bytes) {
			l[n-1].kind |= w.kind
			continue
		}
		l[n] = w
		n++
	}
	return append([]word(nil), l[:n]...) // of the right size: it stays
}

// markers are the candidates, after Options.Marker. None has a byte of ":" or
// "[", so that hiding can never write a workflow command.
var markers = []string{"***", "<masked>", "(hidden)", "+++", "===", "~~~", "^^^", "___", "@@@", "<###>", "<!!!>", "<%%%>", "<0000>"}

var errNoMarker = errors.New("masker: every marker shows or completes a form of a value; set another one")

func (s *set) chooseMarkers(opts *Options, words []word) error {
	for _, m := range append([]string{opts.Marker}, markers...) {
		if m != "" && safeMarker([]byte(m), words) {
			s.marker = []byte(m)
			break
		}
	}
	if s.marker == nil {
		return errNoMarker
	}
	s.labels = map[string][]byte{}
	for _, v := range s.values {
		if l := []byte("[MASKED:" + cleanName(v.Name) + "]"); opts.Label && safeMarker(l, words) {
			s.labels[v.Name] = l
		}
	}
	return nil
}

// markerFor returns what stands for a hidden run that f begins.
func (s *set) markerFor(f *form) []byte {
	if l, ok := s.labels[f.name]; ok {
		return l
	}
	return s.marker
}

// safeMarker reports whether printing m, whatever stands around it, can neither
// show a form nor complete one: none contains the other, and no end of the one
// is a beginning of the other.
func safeMarker(m []byte, words []word) bool {
	return !slices.ContainsFunc(words, func(w word) bool {
		return w.kind&wordText != 0 && (bytes.Contains(w.bytes, m) || bytes.Contains(m, w.bytes) || overlap(w.bytes, m) || overlap(m, w.bytes))
	})
}

// overlap reports whether a nonempty end of a is a beginning of b.
func overlap(a, b []byte) bool {
	for n := min(len(a), len(b)); n > 0; n-- {
		if bytes.HasSuffix(a, b[:n]) {
			return true
		}
	}
	return false
}

// cleanName makes a name safe inside a label: no workflow command, no escapes.
func cleanName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && isWord(byte(r)) || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, name)
}

func errTooLarge(name string) error {
	return fmt.Errorf("masker: the forms of %s and the values before it take more than 1 GiB: mask fewer or smaller values", name)
}
