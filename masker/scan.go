package masker

import (
	"bytes"
	"math"
)

// A scanner finds the occurrences of a set's forms in a stream, and what must be
// held back. It skips to the next place where a form may begin, and walks from
// there until no whole head lives; then it skips on.
type scanner struct {
	walker
	fast bool // the set has a filter

	// The last place where a walk began, and the context there.
	from    int64
	fromCtx context

	strikes uint // walks that began soon after the last one ended

	// What is known about the data being scanned, by index: the next control
	// byte, and the next raw heads. Each is where it is, or len(data).
	esc, csi, head, word mark

	gathered gathering
}

// A mark remembers a search: nothing stands from the index at which it began up to at.
type mark struct{ from, at int }

// start sets the scanner to raw position pos, where ctx holds.
func (s *scanner) start(set *set, ctx context, pos int64) {
	s.walker.start(set, ctx, pos)
	s.fast = set.filter != nil
	s.from, s.fromCtx, s.strikes = pos, ctx, 0
}

// scan feeds what lies behind s.pos in data, whose first byte is at raw position
// at, where base holds and before which nothing lives.
func (s *scanner) scan(data []byte, at int64, base context) {
	s.from, s.fromCtx = at, base
	s.data, s.at = data, at
	if s.fast {
		s.scanFast(data, at)
	} else {
		s.walk(math.MaxInt)
	}
	s.data = nil // it is the caller's
}

// scanFast skips what it can.
func (s *scanner) scanFast(data []byte, at int64) {
	s.esc, s.csi, s.head, s.word = mark{}, mark{}, mark{}, mark{}
	i := 0
	if !s.quiet() {
		s.walk(0)
		i = s.settle(at)
	}
	for i < len(data) {
		q, ctx, end := s.skip(data, i)
		s.pace(q - i)
		s.from, s.fromCtx = at+int64(q), ctx
		s.walker.start(s.set, ctx, s.from)
		switch least := q + 16<<s.strikes; { // more than a head
		case !end:
			s.walk(least)
		case s.passable(q, ctx):
			s.stop(len(data), q, 0)
		default:
			s.walk(math.MaxInt)
		}
		i = s.settle(s.from + 1)
	}
}

// settle ends a walk: it returns the next place to skip from, the first byte that may
// begin a head, but not before raw position least; len(data) when the walk has come
// to the end.
func (s *scanner) settle(least int64) int {
	if s.index() == len(s.data) {
		return len(s.data)
	}
	next := max(least, s.recent())
	s.fromCtx.skip(s.data[s.from-s.at : next-s.at])
	s.from = next
	return int(next - s.at)
}

// passable reports whether the views stay together from index q to the end of the data, so that
// it need not be walked to know what is held back: the last bytes tell.
func (s *scanner) passable(q int, ctx context) bool {
	return s.set.short == nil && ctx.machine.state == ground && s.nextControl(s.data, q, ctx) == len(s.data)
}

// pace makes walks longer where they follow each other closely, so that no
// input makes the scanner read a byte more than a few times.
func (s *scanner) pace(skipped int) {
	switch {
	case skipped > 64:
		s.strikes = 0
	case s.strikes < 8:
		s.strikes++
	}
}

// contextAt returns the context at raw position pos, from which on nothing is settled.
func (s *scanner) contextAt(data []byte, at, pos int64) context {
	c := s.fromCtx
	c.skip(data[s.from-at : pos-at])
	return c
}

// skip returns the first index from i on at which an occurrence may begin in
// any view, and the context there; s.fromCtx is that at i. At the end of data it
// is the first byte that may begin a head which is not whole yet: then end is set.
func (s *scanner) skip(data []byte, i int) (q int, ctx context, end bool) {
	ctx = s.fromCtx
	for i < len(data) {
		e := i
		if ctx.machine.state == ground {
			raw := s.nextHead(data, i)
			e = s.nextControl(data, i, ctx)
			if raw < len(data) && raw <= e-headSize {
				return raw, contextIn(data, i, raw, ctx), false
			}
			if e == len(data) {
				q = max(i, len(data)-headSize+1)
				return q, contextIn(data, i, q, ctx), true
			}
			if k, from := s.hop(data, i, e, raw); k > i {
				i, ctx = k, context{raw: data[k-1], vis: data[from-1]}
				continue
			}
		}
		next, there, what := s.cluster(data, i, e, ctx)
		if what != goOn {
			return next, there, what == atEnd
		}
		i, ctx = next, there
	}
	return i, ctx, true
}

// nextHead returns the next index at which a head stands in the raw bytes.
func (s *scanner) nextHead(data []byte, i int) int {
	q := s.head.next(data, i, s.set.filter.find)
	if s.set.words != nil {
		q = min(q, s.word.next(data, i, s.set.words.find))
	}
	return q
}

func (m *mark) next(data []byte, i int, find func([]byte, int) int) int {
	if m.from <= i && i <= m.at && m.at > 0 {
		return m.at
	}
	m.from, m.at = i, find(data, i)
	if m.at < 0 {
		m.at = len(data)
	}
	return m.at
}

// nextControl returns the index of the next byte from i on that begins a
// control sequence, the machine being at rest at i, as ctx says.
func (s *scanner) nextControl(data []byte, i int, ctx context) int {
	e := s.esc.next(data, i, indexESC)
	for k := i; ; k++ {
		if k = s.csi.next(data, k, indexCSI); k >= e {
			return e
		}
		if !awaited(data, i, k, ctx) {
			return k
		}
	}
}

func indexESC(data []byte, i int) int { return indexFrom(data, i, 0x1b) }
func indexCSI(data []byte, i int) int { return indexFrom(data, i, 0x9b) }

func indexFrom(data []byte, i int, b byte) int {
	if k := bytes.IndexByte(data[i:], b); k >= 0 {
		return i + k
	}
	return -1
}

// awaited reports whether a continuation byte is due at k.
func awaited(data []byte, lo, k int, ctx context) bool {
	return contextIn(data, lo, k, ctx).machine.due > 0
}
