package masker

import (
	"bytes"
	"encoding/binary"
	"math"
)

// A gathering holds the visible bytes about a cluster of control sequences, in
// runs, and where each run lies in the data.
type gathering struct {
	bytes [512]byte
	n     int
	runs  [64]run
	count int

	// Places before all that is gathered, and where the last gathering was full.
	known, later place
}

// A place is an index in the data and the context there.
type place struct {
	at  int
	ctx context
}

// A run is a piece of the data that begins at index from, and at n in the gathering.
type run struct{ n, from int }

// add appends data[from:to], at most 8 bytes.
func (g *gathering) add(data []byte, from, to int) {
	g.runs[g.count] = run{g.n, from}
	g.count++
	if from+8 <= len(data) { // one move; what is too much is overwritten or ignored
		binary.LittleEndian.PutUint64(g.bytes[g.n:g.n+8], binary.LittleEndian.Uint64(data[from:]))
	} else {
		copy(g.bytes[g.n:], data[from:to])
	}
	g.n += to - from
}

// full reports whether there may be no room for two more runs.
func (g *gathering) full() bool {
	return g.n > len(g.bytes)-3*headSize || g.count > len(g.runs)-3
}

// keep drops all but the last 7 bytes; c is the context at k, behind them.
func (g *gathering) keep(data []byte, k int, c context) {
	if g.later.at > g.known.at {
		g.known = g.later
	}
	g.later = place{k, c}
	var last [headSize - 1]int
	for i := range last {
		last[i] = g.index(g.n - len(last) + i)
	}
	g.n, g.count = 0, 0
	for _, at := range last {
		g.add(data, at, at+1)
	}
}

// index returns where byte n lies in the data.
func (g *gathering) index(n int) int {
	for k := g.count - 1; ; k-- {
		if r := g.runs[k]; r.n <= n {
			return r.from + n - r.n
		}
	}
}

// hop passes whole control sequences, the first of which is at e, as long as a
// glance is enough: that is the common case, seven plain bytes before the first,
// and the filter knows none of the heads that stand across. It does
// then what cluster does. It returns the index behind the last one passed, which
// is not beyond limit, and where that began; i if there is none.
func (s *scanner) hop(data []byte, i, e, limit int) (next, from int) {
	for e-i >= headSize-1 {
		// sequence and nextESC, written out: every colour code comes by here, and a call is a twentieth of it.
		k := sequenceEnd(data, e)
		if k == e || k > limit || len(data)-k < headSize || s.csi.at < k+headSize {
			break
		}
		n := len(data)
		if d := bytes.IndexByte(data[k:], 0x1b); d >= 0 {
			n = k + d
		}
		if n-k >= headSize {
			first := binary.LittleEndian.Uint64(data[e-headSize+1:])<<8>>8 | uint64(data[k])<<56
			last := binary.LittleEndian.Uint64(data[k:])
			if s.set.filter.across(first, last) || s.set.words != nil && s.set.words.across(first, last) {
				break
			}
		} else if e, k, n = s.hopWords(data, e, k, n, limit); k == e {
			break
		}
		i, from, e = k, e, n
		s.esc = mark{k, n}
	}
	return i, from
}

// hopWords is hop for sequences with less than a head between them, as about a word in
// colour: the first is at e and ends at k, and the next is at n. It returns where the last begins,
// where it ends, and where another is; if they cannot be passed, the first two are equal.
func (s *scanner) hopWords(data []byte, e, k, n, limit int) (int, int, int) {
	seen := s.gathered.bytes[:16*headSize] // the visible bytes
	m := copy(seen, data[e-headSize+1:e])
	for ; n-k < headSize; n = nextESC(data, k) {
		binary.LittleEndian.PutUint64(seen[m:], binary.LittleEndian.Uint64(data[k:]))
		m += n - k
		e = n
		if k = s.sequence(data, e, limit); k == e || m > len(seen)-2*headSize {
			return e, e, n
		}
	}
	m += copy(seen[m:], data[k:k+headSize-1])
	if s.set.filter.find(seen[:m], 0) >= 0 || s.set.words != nil && s.set.words.find(seen[:m], 0) >= 0 {
		return e, e, n
	}
	return e, k, n
}

