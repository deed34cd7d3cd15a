// Package masker hides secret values in a stream of bytes.
//
// A [Masker] is made from values; each [Writer] of it is one stream. What is
// written comes out at once, save what may be the beginning of a secret.
//
//	m, err := masker.New([]masker.Value{{Name: "TOKEN", Bytes: token}}, nil)
//	w := m.NewWriter(os.Stdout)
//	cmd.Stdout = w
//	…
//	err = w.Close()
//
// # Guarantee
//
// Let in be everything written to one Writer and out what its destination has
// received after Close. A value is looked for in many forms: as it is, line by
// line, and in the encodings that programs print ([Groups]). Every byte of in
// that lies inside any occurrence of any form is not in out; every other byte is
// in out once, in order. Each maximal run of hidden bytes appears as one marker.
// It is the union of all overlapping occurrences that is hidden, not the
// leftmost or the longest: with pass and password registered, password leaves no
// "word" behind.
//
// out is a function of the bytes, of the moments at which values were added,
// and of Close. It never depends on how the bytes were cut into writes, and
// never on time: nothing here holds a timer.
//
// An occurrence counts in three views of the stream: the raw bytes; the bytes
// without terminal control sequences (a colour code inside a token does not
// save it from being hidden); and those without ASCII whitespace, for forms of
// at least 16 bytes (base64 wrapped at 76 columns, a key printed on one line).
//
// # What is not hidden
//
// Encodings outside the table; values under four bytes and a list of words such
// as true or localhost, which are reported by [Masker.Skipped]; values of four
// to seven bytes inside a longer word; encrypted or compressed copies; a value
// whose halves go to different Writers; what was written before Add.
//
// # Errors
//
// No error, panic or [Hit] carries a byte of a value.
package masker

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"sync"
	"sync/atomic"
)

// A Value is one secret. Name appears in reports, never Bytes.
type Value struct {
	Name  string
	Bytes []byte
}

// A ShortPolicy says what becomes of values that are too short or too common
// to be hidden without harm.
type ShortPolicy int

const (
	// ShortBoundary skips values under MinLength bytes and stop-listed words, and
	// looks for values of 4 to 7 bytes only where no letter, digit or underscore
	// stands next to them.
	ShortBoundary ShortPolicy = iota
	// ShortMask looks for every value of at least one byte, everywhere.
	ShortMask
	// ShortError is ShortBoundary, but a value that would be skipped is an error.
	ShortError
)

// Options adjusts a Masker. Nil and the zero value are ready to use.
type Options struct {
	// Marker replaces each hidden run; "***" when empty. Where it could be
	// confused with a value another one is taken: see New.
	Marker string
	// Label writes [MASKED:NAME] instead, with the name of the value whose
	// occurrence opens the run.
	Label bool
	// Encodings names the groups of encodings to look for; nil means all
	// ([Groups]), empty none: then only the value itself, its lines and leaves.
	Encodings []string
	// Short is the policy for short and common values.
	Short ShortPolicy
	// MinLength is the least length in bytes of a value that is looked for
	// under ShortBoundary and ShortError; 4 when zero, which is also the least.
	MinLength int
	// Leaves says which strings of a value that is a JSON object or array are
	// values too.
	Leaves LeafPolicy
	// KeepLines leaves line ends (LF, CR) inside a hidden run as they are, with a
	// marker for each part between them: for readers that take commands from lines,
	// for which joining two lines could make one, or lose one.
	KeepLines bool
	// OnHit is called once for each hidden occurrence, on the writing
	// goroutine, before the write that replaces it. It must not call the Writer.
	// An occurrence inside another one of the same value is not told again.
	OnHit func(Hit)
}

// A LeafPolicy chooses among the string leaves of JSON values.
type LeafPolicy int

const (
	// LeavesSafe takes string leaves of at least 8 bytes, but no plain URLs
	// without credentials, e-mail addresses or stop-listed words.
	LeavesSafe LeafPolicy = iota
	// LeavesAll takes every string leaf of at least 8 bytes.
	LeavesAll
	// LeavesNone takes none.
	LeavesNone
)

// A Hit tells of one hidden occurrence. Offset is the raw offset of its first
// byte in the stream; Line counts line feeds, from 1.
type Hit struct {
	Name, Encoding string
	Offset, Line   int64
	Stream         string // as NewStream was told; empty for NewWriter's
}

