package masker

import "math"

// A gathering holds the visible bytes about a cluster of control sequences, and
// the index of each in the data.
type gathering struct {
	bytes [256]byte
	at    [256]int
	n     int
}

func (g *gathering) add(data []byte, from, to int) {
	for ; from < to; from++ {
		g.bytes[g.n], g.at[g.n] = data[from], from
		g.n++
	}
}

// full reports whether there may be no room for another run.
func (g *gathering) full() bool { return g.n > len(g.bytes)-2*headSize }

// keep drops all but the last n bytes.
func (g *gathering) keep(n int) {
	copy(g.bytes[:], g.bytes[g.n-n:g.n])
	copy(g.at[:], g.at[g.n-n:g.n])
	g.n = n
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
	first := max(i, e-headSize+1)
	c := contextIn(data, i, first, ctx)
	firstCtx := c
	g.n = 0
	g.add(data, first, e)
	for _, b := range data[first:e] {
		c.next(b)
	}
	next, what := s.gather(data, e, &c)
	if what == atEnd {
		next = max(first, min(len(data)-headSize+1, g.at[max(0, g.n-headSize+1)]))
	}
	if q := min(s.headAmong(), s.nextHead(data, i)); q < next {
		next, what = q, candidate
	}
	if what != goOn {
		c = firstCtx
		c.skip(data[first:next])
	}
	return next, c, what
}

// gather adds the visible bytes from e on, where a control sequence begins or
// goes on, up to eight behind the last sequence of the cluster, c following.
func (s *scanner) gather(data []byte, e int, c *context) (next int, what outcome) {
	g := &s.gathered
	for k := e; ; k++ {
		for k < len(data) && !c.next(data[k]) {
			k++
		}
		if k == len(data) {
			return k, atEnd
		}
		// data[k] is visible, and c the context behind it.
		e = s.nextControl(data, k+1, *c)
		g.add(data, k, min(e, k+headSize))
		if e-k >= headSize {
			return k + 1, goOn
		}
		for k++; k < e; k++ {
			c.next(data[k])
		}
		if k == len(data) {
			return k, atEnd
		}
		k--
		if g.full() {
			if s.headAmong() != nowhere {
				return k, candidate
			}
			g.keep(headSize - 1)
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
	return g.at[q]
}
