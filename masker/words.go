package masker

// wordMax is the length of the longest value that is looked for only between
// word boundaries; a wordView keeps that many bytes and one more in a uint64.
const wordMax = 7

// A wordView looks for values of 4 to 7 bytes in one view of the stream, where
// no byte of [A-Za-z0-9_] stands next to them. An occurrence waits for the byte
// after it.
type wordView struct {
	view
	past    uint64 // the bytes before and in the view, the last one lowest
	waiting [wordMax]wordMatch
	count   int
}

type wordMatch struct {
	start, end int64
	form       *form
}

// start begins at raw position pos, behind the byte before.
func (w *wordView) start(a *automaton, pos int64, before byte) {
	w.count, w.past = 0, uint64(before)
	w.restart(a, 0, 0, 0, pos)
}

// walkWords steps the word views.
func (s *walker) walkWords(b byte, visible bool) {
	s.words[0].next(s, b)
	if visible {
		s.words[1].next(s, b)
	}
}

func (w *wordView) next(s *walker, b byte) {
	w.past = w.past<<8 | uint64(b)
	if w.count > 0 {
		w.settle(s, isWord(b))
	}
	a := w.auto
	w.jumpTo(s.pos, false)
	w.push([]byte{b})
	n := w.step(b)
	for t := a.out(n); t != 0; t = a.shorter(t) {
		if w.flanked(a.depth(t)) {
			continue
		}
		w.waiting[w.count] = wordMatch{w.raw(w.n - a.depth(t)), w.end(), a.wordAt(t).form}
		w.count++
	}
	for n != 0 && (a.flags[n]&parent == 0 || w.flanked(a.depth(n))) {
		n = a.fail(n)
	}
	w.state = n
}

// settle records the occurrences that were waiting, unless a word byte follows.
// One that has waited for longer than the longest span is not asked again.
func (w *wordView) settle(s *walker, word bool) {
	for _, m := range w.waiting[:w.count] {
		if m.end-m.start <= s.set.span && (!word || s.pos-m.start >= s.set.span) {
			s.found.add(m.start, m.end, m.form)
		}
	}
	w.count = 0
}

// hold returns the first raw position that w still needs, or s.pos.
func (w *wordView) hold(s *walker) int64 {
	at := s.pos
	for w.state != 0 && s.pos-w.view.start() >= s.set.span {
		w.state = w.auto.fail(w.state)
	}
	if w.state != 0 {
		at = w.view.start()
	}
	if w.count > 0 && s.pos-w.waiting[0].start >= s.set.span {
		w.settle(s, false)
	}
	for _, m := range w.waiting[:w.count] {
		at = min(at, m.start)
	}
	return at
}

// quiet reports whether w is no further than the scanner would find again.
func (w *wordView) quiet() bool { return w.count == 0 && w.depth() < wordHead }

// flanked reports whether a word byte stands before the last size bytes.
func (w *wordView) flanked(size int64) bool { return isWord(byte(w.past >> (8 * uint(size)))) }

func isWord(b byte) bool { return isAlnum(b) || b == '_' }

func isAlnum(b byte) bool {
	return '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
}

func isSpace(b byte) bool {
	return b == ' ' || '\t' <= b && b <= '\r'
}
