package masker

// A walker finds every occurrence, byte by byte. It is exact by itself; the
// scanner only spares it the stretches in which nothing can begin.
//
// While no control sequence and no blank is about, the three views of a stream
// are the same bytes, and one state serves all: the walker is joined. Where they
// part it is split, with a view for each; it joins again when they agree.
type walker struct {
	set   *set
	found *findings
	ctx   context
	pos   int64 // raw position of the next byte

	joined bool
	state  int32 // when joined: the longest live prefix, which ends at pos

	raw, vis, flat view // when split: V0, V1, V2
	twin           bool // V1 is V0: no control sequence since the split; vis is not kept
	gap            bool // whitespace since the last byte of flat

	words [2]wordView // values of 4 to 7 bytes, in V0 and V1
}

// start sets the walker to raw position pos, where ctx holds and nothing lives.
func (s *walker) start(set *set, ctx context, pos int64) {
	s.set, s.ctx, s.pos = set, ctx, pos
	s.joined, s.state = true, 0
	if ctx.machine.state != ground {
		s.split()
	}
	if set.short != nil {
		for i := range s.words {
			s.words[i].start(set.short, pos, [2]byte{ctx.raw, ctx.vis}[i])
		}
	}
}

// walk feeds data, and stops early, after at least least bytes, where nothing
// longer than a head lives and the byte it started at is settled. It returns
// the number of bytes fed.
func (s *walker) walk(data []byte, least int, origin int64) int {
	i := 0
	for i < len(data) {
		if s.joined {
			i += s.walkJoined(data[i:], least-i)
		} else {
			s.walkSplit(data[i])
			i++
		}
		if i >= least && s.quiet() && s.hold() > origin {
			break
		}
	}
	return i
}

// walkJoined feeds the bytes before which the views do not part, at least one,
// and stops when nothing lives and least is reached. It returns their number.
func (s *walker) walkJoined(data []byte, least int) int {
	a, n, at := s.set.auto, s.state, s.pos
	words := s.set.short != nil
	for i, b := range data {
		if parting[b] {
			if s.state, s.pos = n, at+int64(i); s.parts(b) {
				s.split()
				s.walkSplit(b)
				return i + 1
			}
			s.ctx.machine.show(b)
		} else {
			s.ctx.machine.due = 0
		}
		n = a.step(n, b)
		if a.flags[n]&hasOut != 0 {
			s.matchJoined(n, at+int64(i)+1)
		}
		for a.flags[n]&parent == 0 && n != 0 {
			n = a.fail(n)
		}
		if words {
			s.pos = at + int64(i)
			s.ctx.raw, s.ctx.vis = b, b
			s.walkWords(b, true)
		}
		if i+1 >= least && a.isShort(n) {
			data = data[:i+1]
			break
		}
	}
	s.state, s.pos = n, at+int64(len(data))
	return len(data)
}

// parting lists the bytes at which the views may part: blanks, ESC, and what is
// not ASCII.
var parting = func() (l [256]bool) {
	for b := range l {
		l[b] = b >= 0x80 || b == 0x1b || isSpace(byte(b))
	}
	return l
}()