// sequence returns the index behind the control sequences at e, or e if hop may not pass them.
func (s *scanner) sequence(data []byte, e, limit int) int {
	k := sequenceEnd(data, e)
	if k > limit || len(data)-k < headSize || s.csi.at < k+headSize {
		return e
	}
	return k
}

// nextESC returns the index of the next ESC from i on, or len(data).
func nextESC(data []byte, i int) int {
	if k := bytes.IndexByte(data[i:], 0x1b); k >= 0 {
		return i + k
	}
	return len(data)
}

// cluster deals with the control sequences from e on that follow each other
// closely; ctx is the context at i, and no head stands whole in data[i:e].
//
// Only heads that a sequence interrupts are left to find, so it is enough to
// look at the visible bytes around them in one piece: seven before, eight
// behind, and all in between. In the raw view heads are found as everywhere.
//
// It returns an index, the context there, and what it is.
func (s *scanner) cluster(data []byte, i, e int, ctx context) (int, context, outcome) {
	g := &s.gathered
	g.n, g.count = 0, 0
	first := max(i, e-headSize+1)
	g.known = place{first, contextIn(data, i, first, ctx)}
	g.later = g.known
	c := ctx
	if first < e {
		g.add(data, first, e)
		c = context{raw: data[e-1], vis: data[e-1]} // no continuation is due, or e were none
	}
	next, what := s.gather(data, i, e, &c)
	if what == atEnd {
		next = len(data) - headSize + 1
		if g.n > 0 {
			next = min(next, g.index(max(0, g.n-headSize+1)))
		}
		next = max(g.known.at, next)
	}
	if q := min(s.headAmong(), s.nextHead(data, i)); q < next {
		next, what = q, candidate
	}
	if what != goOn {
		c = g.known.ctx
		c.skip(data[g.known.at:next])
	}
	return next, c, what
}

// gather adds the visible bytes from e on, where a control sequence begins or
// goes on, up to eight behind the last sequence of the cluster, c following.
func (s *scanner) gather(data []byte, i, e int, c *context) (next int, what outcome) {
	g := &s.gathered
	for k := e; ; {
		if k = c.toVisible(data, k); k == len(data) {
			return k, atEnd
		}
		// data[k] is visible, and c the context behind it.
		if e = k + 1; e == len(data) || data[e] != 0x1b {
			e = s.nextControl(data, e, *c)
		}
		g.add(data, k, min(e, k+headSize))
		if e-k >= headSize {
			return k + 1, goOn
		}
		if k+1 < e {
			*c = contextIn(data, k+1, e, *c)
		}
		if k = e; k == len(data) {
			return k, atEnd
		}
		if g.full() {
			if s.headAmong() != nowhere || s.nextHead(data, i) < k {
				return k, candidate
			}
			g.keep(data, k, *c)
		}
	}
}

// An outcome is what cluster has found.
type outcome int

const (
	goOn      outcome = iota // nothing: skip on from the index
	candidate                // the first index at which a form may begin
	atEnd                    // the end of data: the first index at which a head may begin that is not whole yet
)

// nowhere is larger than any index.
const nowhere = math.MaxInt

// headAmong returns the index in the data of the first head gathered, or nowhere.
func (s *scanner) headAmong() int {
	g := &s.gathered
	q := s.set.filter.find(g.bytes[:g.n], 0)
	if s.set.words != nil {
		if w := s.set.words.find(g.bytes[:g.n], 0); w >= 0 && (q < 0 || w < q) {
			q = w
		}
	}
	if q < 0 {
		return nowhere
	}
	return g.index(q)
}
