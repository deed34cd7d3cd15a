package masker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The lengths of §Short values and §Forms, in bytes.
const (
	minLength  = 4 // below, a value is not looked for
	longLength = 8 // from here on everywhere, with its derived forms
	lineAlnums = 6 // a line of a value needs so many letters and digits
)

// stopList holds words that are common in logs and in settings: hiding them
// would hide the log. Any case.
var stopList = strings.Fields(`true false null none nil yes no on off undefined
	admin root user test dev prod stage main master local localhost default
	debug info warn error public private docker github gitlab`)

// longestStop is the length of the longest of them.
const longestStop = len("undefined")

// Caps on the derived forms, in bytes. Beyond them optional rows of the encoding
// table are dropped, in order of their rank: first for the value whose own forms
// pass valueCap, then for all while the total passes totalCap.
const (
	valueCap = 4 << 20
	totalCap = 64 << 20
)

// forms is what derive makes of values.
type forms struct {
	text    wordList
	short   wordList
	skipped []Skip
	size    int
}

// derive lists the forms of values.
func derive(values []Value, opts *Options) (*forms, error) {
	rows, err := enabled(opts.Encodings)
	if err != nil {
		return nil, err
	}
	for rank := 0; ; rank++ {
		f := &forms{}
		for _, v := range values {
			if err := f.addValue(v, rows, rank, opts); err != nil {
				return nil, err
			}
		}
		if f.size <= totalCap || rank == maxRank {
			return f, f.refuse(opts)
		}
	}
}

// refuse makes skipped values an error under ShortError.
func (f *forms) refuse(opts *Options) error {
	if opts.Short != ShortError {
		return nil
	}
	var names []string
	for _, s := range f.skipped {
		if s.Encoding == "" {
			names = append(names, fmt.Sprintf("%s (%s)", s.Name, s.Reason))
		}
	}
	if names == nil {
		return nil
	}
	return fmt.Errorf("masker: cannot be hidden: %s", strings.Join(names, ", "))
}

// The reasons of a Skip.
const (
	reasonEmpty  = "empty"
	reasonShort  = "too short"
	reasonCommon = "too common a word"
	reasonLarge  = "left out: the value is too large for every encoding"
)

func (f *forms) addValue(v Value, rows []encoding, rank int, opts *Options) error {
	t := bytes.TrimFunc(v.Bytes, isSpaceRune)
	tag := &form{name: v.Name}
	switch {
	case len(t) == 0:
		f.skip(v, "", reasonEmpty)
	case opts.Short == ShortMask && len(t) < longLength:
		f.text.add(t, wordText, tag)
	case opts.Short == ShortMask:
		return f.addLong(v, t, rows, rank, opts)
	case len(t) < opts.least():
		f.skip(v, "", reasonShort)
	case stopped(t):
		f.skip(v, "", reasonCommon)
	case len(t) <= wordMax:
		f.short.add(t, wordText, tag)
	default:
		return f.addLong(v, t, rows, rank, opts)
	}
	return nil
}

func (f *forms) skip(v Value, encoding, reason string) {
	f.skipped = append(f.skipped, Skip{v.Name, encoding, reason})
}

// addLong adds a value of at least 8 bytes, dropping optional rows until its
// forms fit the cap.
func (f *forms) addLong(v Value, t []byte, rows []encoding, rank int, opts *Options) error {
	texts := texts(v.Bytes, t, opts.Leaves)
	for ; ; rank++ {
		mine := wordList{}
		size, whole := mine.addTexts(v.Name, texts, rows, rank)
		if !whole {
			continue
		}
		if f.size += size; f.size > maxTotal {
			return errTooLarge(v.Name)
		}
		f.text = append(f.text, mine...)
		break
	}
	for _, r := range rows {
		if dropped(r, rank) {
			f.skip(v, r.name, reasonLarge)
		}
	}
	return nil
}

// addTexts adds the distinct forms of texts, and returns their bytes. Where they pass the
// cap, and there are rows left to drop, it gives up.
func (l *wordList) addTexts(name string, texts []text, rows []encoding, rank int) (size int, whole bool) {
	seen := map[string]bool{}
	add := func(b []byte, tag *form) {
		if len(b) > 0 && !seen[string(b)] {
			seen[string(b)] = true
			size += len(b)
			l.add(bytes.Clone(b), wordText, tag)
		}
	}
	for _, t := range texts {
		add(t.bytes, &form{name, t.part})
	}
	for _, r := range rows {
		if dropped(r, rank) {
			continue
		}
		tag := &form{name, r.name}
		for _, t := range texts {
			if !t.derives(r) {
				continue
			}
			r.derive(t.bytes, func(b []byte) {
				if distinctive(b) {
					add(b, tag)
				}
			})
			if size > valueCap && rank < maxRank {
				return size, false
			}
		}
	}
	return size, true
}

// distinctive reports whether a derived form is long enough to be looked for, and
// not blanks or a common word: what local\host is once a shell has read it.
func distinctive(form []byte) bool {
	return len(form) >= longLength && len(bytes.TrimFunc(form, isSpaceRune)) >= longLength && !stopped(form)
}

// A text is a spelling of a value from which encoded forms are derived: the
// value itself or a part of it.
type text struct {
	bytes []byte
	part  string // how reports call it
	reach reach
}

