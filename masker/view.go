package masker

// A view walks the automaton over one of the three views of a stream and knows
// where each of its recent bytes lies in the raw stream.
//
// Positions in the view are counted from the last restart; raw positions from
// the start of the stream. jumps lists where the two part: byte i of the view
// is raw byte j.raw + (i − j.at) for the last jump j with j.at ≤ i.
type view struct {
	auto  *automaton
	state int32 // the longest live prefix
	n     int64 // bytes seen
	next  int64 // raw position that would follow on without a jump
	jumps []jump
}

type jump struct {
	at, raw int64
	cut     bool // whitespace was left out here
}

// restart puts the view in a state whose bytes are the last ones before raw
// position pos.
func (v *view) restart(a *automaton, state int32, pos int64) {
	size := a.depth(state)
	*v = view{auto: a, state: state, n: size, next: pos, jumps: append(v.jumps[:0], jump{raw: pos - size})}
}

// push accounts for the view's next byte, at raw position pos.
func (v *view) push(pos int64, cut bool) {
	switch {
	case v.state == 0: // nothing before this byte can be asked for
		v.jumps = append(v.jumps[:0], jump{v.n, pos, false})
	case pos != v.next:
		v.jumps = append(v.jumps, jump{v.n, pos, cut})
	}
	v.n++
	v.next = pos + 1
}

// trim drops the jumps that lie before the live prefix.
func (v *view) trim() {
	if len(v.jumps) < 64 {
		return
	}
	if i := v.lastJump(v.n - v.depth()); i > len(v.jumps)/2 {
		v.jumps = append(v.jumps[:0], v.jumps[i:]...)
	}
}

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

// joined reports whether the live prefix is the raw bytes just before pos.
func (v *view) joined(pos int64) bool {
	last := &v.jumps[len(v.jumps)-1]
	return v.state == 0 || v.next == pos && v.n-v.depth() >= last.at
}

// end returns the raw position behind the view's last byte.
func (v *view) end() int64 { return v.next }
