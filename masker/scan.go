package masker

// A context is what the meaning of a byte depends on besides the forms: the
// terminal's state, and the bytes just before it, raw and visible, the nearest
// in the lowest bits.
type context struct {
	machine          machine
	rawTail, visTail uint64
}

// next feeds one byte and reports whether it is visible.
func (c *context) next(b byte) bool {
	c.rawTail = c.rawTail<<8 | uint64(b)
	if !c.machine.visible(b) {
		return false
	}
	c.visTail = c.visTail<<8 | uint64(b)
	return true
}

// A scanner finds the occurrences of a set's forms in a stream, and the longest
// live prefix: what must be held back.
type scanner struct {
	set  *set
	ctx  context
	pos  int64 // raw position of the next byte
	raw  view  // V0
	vis  view  // V1
	flat view  // V2

	// twin: V0 and V1 are in the same state with the same raw start, so one
	// step serves both. So it is for nearly every byte of nearly every log.
	twin bool
	gap  bool // whitespace since the last byte of V2

	words [2]wordView // values of 4 to 7 bytes, in V0 and V1

	found *findings
}

// start sets the scanner to raw position pos, where ctx holds.
func (s *scanner) start(set *set, ctx context, pos int64) {
	s.set, s.ctx, s.pos = set, ctx, pos
	s.raw.restart(set.text, pos)
	s.vis.restart(set.text, pos)
	s.flat.restart(set.flat, pos)
	s.twin, s.gap = true, false
	for i := range s.words {
		s.words[i].restart(set.short, pos)
	}
}

// scan feeds data.
func (s *scanner) scan(data []byte) {
	short := s.set.short != nil
	for _, b := range data {
		visible := s.ctx.next(b)
		s.scanText(b, visible)
		if visible {
			s.scanFlat(b)
		}
		if short {
			s.scanWords(b, visible)
		}
		s.pos++
	}
}

// scanText steps V0 and, if the byte is visible, V1.
func (s *scanner) scanText(b byte, visible bool) {
	if s.twin && visible {
		s.advance(&s.raw, b)
		s.vis.push(s.pos, false)
		s.vis.state = s.raw.state
		return
	}
	s.advance(&s.raw, b)
	if visible {
		s.advance(&s.vis, b)
	}
	s.twin = s.raw.state == s.vis.state && (s.raw.state == 0 || s.raw.start() == s.vis.start())
}

// advance steps a view in which every occurrence counts.
func (s *scanner) advance(v *view, b byte) {
	a := v.auto
	v.push(s.pos, false)
	n := a.step(v.state, b)
	for t := a.out[n]; t != 0; t = a.out[a.fail[t]] {
		s.match(v, t)
		if !s.set.all {
			break // the others lie inside this one
		}
	}
	for a.flags[n]&parent == 0 && n != 0 {
		n = a.fail[n]
	}
	v.state = n
	v.trim()
}

// match records the occurrence of the word that ends at node t with the view's last byte.
func (s *scanner) match(v *view, t int32) {
	start := v.raw(v.n - int64(v.auto.depth[t]))
	if v.end()-start > s.set.span && v != &s.raw {
		return
	}
	s.found.add(start, v.end(), v.auto.tag(t))
}

// scanFlat steps V2: whitespace is left out, and an occurrence that it
// interrupts counts only if its first bytes are whole.
func (s *scanner) scanFlat(b byte) {
	v, a := &s.flat, s.set.flat
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
	for t := a.out[n]; t != 0; t = a.out[a.fail[t]] {
		if s.broken(t) {
			continue
		}
		s.match(v, t)
		if !s.set.all {
			break
		}
	}
	for n != 0 && (a.flags[n]&parent == 0 || s.broken(n)) {
		n = a.fail[n]
	}
	v.state = n
	v.trim()
}

// broken reports whether whitespace interrupts the first bytes of node n's
// string where it stands now. That is final: a start once broken stays so.
func (s *scanner) broken(n int32) bool {
	v := &s.flat
	return v.cutWithin(v.n-int64(s.set.flat.depth[n]), s.set.scale.head)
}

// hold returns the raw position from which on bytes must be held back: the
// first byte of the longest live prefix, or s.pos.
func (s *scanner) hold() int64 {
	at := s.pos
	for _, v := range [...]*view{&s.raw, &s.vis, &s.flat} {
		if v != &s.raw {
			s.shorten(v)
		}
		if v.state != 0 {
			at = min(at, v.start())
		}
	}
	for i := range s.words {
		at = min(at, s.words[i].hold(s))
	}
	return at
}

// shorten drops the live prefixes of V1 and V2 that can no longer end within
// the longest span that counts: a flood of blanks or escapes.
func (s *scanner) shorten(v *view) {
	for v.state != 0 && s.pos-v.start() >= s.set.span {
		v.state = v.auto.fail[v.state]
		s.twin = false
		for v == &s.flat && v.state != 0 && s.broken(v.state) {
			v.state = v.auto.fail[v.state]
		}
	}
}

// finish records the tail of a stream that ends inside a form: a live prefix of
// at least 8 bytes that is at least half of the shortest form it could become.
func (s *scanner) finish() {
	for i := range s.words {
		s.words[i].settle(s, false)
	}
	for _, v := range [...]*view{&s.raw, &s.vis, &s.flat} {
		for n := v.state; n != 0; n = v.auto.fail[n] {
			if s.tail(v, n) {
				break
			}
		}
	}
}

func (s *scanner) tail(v *view, n int32) bool {
	a, size := v.auto, int64(v.auto.depth[n])
	if size < s.set.scale.tail || a.flags[n]&parent == 0 || v == &s.flat && s.broken(n) {
		return false
	}
	if 2*size < int64(a.shortest(n)) {
		return false
	}
	s.found.add(v.raw(v.n-size), v.end(), a.tag(n))
	return true
}
