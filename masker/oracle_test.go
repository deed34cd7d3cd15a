package masker

import "bytes"

// The oracle restates the rules of the three views, slowly and without sharing
// code with the engine: it tries every word at every position. Only the list of
// words is the engine's; how values become words has tests of its own.
type oracle struct {
	words [][]byte // looked for everywhere
	short [][]byte // looked for between word boundaries
	sc    scale
}

func oracleOf(m *Masker) oracle {
	s := m.cur.Load()
	o := oracle{sc: s.scale}
	for _, w := range s.auto.allWords() {
		if w.kind&wordText != 0 {
			o.words = append(o.words, w.bytes)
		}
	}
	if s.short != nil {
		for _, w := range s.short.allWords() {
			o.short = append(o.short, w.bytes)
		}
	}
	return o
}

// glyph is one byte of a view: its value and its raw position. cut says that
// whitespace was dropped between it and the one before.
type glyph struct {
	b   byte
	at  int
	cut bool
}

func rawView(in []byte) []glyph {
	l := make([]glyph, 0, len(in))
	for i, b := range in {
		l = append(l, glyph{b, i, false})
	}
	return l
}

// visibleView is the machine of the second view, written from its description.
func visibleView(in []byte) []glyph {
	l := make([]glyph, 0, len(in))
	state, due, count := "ground", 0, 0
	for i, b := range in {
		visible := false
		switch state {
		case "ground":
			switch {
			case b == 0x1b:
				state = "escape"
			case b == 0x9b && due == 0:
				state, count = "control", 0
			default:
				visible = true
			}
		case "escape":
			switch {
			case b == '[':
				state, count = "control", 0
			case b >= 0x20 && b <= 0x2f:
			case b == ']' || b == 'P' || b == '^' || b == '_' || b == 'X':
				state = "ground"
			case b >= 0x30 && b <= 0x7e:
				state = "ground"
			default:
				visible = true
			}
		case "control":
			switch {
			case b >= 0x40 && b <= 0x7e:
				state = "ground"
			case b >= 0x20 && b <= 0x3f && count < 64:
				count++
			default:
				visible = true
			}
		}
		if !visible {
			due = 0
			continue
		}
		state = "ground"
		switch {
		case b >= 0x80 && b <= 0xbf:
			due = max(0, due-1)
		case b >= 0xc2 && b <= 0xdf:
			due = 1
		case b >= 0xe0 && b <= 0xef:
			due = 2
		case b >= 0xf0 && b <= 0xf4:
			due = 3
		default:
			due = 0
		}
		l = append(l, glyph{b, i, false})
	}
	return l
}

// flatView drops whitespace; trailing says that the view ends with a cut.
func flatView(vis []glyph) (l []glyph, trailing bool) {
	l = make([]glyph, 0, len(vis))
	cut := false
	for _, g := range vis {
		if bytes.IndexByte([]byte("\t\n\v\f\r "), g.b) >= 0 {
			cut = true
			continue
		}
		l = append(l, glyph{g.b, g.at, cut})
		cut = false
	}
	return l, cut
}

func bare(w []byte) (out []byte) {
	for _, b := range w {
		if bytes.IndexByte([]byte("\t\n\v\f\r "), b) < 0 {
			out = append(out, b)
		}
	}
	return out
}

func (o oracle) flatWords() (l [][]byte) {
	for _, w := range o.words {
		w = bare(w)
		if len(w) >= o.sc.flat {
			l = append(l, w)
		}
		if len(w) >= o.sc.flatTail {
			l = append(l, w[o.sc.head:])
		}
	}
	return l
}

// matched returns how many bytes of w stand in v from i on.
func matched(v []glyph, i int, w []byte) int {
	n := 0
	for n < len(w) && i+n < len(v) && v[i+n].b == w[n] {
		n++
	}
	return n
}

// headCut reports a cut inside the first head glyphs of v[i:i+n].
func headCut(v []glyph, i, n, head int) bool {
	for k := 1; k < n && k < head; k++ {
		if v[i+k].cut {
			return true
		}
	}
	return false
}

// judge returns which bytes of in are hidden so far, and from which position on
// bytes are held back. With closed set, the stream has ended after in.
func (o oracle) judge(in []byte, closed bool) (hidden []bool, hold int) {
	hidden = make([]bool, len(in))
	hold = len(in)
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			hidden[i] = true
		}
	}
	vis := visibleView(in)
	flat, trailing := flatView(vis)
	search := func(v []glyph, words [][]byte, head int, trailing bool) {
		tail, tailEnd := len(in), 0
		for i := range v {
			shortest := 0
			for _, w := range words {
				n := matched(v, i, w)
				if n == 0 || head > 0 && headCut(v, i, n, head) {
					continue
				}
				switch {
				case n == len(w):
					mark(v[i].at, v[i+n-1].at+1)
				case i+n == len(v) && !(trailing && n < head):
					hold = min(hold, v[i].at)
					if shortest == 0 || len(w) < shortest {
						shortest = len(w)
					}
				}
			}
			if n := len(v) - i; shortest > 0 && n >= int(o.sc.tail) && 2*n >= shortest && v[i].at < tail {
				tail, tailEnd = v[i].at, v[len(v)-1].at+1
			}
		}
		if closed {
			mark(tail, max(tail, tailEnd))
		}
	}
	search(rawView(in), o.words, 0, false)
	search(vis, o.words, 0, false)
	search(flat, o.flatWords(), int(o.sc.head), trailing)
	for _, v := range [][]glyph{rawView(in), vis} {
		hold = min(hold, o.judgeShort(v, closed, mark))
	}
	if closed {
		hold = len(in)
	}
	return hidden, hold
}

func (o oracle) judgeShort(v []glyph, closed bool, mark func(int, int)) int {
	hold := int(^uint(0) >> 1)
	word := func(i int) bool {
		b := v[i].b
		return b == '_' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
	}
	for i := range v {
		for _, w := range o.short {
			n := matched(v, i, w)
			if n == 0 || i > 0 && word(i-1) {
				continue
			}
			end := i + n
			switch {
			case n == len(w) && (end < len(v) && !word(end) || end == len(v) && closed):
				mark(v[i].at, v[end-1].at+1)
			case end == len(v):
				hold = min(hold, v[i].at)
			}
		}
	}
	return hold
}

// output returns what the destination has after in.
func (o oracle) output(in []byte, closed bool, marker string) []byte {
	hidden, hold := o.judge(in, closed)
	out := make([]byte, 0, len(in))
	for i := range in[:hold] {
		switch {
		case !hidden[i]:
			out = append(out, in[i])
		case i == 0 || !hidden[i-1]:
			out = append(out, marker...)
		}
	}
	return out
}
