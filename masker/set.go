package masker

import (
	"bytes"
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
	all     bool       // every occurrence is wanted, not their union only
	text    *automaton // V0 and V1
	flat    *automaton // V2: forms without whitespace
	short   *automaton // values that count between word boundaries only; may be nil
	span    int64      // longest raw span of an occurrence in V1 and V2
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
	s.text = f.text.build()
	s.flat = flatten(&f.text, sc).build()
	if len(f.short.words) > 0 {
		s.short = f.short.build()
	}
	longest := 0
	for _, w := range s.text.words {
		longest = max(longest, len(w))
	}
	s.span = 2*int64(longest) + sc.slack
	return s, s.chooseMarkers(opts)
}

// flatten makes the word list of V2 from that of V0.
func flatten(text *wordList, sc scale) *wordList {
	flat := &wordList{}
	for i, w := range text.words {
		bare := withoutSpace(w)
		if len(bare) >= sc.flat {
			flat.add(bare, text.tags[i])
		}
		if len(bare) >= sc.flatTail {
			flat.add(bare[sc.head:], text.tags[i])
		}
	}
	return flat
}

func withoutSpace(w []byte) []byte {
	if !slices.ContainsFunc(w, isSpace) {
		return w
	}
	return slices.DeleteFunc(bytes.Clone(w), isSpace)
}

// A wordList gathers words and what they are.
type wordList struct {
	words [][]byte
	tags  []*form
}

func (l *wordList) add(w []byte, tag *form) {
	l.words, l.tags = append(l.words, w), append(l.tags, tag)
}

// build sorts the words and drops repeated ones: the first added names it.
func (l *wordList) build() *automaton {
	order := make([]int, len(l.words))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return bytes.Compare(l.words[i], l.words[j]) })
	order = slices.CompactFunc(order, func(i, j int) bool { return bytes.Equal(l.words[i], l.words[j]) })
	words, tags := make([][]byte, len(order)), make([]*form, len(order))
	for to, from := range order {
		words[to], tags[to] = l.words[from], l.tags[from]
	}
	return newAutomaton(words, tags)
}

// markers are the candidates, after Options.Marker. None has a byte of ":" or
// "[", so that hiding can never write a workflow command.
var markers = []string{"***", "<masked>", "(hidden)", "+++", "===", "~~~", "^^^", "___", "@@@", "<###>", "<!!!>", "<%%%>", "<0000>"}

var errNoMarker = errors.New("masker: every marker shows or completes a form of a value; set another one")

func (s *set) chooseMarkers(opts *Options) error {
	for _, m := range append([]string{opts.Marker}, markers...) {
		if m != "" && s.safeMarker([]byte(m)) {
			s.marker = []byte(m)
			break
		}
	}
	if s.marker == nil {
		return errNoMarker
	}
	s.labels = map[string][]byte{}
	for _, v := range s.values {
		if l := []byte("[MASKED:" + cleanName(v.Name) + "]"); opts.Label && s.safeMarker(l) {
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
func (s *set) safeMarker(m []byte) bool {
	for _, a := range []*automaton{s.text, s.short} {
		if a == nil {
			continue
		}
		for _, w := range a.words {
			if bytes.Contains(w, m) || bytes.Contains(m, w) || overlap(w, m) || overlap(m, w) {
				return false
			}
		}
	}
	return true
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
