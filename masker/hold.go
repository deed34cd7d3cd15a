package masker

// quiet reports whether all that lives is shorter than a head: the scanner would find it again.
func (s *walker) quiet() bool {
	for i := range s.words {
		if s.set.short != nil && !s.words[i].quiet() {
			return false
		}
	}
	if s.joined {
		return s.state == 0
	}
	return s.raw.state == 0 && s.flat.state == 0 && (s.twin || s.vis.state == 0)
}

// recent returns the raw position of the first byte that a head which is not whole may
// begin with.
func (s *walker) recent() int64 {
	switch {
	case s.joined:
		return s.pos - int64(min(s.size, s.set.auto.head-1))
	case s.twin:
		return s.raw.recent()
	}
	return min(s.raw.recent(), s.vis.recent())
}

// hold returns the raw position from which on bytes must be held back: the
// first byte of the longest live prefix, or s.pos.
func (s *walker) hold() int64 {
	at := s.pos
	switch {
	case !s.joined:
		for _, v := range s.views() {
			at = min(at, s.holdView(v))
		}
	case s.state != 0:
		at -= s.set.auto.depth(s.state)
	default:
		at -= int64(s.set.auto.begun(s.last, s.size, parent))
	}
	if s.set.short != nil {
		for i := range s.words {
			at = min(at, s.words[i].hold(s))
		}
	}
	return at
}

// holdView returns the raw position of the first byte of v's longest live prefix, or s.pos.
func (s *walker) holdView(v *view) int64 {
	if v != &s.raw {
		s.shorten(v)
	}
	if v.state != 0 {
		return v.start()
	}
	size := min(v.n, headSize)
	if v == &s.flat {
		if s.gap {
			return s.pos
		}
		for size > 0 && v.cutWithin(v.n-size, size) {
			size--
		}
	}
	for size > 0 && s.pos-v.raw(v.n-size) >= s.set.span {
		size--
	}
	if k := int64(v.auto.begun(v.tail, int(size), s.kindOf(v))); k > 0 {
		return v.raw(v.n - k)
	}
	return s.pos
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
		for v.state != 0 && s.broken(v, v.state) {
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
	kind, size := s.kindOf(v), v.auto.depth(n)
	if size < s.set.scale.tail || v.auto.flags[n]&kind == 0 || s.broken(v, n) {
		return false
	}
	w, whole := v.auto.shortest(n, kind)
	if 2*size < whole {
		return false
	}
	s.found.add(v.raw(v.n-size), v.end(), w.form)
	return true
}
