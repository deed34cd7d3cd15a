package masker

// A walker finds every occurrence. It is exact by itself, whatever byte it is started
// at; the scanner only spares it the stretches in which nothing can begin.
//
// While no control sequence and no blank is about, the three views of a stream
// are the same bytes, and one state serves all: the walker is joined. Where they
// part it is split, with a view for each; it joins again when they agree.
type walker struct {
	set   *set
	found *findings
	ctx   context
	pos   int64 // raw position of the next byte

	data []byte // what is being fed, from raw position at on
	at   int64

	joined bool
	state  int32  // when joined: the longest live prefix, which ends at pos
	since  int64  // nothing before this raw position is part of what lives
	last   uint64 // the last bytes before pos, as of the last stop
	size   int    // how many of them do not lie before since

	raw, vis, flat view // when split: V0, V1, V2
	twin           bool // V1 is V0: no control sequence since the split; vis is not kept
	gap            bool // whitespace since the last byte of flat

	words [2]wordView // values of 4 to 7 bytes, in V0 and V1
}

// start sets the walker to raw position pos, where ctx holds and nothing lives.
func (s *walker) start(set *set, ctx context, pos int64) {
	s.set, s.ctx, s.pos = set, ctx, pos
	s.joined, s.state, s.since, s.size = true, 0, pos, 0
	if ctx.machine.state != ground {
		s.split()
	}
	if set.short != nil {
		for i := range s.words {
			s.words[i].start(set.short, pos, [2]byte{ctx.raw, ctx.vis}[i])
		}
	}
}

// walk feeds the data from s.pos on, and stops early, from index least on, where no
// head lives that is whole, and the byte it started at is settled.
func (s *walker) walk(least int) {
	for i := s.index(); i < len(s.data); i = s.index() {
		if s.joined {
			s.walkJoined(i, least)
		} else {
			s.walkSplit(i)
		}
		if s.index() >= least && s.quiet() && s.recent() > s.since {
			break
		}
	}
}

func (s *walker) index() int { return int(s.pos - s.at) }

// walkJoined feeds the bytes from index i on before which the views do not part, at
// least one, and stops when nothing lives and least is reached.
func (s *walker) walkJoined(i, least int) {
	a, data, n := s.set.auto, s.data, s.state
	lo := max(0, int(s.since-s.at))
	words := s.set.short != nil // then no byte may be passed over
	var left fall
	for i < len(data) {
		if n != 0 && !words {
			from := i
			if i, n = a.along(data, i, n); i > from {
				s.ctx.machine.due = 0
			}
			if i == len(data) {
				break
			}
		}
		b := data[i]
		if parting[b] {
			if s.parts(n, b) {
				s.stop(i, lo, n)
				s.split()
				s.walkSplit(i)
				return
			}
			s.ctx.machine.show(b)
		} else {
			s.ctx.machine.due = 0
		}
		i++
		from := n
		if n = a.next(from, b); n == 0 {
			if from != 0 && !words {
				i = left.again(data, i, from)
			}
			n = a.restep(from, data[lo:i])
		}
		if a.flags[n]&hasOut != 0 {
			s.matchJoined(n, s.at+int64(i))
			left = fall{}
		}
		for n != 0 && a.flags[n]&parent == 0 {
			n = a.fail(n)
		}
		if words {
			s.pos = s.at + int64(i-1)
			s.ctx.raw, s.ctx.vis = b, b
			s.walkWords(b, true)
		}
		if n == 0 && i >= least {
			break
		}
	}
	s.stop(i, lo, n)
}

// stop ends a joined walk at index i, in state n. The data from index lo on counts.
func (s *walker) stop(i, lo int, n int32) {
	s.pos, s.state = s.at+int64(i), n
	s.size = min(headSize, i-lo)
	if i >= headSize {
		s.last = headKey(s.data[i-headSize : i])
		return
	}
	for _, b := range s.data[:i] {
		s.last = s.last>>8 | uint64(b)<<56
	}
}

// parting lists the bytes at which the views may part: blanks, ESC, and what is
// not ASCII.
var parting = func() (l [256]bool) {
	for b := range l {
		l[b] = b >= 0x80 || b == 0x1b || isSpace(byte(b))
	}
	return l
}()

// parts reports whether b makes the views differ after state n: it begins a control
// sequence, or is left out of V2 and something lives there. (Of what is shorter
// than a head nothing lives there after a blank: each view goes on with the same bytes.)
func (s *walker) parts(n int32, b byte) bool {
	if b == 0x1b || b == 0x9b && s.ctx.machine.due == 0 {
		return true
	}
	return isSpace(b) && s.set.auto.live(n, leadsFlat) != 0
}

func (s *walker) matchJoined(n int32, end int64) {
	a := s.set.auto
	for t := a.out(n); t != 0; t = a.shorter(t) {
		s.found.add(end-a.depth(t), end, a.wordAt(t).form)
		if !s.set.all {
			return // the others lie inside this one
		}
	}
}