// parts reports whether b makes the views differ: it is left out of one of
// them, and something lives there or goes on elsewhere.
func (s *walker) parts(b byte) bool {
	if b == 0x1b || b == 0x9b && s.ctx.machine.due == 0 {
		return true
	}
	a := s.set.auto
	return isSpace(b) && (a.depth(s.state) >= s.set.scale.head || a.step(s.state, b) != 0)
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

// split gives each view a state of its own.
func (s *walker) split() {
	a := s.set.auto
	text, flat := a.live(s.state, leadsText), a.live(s.state, leadsFlat)
	s.joined, s.twin, s.gap = false, true, false
	s.raw.restart(a, text, s.pos)
	s.flat.restart(a, flat, s.pos)
}

// part makes V1 a view of its own.
func (s *walker) part() {
	s.twin = false
	s.vis.restart(s.set.auto, s.raw.state, s.pos)
}

// join makes one state of three, if all end with the same raw bytes.
func (s *walker) join() {
	if s.ctx.machine.state != ground || !s.flat.joined(s.pos) {
		return
	}
	if !s.twin && (s.raw.state != s.vis.state || !s.vis.joined(s.pos)) {
		return
	}
	a, n := s.set.auto, s.raw.state
	if s.flat.depth() > s.raw.depth() {
		n = s.flat.state
	}
	if a.live(n, leadsText) == s.raw.state && a.live(n, leadsFlat) == s.flat.state {
		s.joined, s.state = true, n
	}
}

// walkSplit feeds one byte to each view that has it.
func (s *walker) walkSplit(b byte) {
	visible := s.ctx.next(b)
	if !visible && s.twin {
		s.part()
	}
	s.advance(&s.raw, b)
	if visible {
		if !s.twin {
			s.advance(&s.vis, b)
		}
		s.advanceFlat(b)
	}
	if s.set.short != nil {
		s.walkWords(b, visible)
	}
	s.pos++
	s.join()
}

// advance steps a view in which every occurrence of a text word counts.
func (s *walker) advance(v *view, b byte) {
	a := v.auto
	v.push(s.pos, false)
	n := a.step(v.state, b)
	for t := a.out(n); t != 0; t = a.shorter(t) {
		if a.wordAt(t).kind&wordText == 0 {
			continue
		}
		s.match(v, t)
		if !s.set.all {
			break
		}
	}
	v.state = a.live(n, leadsText)
	v.trim()
}

// match records the occurrence of the word that ends at node t with the view's last byte.
func (s *walker) match(v *view, t int32) {
	start := v.raw(v.n - v.auto.depth(t))
	if v.end()-start > s.set.span && v != &s.raw {
		return
	}
	s.found.add(start, v.end(), v.auto.wordAt(t).form)
}

// advanceFlat steps V2: whitespace is left out, and an occurrence that it
// interrupts counts only if its first bytes are whole.
func (s *walker) advanceFlat(b byte) {
	v, a := &s.flat, s.set.auto
	if isSpace(b) {
		s.gap = true
		if v.depth() < s.set.scale.head {
			v.state = 0
		}
		return
	}
	v.push(s.pos, s.gap)
	s.gap = false
	n := a.step(v.state, b)
	for t := a.out(n); t != 0; t = a.shorter(t) {
		if a.wordAt(t).kind&wordFlat == 0 || s.broken(t) {
			continue
		}
		s.match(v, t)
		if !s.set.all {
			break
		}
	}
	if a.depth(n) != a.depth(v.state)+1 || a.flags[n]&leadsFlat == 0 {
		// Another start than before: it may be one that a blank has broken.
		for n != 0 && (a.flags[n]&leadsFlat == 0 || s.broken(n)) {
			n = a.fail(n)
		}
	}
	v.state = n
	v.trim()
}

// broken reports whether whitespace interrupts the first bytes of node n's
// string where it stands now in V2. That is final: a start once broken stays so.
func (s *walker) broken(n int32) bool {
	v := &s.flat
	return v.cutWithin(v.n-v.auto.depth(n), s.set.scale.head)
}

// quiet reports whether all that lives is shorter than a head: the scanner would find it again.
func (s *walker) quiet() bool {
	for i := range s.words {
		if s.set.short != nil && !s.words[i].quiet() {
			return false
		}
	}
	if s.joined {
		return s.set.auto.isShort(s.state)
	}
	return s.raw.depth() < headSize && s.flat.depth() < headSize && (s.twin || s.vis.depth() < headSize)
}

// hold returns the raw position from which on bytes must be held back: the
// first byte of the longest live prefix, or s.pos.
func (s *walker) hold() int64 {
	at := s.pos
	if s.joined {
		at -= s.set.auto.depth(s.state)
	} else {
		for _, v := range s.views() {
			if v != &s.raw {
				s.shorten(v)
			}
			if v.state != 0 {
				at = min(at, v.start())
			}
		}
	}
	if s.set.short != nil {
		for i := range s.words {
			at = min(at, s.words[i].hold(s))
		}
	}
	return at
}

// views returns the views that are kept when split.
func (s *walker) views() []*view {
	if s.twin {
		return []*view{&s.raw, &s.flat}
	}
	return []*view{&s.raw, &s.vis, &s.flat}
}

// shorten drops the live prefixes of V1 and V2 that can no longer end within
// the longest span that counts: a flood of blanks or escapes.
func (s *walker) shorten(v *view) {
	for v.state != 0 && s.pos-v.start() >= s.set.span {
		v.state = v.auto.fail(v.state)
		for v == &s.flat && v.state != 0 && s.broken(v.state) {
			v.state = v.auto.fail(v.state)
		}
	}
}

// finish records the tail of a stream that ends inside a form: a live prefix of
// at least 8 bytes that is at least half of the shortest form it could become.
func (s *walker) finish() {
	if s.set.short != nil {
		for i := range s.words {
			s.words[i].settle(s, false)
		}
	}
	if s.joined {
		s.split()
	}
	for _, v := range s.views() {
		for n := v.state; n != 0; n = v.auto.fail(n) {
			if s.tail(v, n) {
				break
			}
		}
	}
}

func (s *walker) tail(v *view, n int32) bool {
	kind := byte(wordText)
	if v == &s.flat {
		kind = wordFlat
	}
	size := v.auto.depth(n)
	if size < s.set.scale.tail || v.auto.flags[n]&kind == 0 || v == &s.flat && s.broken(n) {
		return false
	}
	w := v.auto.shortest(n, kind)
	if 2*size < int64(len(w.bytes)) {
		return false
	}
	s.found.add(v.raw(v.n-size), v.end(), w.form)
	return true
}