// A Skip tells what is not looked for, and why. Encoding is empty when it is
// the whole value.
type Skip struct {
	Name, Encoding, Reason string
}

// A Masker holds the forms of a set of values. It is safe for concurrent use.
type Masker struct {
	opts Options
	mu   sync.Mutex // serialises Add
	cur  atomic.Pointer[set]
}

// New compiles values. The marker is the first of opts.Marker, "***" and a
// fixed list of others such that printing it can neither show nor complete a form.
//
// # Memory
//
// About 5 bytes for each byte of form, and some 20 KB. A token of 40 letters and
// digits has 37 forms, 3 KB in all, and takes 37 KB; a key of 3 KB has 700 KB of forms
// and takes 3 MB. Values whose forms pass the caps lose optional encodings in a
// published order; Skipped tells.
//
// # Errors
//
// A name in opts.Encodings that is no group; under ShortError, values that
// would be skipped, all named; no marker left; forms over 1 GiB in all.
func New(values []Value, opts *Options) (*Masker, error) {
	m := &Masker{}
	if opts != nil {
		m.opts = *opts
		m.opts.Encodings = slices.Clone(opts.Encodings)
	}
	s, err := compile(cloneValues(nil, values), &m.opts, realScale)
	if err != nil {
		return nil, err
	}
	m.cur.Store(s)
	return m, nil
}

// Add registers more values, for every Writer of m and every byte that is not
// yet on its destination, held bytes included; an occurrence must begin with
// such a byte. Matches under way survive. Add costs about as much as New with
// all values. On error nothing changes.
func (m *Masker) Add(values ...Value) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old := m.cur.Load()
	s, err := compile(cloneValues(old.values, values), &m.opts, old.scale)
	if err != nil {
		return err
	}
	m.cur.Store(s)
	return nil
}

func cloneValues(have, more []Value) []Value {
	all := slices.Clone(have)
	for _, v := range more {
		all = append(all, Value{Name: v.Name, Bytes: bytes.Clone(v.Bytes)})
	}
	return all
}

// NewWriter returns a stream of its own onto dst, with the forms of m. The
// Writer is safe for concurrent use: the bytes of one Write stay together.
func (m *Masker) NewWriter(dst io.Writer) *Writer {
	w := &Writer{m: m, dst: dst}
	w.start(m.cur.Load())
	return w
}

// NewStream is NewWriter for a stream with a name, which its hits carry.
func (m *Masker) NewStream(name string, dst io.Writer) *Writer {
	w := m.NewWriter(dst)
	w.stream = name
	return w
}

// Mask returns b as a Writer would put it out in one Write and Close.
func (m *Masker) Mask(b []byte) []byte {
	var out bytes.Buffer
	w := m.NewWriter(&out)
	w.Write(b) //nolint:errcheck // a bytes.Buffer does not fail
	w.Close()
	return out.Bytes()
}

// Marker returns what stands for a hidden run: the one of Options.Marker or
// another, as New says. With Options.Label it stands only where a label cannot.
func (m *Masker) Marker() string { return string(m.cur.Load().marker) }

// Skipped lists, by name, the values and encodings that are not looked for.
func (m *Masker) Skipped() []Skip {
	return slices.Clone(m.cur.Load().skipped)
}

// A FormCount tells how many distinct forms of a value are looked for in one
// encoding. Encoding is empty for the value as it is.
type FormCount struct {
	Name, Encoding string
	Forms          int
}

// Forms lists, by name and encoding, how many forms are looked for. A form that
// two values share counts for the one that was given first.
func (m *Masker) Forms() []FormCount {
	s := m.cur.Load()
	counts := map[form]int{}
	for _, a := range []*automaton{s.auto, s.short} {
		if a == nil {
			continue
		}
		for _, w := range a.ends {
			if w.kind&wordText != 0 {
				counts[*w.form]++
			}
		}
	}
	var l []FormCount
	for f, n := range counts {
		l = append(l, FormCount{f.name, f.encoding, n})
	}
	slices.SortFunc(l, func(a, b FormCount) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Encoding, b.Encoding))
	})
	return l
}
