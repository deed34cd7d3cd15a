package detect

import (
	"bytes"
	"cmp"
	"slices"
)

// A scanner finds the matches of one stream.
type scanner struct {
	d *Detector

	// buf holds the bytes from base to pos: some that are settled, for looking
	// back, then those from at on, which are not.
	buf  []byte
	base int64
	at   int64
	pos  int64

	live    []*candidate
	idle    []*candidate // for reuse
	stepper stepper
	spans   []span
	hits    []hit
}

// A candidate is a match that has begun and may go on.
type candidate struct {
	rule    *compiled
	prog    *program
	start   int64
	threads []uint16
	ready   bool  // of a closed rule: it is a match if the word ends here
	certain bool  // of an open rule: it is a match up to end
	end     int64 // of a certain one
}

// A span is to be hidden.
type span struct {
	from, end int64
	rule      *compiled
}

type hit struct {
	rule *compiled
	from int64
}

// feed takes the next bytes of the stream.
func (s *scanner) feed(p []byte) {
	before := s.pos
	s.buf = append(s.buf, p...)
	s.pos += int64(len(p))
	going := s.live[:0]
	for _, c := range s.live {
		going = s.follow(going, c, before)
	}
	s.live = going
	s.begin(before)
}

// follow moves c over the bytes from p on and keeps it while it may go on.
func (s *scanner) follow(live []*candidate, c *candidate, p int64) []*candidate {
	if s.advance(c, p) {
		s.idle = append(s.idle, c)
		return live
	}
	return append(live, c)
}

// block is how many bytes the pre-filter is asked about at once.
const block = 1 << 10

// begin follows the keywords that were completed after before.
func (s *scanner) begin(before int64) {
	from := max(s.at, before-int64(s.d.long-1))
	for ; from < s.pos; from += block {
		end := min(s.pos, from+block)
		over := min(s.pos, end+int64(s.d.long-1))
		if s.d.stems.Contains(s.buf[from-s.base : over-s.base]) {
			s.seek(from, end, before)
		}
	}
}

// seek tries the keywords that begin between from and end, and that were
// completed after before.
func (s *scanner) seek(from, end, before int64) {
	text := s.buf[from-s.base:]
	for i := range text[:min(end-from, int64(len(text)-1))] {
		b := text[i]
		if !s.d.pairs[b].has(text[i+1]) {
			continue
		}
		start := from + int64(i)
		for _, k := range s.d.first[b] {
			key := &s.d.keys[k]
			if start+int64(len(key.text)) > before && bytes.HasPrefix(text[i:], key.text) {
				s.try(key, start)
			}
		}
	}
}

// try follows every rule of key from start on.
func (s *scanner) try(key *keyword, start int64) {
	for _, r := range key.rules {
		if !r.begins(s.buf[:start-s.base]) {
			continue
		}
		s.live = s.follow(s.live, s.candidate(r, start), start)
	}
}

func (s *scanner) candidate(r *compiled, start int64) *candidate {
	c := &candidate{}
	if n := len(s.idle); n > 0 {
		c, s.idle = s.idle[n-1], s.idle[:n-1]
	}
	p := r.prog()
	*c = candidate{rule: r, prog: p, start: start, threads: append(c.threads[:0], p.start...)}
	return c
}

// advance moves c over the bytes from position p on, and reports whether that
// was its end.
func (s *scanner) advance(c *candidate, p int64) bool {
	if c.rule.open() {
		return s.advanceOpen(c, p)
	}
	for ; p < s.pos; p++ {
		b := s.buf[p-s.base]
		if c.ready && !c.rule.word.has(b) {
			s.found(c, p)
			return true
		}
		match := s.move(c, b)
		c.ready = match && s.passes(c, p+1)
		if !c.ready && len(c.threads) == 0 {
			return true
		}
	}
	return false
}

func (s *scanner) advanceOpen(c *candidate, p int64) (over bool) {
	sure := c.end
	for ; p < s.pos && !over; p++ {
		match := s.move(c, s.buf[p-s.base])
		switch {
		case match && c.certain:
			c.end = p + 1
		case match && s.passes(c, p+1):
			s.found(c, p+1)
			c.certain, c.end = true, p+1
			sure = c.end
		case match:
			return true
		}
		over = len(c.threads) == 0
	}
	if c.end > sure {
		s.spans = append(s.spans, span{sure, c.end, c.rule})
	}
	return over
}

func (s *scanner) move(c *candidate, b byte) (match bool) {
	c.threads, match = s.stepper.step(c.prog, c.threads, b)
	return match
}

func (s *scanner) passes(c *candidate, end int64) bool {
	return c.rule.pass == nil || c.rule.pass(s.buf[c.start-s.base:end-s.base])
}

// found notes that c is a match up to end.
func (s *scanner) found(c *candidate, end int64) {
	from, to := c.rule.hidden(s.buf[c.start-s.base : end-s.base])
	s.hide(c, c.start+int64(from), c.start+int64(to))
}

func (s *scanner) hide(c *candidate, from, end int64) {
	s.spans = append(s.spans, span{from, end, c.rule})
	s.hits = append(s.hits, hit{c.rule, from})
}

// hold returns the first position that is not settled: everything before it is
// known to be hidden or not, whatever comes.
func (s *scanner) hold() int64 {
	h := s.pos
	for _, c := range s.live {
		if c.certain {
			h = min(h, c.end)
		} else {
			h = min(h, c.start)
		}
	}
	for p := max(s.at, s.pos-int64(s.d.long-1)); p < h; p++ {
		if s.mayBegin(p) {
			return p
		}
	}
	return h
}

// mayBegin reports whether the bytes from p on are the beginning of a keyword.
func (s *scanner) mayBegin(p int64) bool {
	i := p - s.base
	rest := s.buf[i:]
	if len(rest) > 1 && !s.d.pairs[rest[0]].has(rest[1]) {
		return false
	}
	for _, k := range s.d.first[rest[0]] {
		key := &s.d.keys[k]
		if len(key.text) <= len(rest) || !bytes.HasPrefix(key.text, rest) {
			continue
		}
		for _, r := range key.rules {
			if r.begins(s.buf[:i]) {
				return true
			}
		}
	}
	return false
}

// finish is the end of the stream. What may have been cut off is hidden where
// it is the better part of a token: at least cutOff bytes and half of the
// shortest match; or the rest, of that length, of one that is certain.
func (s *scanner) finish() {
	for _, c := range s.live {
		n := s.pos - c.start
		switch {
		case c.ready:
			s.found(c, s.pos)
		case c.certain && s.pos-c.end >= cutOff:
			s.spans = append(s.spans, span{c.end, s.pos, c.rule})
		case !c.certain && !c.prog.group && n >= cutOff && 2*n >= int64(c.prog.least):
			s.hide(c, c.start, s.pos)
		}
	}
	s.live = nil
}

const cutOff = 8

// order sorts what was found, so that it does not tell how the bytes were cut.
func (s *scanner) order() {
	slices.SortFunc(s.spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.rule.order, b.rule.order))
	})
	slices.SortFunc(s.hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.rule.order, b.rule.order))
	})
}

// settle forgets what lies before end, which is on the destination, but for
// what looking back needs.
func (s *scanner) settle(end int64) {
	s.at = end
	n := 0
	for _, sp := range s.spans {
		if sp.end > end {
			sp.from = max(sp.from, end)
			s.spans[n] = sp
			n++
		}
	}
	s.spans = s.spans[:n]
	if drop := end - int64(lookBack+s.d.long) - s.base; drop > 0 {
		s.buf = append(s.buf[:0], s.buf[drop:]...)
		s.base += drop
	}
}
