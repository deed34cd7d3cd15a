package masker

// A view walks the automaton over one of the three views of a stream and knows
// where each of its recent bytes lies in the raw stream.
//
// Positions in the view are counted from the last restart; raw positions from
// the start of the stream. jumps lists where the two part: byte i of the view
// is raw byte j.raw + (i − j.at) for the last jump j with j.at ≤ i.
type view struct {
	auto  *automaton
	state int32  // the longest live prefix, if it has a whole head
	tail  uint64 // the last bytes, the last one highest
	n     int64  // bytes seen
	next  int64  // raw position that would follow on without a jump
	jumps []jump
	cut   int64 // the last byte before which whitespace was left out
}

type jump struct {
	at, raw int64
	cut     bool // whitespace was left out here
}

// restart puts the view in a state whose bytes are the last ones before raw
// position pos, as are the last size bytes of tail.
func (v *view) restart(a *automaton, state int32, tail uint64, size int, pos int64) {
	n := max(a.depth(state), int64(size))
	*v = view{auto: a, state: state, tail: tail, n: n, next: pos, jumps: append(v.jumps[:0], jump{raw: pos - n})}
}

// jumpTo notes that the view's next byte is at raw position pos.
func (v *view) jumpTo(pos int64, cut bool) {
	if pos != v.next {
		v.trim()
		v.jumps = append(v.jumps, jump{v.n, pos, cut})
		if cut {
			v.cut = v.n
		}
		v.next = pos
	}
}

// push accounts for the view's next bytes, which follow each other in the raw stream.
func (v *view) push(p []byte) {
	v.n += int64(len(p))
	v.next += int64(len(p))
	if len(p) >= headSize {
		v.tail = headKey(p[len(p)-headSize:])
		return
	}
	for _, b := range p {
		v.tail = v.tail>>8 | uint64(b)<<56
	}
}

// trim drops the jumps that lie before all that can be asked for: the live prefix, and a head.
func (v *view) trim() {
	if len(v.jumps) < 64 {
		return
	}
	if i := v.lastJump(max(0, v.n-max(v.depth(), headSize))); i > len(v.jumps)/2 {
		v.jumps = append(v.jumps[:0], v.jumps[i:]...)
	}
}

// whole reports whether no whitespace was left out in the live prefix, nor in what it was in
// the last size bytes.
func (v *view) whole(size int) bool { return v.cut == 0 || v.cut <= v.n-int64(size)-v.depth() }

// step returns the state after the byte pushed last.
func (v *view) step(b byte) int32 {
	n := v.auto.step(v.state, b)
	if head := v.auto.head; n == 0 && v.n >= int64(head) {
		n = v.auto.heads.get(v.tail >> (8 * (headSize - head)))
	}
	return n
}

// recent returns the raw position of the first byte that a head which is not whole may begin with.
func (v *view) recent() int64 { return v.raw(v.n - min(v.n, int64(v.auto.head)-1)) }

func (v *view) depth() int64 { return v.auto.depth(v.state) }

// raw returns the raw position of byte i.
func (v *view) raw(i int64) int64 {
	j := v.jumps[v.lastJump(i)]
	return j.raw + i - j.at
}

// lastJump returns the index of the last jump at or before byte i.
func (v *view) lastJump(i int64) int {
	lo, hi := 0, len(v.jumps)-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if v.jumps[mid].at <= i {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// cutWithin reports whether whitespace was left out inside the head bytes that
// begin at byte i.
func (v *view) cutWithin(i, head int64) bool {
	for k := v.lastJump(i) + 1; k < len(v.jumps) && v.jumps[k].at < i+head; k++ {
		if v.jumps[k].cut {
			return true
		}
	}
	return false
}

// start returns the raw position of the first byte of the live prefix; there
// must be one.
func (v *view) start() int64 { return v.raw(v.n - v.depth()) }

// unbroken returns how many of the last bytes are the raw bytes just before pos.
func (v *view) unbroken(pos int64) int64 {
	if v.next != pos {
		return 0
	}
	return v.n - v.jumps[len(v.jumps)-1].at
}

// joined reports whether the live prefix is the raw bytes just before pos.
func (v *view) joined(pos int64) bool { return v.state == 0 || v.unbroken(pos) >= v.depth() }

// end returns the raw position behind the view's last byte.
func (v *view) end() int64 { return v.next }