// A reach says which rows of the table derive forms of a text. Whatever blanks
// stand around a value, or what ends its lines, the value is the same: a large
// one would cost its size again in every row.
type reach int

const (
	allRows    reach = iota
	commonRows       // those that are never dropped: a value with the other line ends, lines of a large one
	noRows           // a value of several lines with the blanks around it
)

// largeValue is the length beyond which the lines of a value have the forms of
// common rows only. A 3 kB key would take 230 kB more.
const largeValue = 1024

// derives reports whether row e makes forms of t.
func (t text) derives(e encoding) bool {
	switch {
	case t.reach == noRows, t.reach == commonRows && e.rank != 0:
		return false
	case e.escapes:
		return slices.ContainsFunc(t.bytes, func(b byte) bool { return !isWord(b) || b == '_' })
	}
	return true
}

// texts returns the texts of a value s, t being s without the blanks around it.
func texts(s, t []byte, leaves LeafPolicy) []text {
	l := []text{{t, "", allRows}}
	if len(s) != len(t) {
		around := commonRows
		if bytes.ContainsAny(t, "\r\n") {
			around = noRows
		}
		l = append(l, text{s, "", around})
	}
	if in := unquote(t); len(in) >= longLength {
		l = append(l, text{in, "", allRows})
	}
	l = append(l, multiline(s, t)...)
	if leaves != LeavesNone {
		for _, leaf := range jsonLeaves(t, leaves) {
			l = append(l, text{leaf, "leaf", allRows})
			l = append(l, multiline(leaf, leaf)...)
		}
	}
	return l
}

// unquote returns what is inside one pair of quotes around t, or nil.
func unquote(t []byte) []byte {
	if n := len(t); n >= 2 && t[0] == t[n-1] && (t[0] == '"' || t[0] == '\'') {
		return t[1 : n-1]
	}
	return nil
}

// multiline returns the texts of a value of several lines: all of it with LF and
// with CRLF line ends, and its lines.
func multiline(s, t []byte) []text {
	if !bytes.ContainsAny(t, "\r\n") {
		return nil
	}
	var l []text
	for i, b := range [][]byte{t, s} {
		reach := []reach{commonRows, noRows}[i]
		lf := bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
		l = append(l, text{lf, "", reach}, text{bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")), "", reach})
	}
	reach := allRows
	if len(t) > largeValue {
		reach = commonRows
	}
	for _, line := range splitLines(t) {
		if telling(line) {
			l = append(l, text{line, "line", reach})
		}
	}
	return l
}

// splitLines returns the lines of t, without the blanks around them.
func splitLines(t []byte) [][]byte {
	lines := bytes.FieldsFunc(t, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		lines[i] = bytes.TrimFunc(line, isSpaceRune)
	}
	return lines
}

// telling reports whether a line of a value is worth hiding by itself.
func telling(line []byte) bool {
	if len(line) < longLength || stopped(line) || armor(line) {
		return false
	}
	n := 0
	for _, b := range line {
		if isWord(b) && b != '_' {
			n++
		}
	}
	return n >= lineAlnums
}

// armor reports whether a line is the -----BEGIN …----- or -----END …----- of a
// PEM block (RFC 7468), which every key has.
func armor(line []byte) bool {
	return (bytes.HasPrefix(line, []byte("-----BEGIN ")) || bytes.HasPrefix(line, []byte("-----END "))) &&
		bytes.HasSuffix(line, []byte("-----"))
}

// jsonLeaves returns the string leaves of a value that is a JSON object or
// array, those of JSON documents in its leaves included.
func jsonLeaves(t []byte, policy LeafPolicy) [][]byte {
	if len(t) == 0 || t[0] != '{' && t[0] != '[' {
		return nil
	}
	var doc any
	if json.Unmarshal(t, &doc) != nil {
		return nil
	}
	return leavesOf(doc, policy, nil)
}

func leavesOf(node any, policy LeafPolicy, l [][]byte) [][]byte {
	switch n := node.(type) {
	case map[string]any:
		keys := make([]string, 0, len(n))
		for k := range n {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			l = leavesOf(n[k], policy, l)
		}
	case []any:
		for _, e := range n {
			l = leavesOf(e, policy, l)
		}
	case string:
		if b := bytes.TrimFunc([]byte(n), isSpaceRune); len(b) >= longLength && (policy == LeavesAll || !harmless(b)) {
			l = append(l, b)
			l = append(l, jsonLeaves(b, policy)...)
		}
	}
	return l
}

// harmless reports whether a JSON leaf is a stop-listed word, an e-mail address,
// or a URL that carries no credentials.
func harmless(b []byte) bool {
	s := string(b)
	if stopped(b) {
		return true
	}
	if strings.ContainsAny(s, " \t\r\n") {
		return false
	}
	if user, host, ok := strings.Cut(s, "@"); ok && !strings.Contains(s, "://") {
		return user != "" && strings.Contains(host, ".") && !strings.ContainsAny(user, ":/@") && !strings.ContainsAny(host, ":/@")
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func stopped(t []byte) bool {
	return len(t) <= longestStop && slices.Contains(stopList, strings.ToLower(string(t)))
}

func isSpaceRune(r rune) bool { return r < 0x80 && isSpace(byte(r)) }
