package masker

// split gives each view a state of its own.
func (s *walker) split() {
	a := s.set.auto
	text, flat := a.live(s.state, leadsText), a.live(s.state, leadsFlat)
	s.joined, s.twin, s.gap = false, true, false
	s.raw.restart(a, text, s.last, s.size, s.pos)
	s.flat.restart(a, flat, s.last, s.size, s.pos)
}

// part makes V1 a view of its own.
func (s *walker) part() {
	s.twin = false
	s.vis.restart(s.set.auto, s.raw.state, s.raw.tail, int(min(s.raw.n, headSize)), s.pos)
}

// join makes one state of three, if all end with the same raw bytes, as far back as
// anything may live.
func (s *walker) join() {
	if s.ctx.machine.state != ground || !s.flat.joined(s.pos) {
		return
	}
	a, n := s.set.auto, s.raw.state
	if !s.twin && (n != s.vis.state || s.vis.unbroken(s.pos) < max(a.depth(n), int64(a.head)-1)) {
		return
	}
	if s.flat.depth() > s.raw.depth() {
		n = s.flat.state
	}
	if a.live(n, leadsText) == s.raw.state && a.live(n, leadsFlat) == s.flat.state {
		s.joined, s.state = true, n
		s.last, s.size = s.raw.tail, int(min(s.raw.n, headSize))
	}
}

// walkSplit feeds the bytes from index i on, one or a stretch of plain ones, to each view that
// has them.
func (s *walker) walkSplit(i int) {
	if s.ctx.machine.state == ground && s.set.short == nil {
		if p := plainStretch(s.data[i:]); len(p) > 0 {
			s.ctx.machine.due = 0
			for _, v := range s.views() {
				s.feed(v, p)
			}
			s.gap = false
			s.pos += int64(len(p))
			s.join()
			return
		}
	}
	s.walkByte(s.data[i : i+1])
	s.join()
}

// walkByte feeds one byte, which may be one of a control sequence or a blank.
func (s *walker) walkByte(p []byte) {
	b := p[0]
	visible := s.ctx.next(b)
	if !visible && s.twin {
		s.part()
	}
	s.feed(&s.raw, p)
	if visible && !s.twin {
		s.feed(&s.vis, p)
	}
	switch {
	case visible && isSpace(b):
		s.gap = true
		if s.flat.depth() < s.set.scale.head {
			s.flat.state = 0
		}
	case visible:
		s.feed(&s.flat, p)
		s.gap = false
	}
	if s.set.short != nil {
		s.walkWords(b, visible)
	}
	s.pos++
}

// feed steps a view through visible bytes from s.pos on. No view waits for another: what they
// find may be noted in any order.
func (s *walker) feed(v *view, p []byte) {
	a := v.auto
	v.jumpTo(s.pos, s.gap && v == &s.flat)
	var left fall
	for i := 0; i < len(p); i++ {
		n := int32(0)
		if v.state != 0 {
			k, at := a.along(p, i, v.state)
			v.push(p[i:k])
			if i, v.state = k, at; i == len(p) {
				break
			}
			if n = a.next(v.state, p[i]); n == 0 && v.whole(len(p)) {
				k = left.again(p, i+1, v.state) - 1
				v.push(p[i:k])
				i = k
			}
		}
		v.push(p[i : i+1])
		fell := n == 0
		if fell {
			n = v.step(p[i])
		}
		if a.flags[n]&hasOut != 0 {
			s.report(v, n)
			left = fall{}
		}
		s.settleView(v, n, fell)
	}
	s.settleView(v, v.state, false)
}

// report records the words of the view that end with its last byte, in state n.
func (s *walker) report(v *view, n int32) {
	a := v.auto
	for t := a.out(n); t != 0; t = a.shorter(t) {
		w := a.wordAt(t)
		if w.kind&s.kindOf(v) == 0 || s.broken(v, t) {
			continue
		}
		if start := v.raw(v.n - a.depth(t)); v == &s.raw || v.end()-start <= s.set.span {
			s.found.add(start, v.end(), w.form)
		}
		if !s.set.all {
			break
		}
	}
}

// settleView sets v to the longest suffix of state n's string that may still become
// a word there. With fell it has another start than before, which a blank may have broken.
func (s *walker) settleView(v *view, n int32, fell bool) {
	kind := s.kindOf(v)
	for n != 0 && (v.auto.flags[n]&kind == 0 || fell && s.broken(v, n)) {
		n, fell = v.auto.fail(n), true
	}
	v.state = n
}

// kindOf returns the kind of the words that count in v.
func (s *walker) kindOf(v *view) byte {
	if v == &s.flat {
		return wordFlat
	}
	return wordText
}

// broken reports whether whitespace interrupts the first bytes of node n's
// string where it stands now in v. That is final: a start once broken stays so.
func (s *walker) broken(v *view, n int32) bool {
	return v == &s.flat && v.cutWithin(v.n-v.auto.depth(n), s.set.scale.head)
}
