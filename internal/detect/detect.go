// Package detect hides well-known credential shapes that nobody registered:
// AKIA…, ghp_…, glpat-…, JSON Web Tokens, PEM private keys and their like.
//
// It stands behind the masker, which knows the values; this package knows only
// shapes ([Rules]), written from the issuers' own documentation. It is opt-in,
// and a heuristic: a credential without a shape (40 hex digits, a word chosen by
// a person) is never found, and a harmless string may have the shape of a token.
//
//	d, err := detect.New(nil)
//	w := d.NewWriter(os.Stdout)
//	…
//	err = w.Close()
//
// # What counts
//
// A match of a rule begins with one of its keywords, stands where a word can
// begin (not behind a letter or digit, unless that ends an escape such as \n, %20
// or a colour code), follows the rule's pattern and passes its check, if it has
// one. There are two kinds of rules. A closed one describes tokens of a known
// length: the match must end where the word ends. An open one has a tail: once
// its pattern is complete the match is certain, and runs on as long as the tail
// does, without limit.
//
// # Guarantee
//
// What comes out is a function of the bytes and of Close: never of how the bytes
// were cut into writes, and never of time. All bytes of all matches are hidden
// (of some rules, only the part that is secret: the password of a URL); each
// maximal run of hidden bytes becomes one marker; every other byte comes out
// once, in order. Before Write returns, everything is on the destination except
// what begins at the first byte from which a keyword or a pattern may still be
// completed. Nothing waits for a line's end, a full buffer or a clock.
package detect

import (
	"fmt"
	"io"
	"slices"

	"github.com/cloudflare/ahocorasick"
)

// DefaultMarker replaces each hidden run unless [Options] says otherwise.
const DefaultMarker = "***"

// Options adjusts a Detector. Nil and the zero value are ready to use.
type Options struct {
	// Marker replaces each hidden run; [DefaultMarker] when empty. It is never
	// looked at again.
	Marker string
	// Label writes [MASKED:RULE] instead, with the name of the rule whose match
	// opens the run.
	Label bool
	// Skip names rules that are not looked for.
	Skip []string
	// OnHit is called once for each match, on the writing goroutine, before the
	// write that replaces it. It must not call the Writer.
	OnHit func(Hit)
}

// A Hit tells of one match. It carries no byte of it. Offset is the raw offset
// in the stream of the first byte hidden; Line counts line feeds, from 1.
type Hit struct {
	Rule         string
	Offset, Line int64
}

// A Detector holds the rules. It is safe for concurrent use.
type Detector struct {
	opts  Options
	keys  []keyword
	stems *ahocorasick.Matcher // tells whether a keyword may occur: the pre-filter
	first [256][]int           // keywords by first byte
	pairs [256]byteSet         // the second bytes of keywords, by first byte
	long  int                  // length of the longest keyword
}

// A keyword is a literal that begins every match of its rules.
type keyword struct {
	text  []byte
	rules []*compiled
}

// New makes a Detector of the whole table but for opts.Skip. It takes a few
// milliseconds and 2 MiB; a rule is compiled when its keyword is first seen.
//
// # Errors
//
// A name in opts.Skip that is no rule.
func New(opts *Options) (*Detector, error) {
	return build(rules, opts)
}

func build(table []Rule, opts *Options) (*Detector, error) {
	d := &Detector{}
	if opts != nil {
		d.opts = *opts
	}
	for _, name := range d.opts.Skip {
		if !slices.ContainsFunc(table, func(r Rule) bool { return r.Name == name }) {
			return nil, fmt.Errorf("detect: no rule is called %q", name)
		}
	}
	for i := range table {
		if !slices.Contains(d.opts.Skip, table[i].Name) {
			d.add(compile(&table[i], i))
		}
	}
	d.index()
	return d, nil
}

// add enters the keywords of r; equal ones of several rules are one.
func (d *Detector) add(r *compiled) {
	for _, text := range r.Keys {
		i := slices.IndexFunc(d.keys, func(k keyword) bool { return string(k.text) == text })
		if i < 0 {
			i = len(d.keys)
			d.keys = append(d.keys, keyword{text: []byte(text)})
		}
		d.keys[i].rules = append(d.keys[i].rules, r)
	}
}

// stemLength is how many bytes of a keyword the pre-filter looks for: each costs
// it 4 KiB, and more would hardly make it choosier.
const stemLength = 4

func (d *Detector) index() {
	var stems []string
	for i, k := range d.keys {
		d.first[k.text[0]] = append(d.first[k.text[0]], i)
		d.pairs[k.text[0]].addRange(k.text[1], k.text[1])
		d.long = max(d.long, len(k.text))
		stem := string(k.text[:min(len(k.text), stemLength)])
		if !slices.Contains(stems, stem) {
			stems = append(stems, stem)
		}
	}
	d.stems = ahocorasick.NewStringMatcher(stems)
}

// NewWriter returns a stream of its own onto dst. The Writer is safe for
// concurrent use: the bytes of one Write stay together.
func (d *Detector) NewWriter(dst io.Writer) *Writer {
	return &Writer{d: d, dst: dst, line: 1, scan: scanner{d: d}}
}

func (d *Detector) marker(r *compiled) string {
	switch {
	case d.opts.Label:
		return "[MASKED:" + r.Name + "]"
	case d.opts.Marker != "":
		return d.opts.Marker
	}
	return DefaultMarker
}
