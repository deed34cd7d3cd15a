package masker

import (
	"bytes"
	"slices"
)

// Plain lists what a masker must be told that compares line by line and knows no
// encodings, such as a CI runner's: values, JSON leaves, and each line of a value of
// several lines. A line from MinLength bytes on counts, even if it is not looked for by
// itself here, where the value is found whole. The bytes are copies.
//
// What such a masker cannot be told is in left, once for a name, encoding and reason:
// with Encoding "line" a line of the value, else the value. Not in it are values that
// are in Skipped, the armor of PEM, and punctuation under 4 bytes, such as braces.
func (m *Masker) Plain() (told []Value, left []Skip) {
	o := m.opts
	o.Encodings = []string{}
	if o.Short == ShortError {
		o.Short = ShortBoundary // what it refuses is not there
	}
	l := plainList{seen: map[string]bool{}}
	for _, v := range m.cur.Load().values {
		f, err := derive([]Value{v}, &o)
		if err != nil {
			continue // cannot be: New has derived them already
		}
		for _, w := range append(f.text, f.short...) {
			l.word(v.Name, w.bytes)
		}
		t := bytes.TrimFunc(v.Bytes, isSpaceRune)
		if bytes.ContainsAny(t, "\r\n") && (o.Short == ShortMask || len(t) >= o.least()) {
			l.lines(v.Name, t, o.least())
		}
	}
	return l.told, l.left
}

// least is the length from which on a value is looked for, unless all are.
func (o *Options) least() int { return max(minLength, o.MinLength) }

// A plainList is what Plain gathers.
type plainList struct {
	told []Value
	left []Skip
	seen map[string]bool
}

func (l *plainList) tell(name string, b []byte) {
	if !l.seen[string(b)] {
		l.seen[string(b)] = true
		l.told = append(l.told, Value{name, bytes.Clone(b)})
	}
}

func (l *plainList) leave(name, encoding, reason string) {
	if s := (Skip{name, encoding, reason}); !slices.Contains(l.left, s) {
		l.left = append(l.left, s)
	}
}

// word deals with what is looked for here.
func (l *plainList) word(name string, b []byte) {
	switch {
	case bytes.ContainsAny(b, "\r\n"):
	case len(b) < minLength:
		l.leave(name, "", reasonShort)
	default:
		l.tell(name, b)
	}
}

// lines deals with those lines of a value t that are no words of their own.
func (l *plainList) lines(name string, t []byte, least int) {
	for _, line := range splitLines(t) {
		plain := !slices.ContainsFunc(line, isAlnum)
		switch {
		case len(line) == 0 || armor(line) || plain && len(line) < minLength || l.seen[string(line)]:
		case stopped(line) || plain:
			l.leave(name, "line", reasonCommon)
		case len(line) < least:
			l.leave(name, "line", reasonShort)
		default:
			l.tell(name, line)
		}
	}
}
