package masker

import (
	"encoding/binary"
	"math/bits"
)

// A context is what the meaning of a byte depends on besides the forms: the
// terminal's state, and the byte before it, raw and visible.
type context struct {
	machine  machine
	raw, vis byte
}

// next feeds one byte and reports whether it is visible.
func (c *context) next(b byte) bool {
	c.raw = b
	visible := c.machine.visible(b)
	if visible {
		c.vis = b
	}
	return visible
}

// skip feeds bytes whose visibility does not matter. ASCII without ESC, the rule,
// goes eight bytes at a time.
func (c *context) skip(data []byte) {
	for i := 0; i < len(data); i++ {
		if c.machine == (machine{}) {
			from := i
			for len(data)-i >= 8 && calm(binary.LittleEndian.Uint64(data[i:])) {
				i += 8
			}
			for i < len(data) && data[i] < 0x80 && data[i] != 0x1b {
				i++
			}
			if i > from {
				c.raw, c.vis = data[i-1], data[i-1]
			}
		}
		if i < len(data) {
			c.next(data[i])
		}
	}
}

// calm reports whether x has no ESC and no byte over 7F.
func calm(x uint64) bool {
	return (x^0x1b1b1b1b1b1b1b1b-0x0101010101010101|x)&0x8080808080808080 == 0
}

// contextIn returns the context at q in a stretch without control sequences
// that begins at lo, where ctx holds. The three bytes before q decide it: no
// more can announce a continuation.
func contextIn(data []byte, lo, q int, ctx context) context {
	if q-lo > 3 {
		lo, ctx = q-3, context{}
	}
	for _, b := range data[lo:q] {
		ctx.machine.show(b)
		ctx.raw, ctx.vis = b, b
	}
	return ctx
}

// toVisible feeds bytes from index k on, where a control sequence begins or goes on, up to the
// first visible one, and returns its index; len(data) if there is none.
func (c *context) toVisible(data []byte, k int) int {
	if c.machine.state == ground {
		end := sequenceEnd(data, k)
		if end > k && end < len(data) && data[end] < 0x80 && data[end] != 0x1b { // the rule
			*c = context{raw: data[end], vis: data[end]}
			return end
		}
		if end > k {
			c.machine, c.raw = machine{}, data[end-1]
		}
		k = end
	}
	for k < len(data) && !c.next(data[k]) {
		k++
	}
	return k
}

// sequenceEnd returns the index behind the control sequences ESC [ … that stand
// whole at k, as nearly all that programs print do; k if there is none.
func sequenceEnd(data []byte, k int) int {
	for len(data)-k >= 8 { // those of a colour are told by one look
		x := binary.LittleEndian.Uint64(data[k:])
		if uint16(x) != '['<<8|0x1b {
			return k
		}
		x >>= 16
		other := x&0xe0e0e0e0e0e0 ^ 0x202020202020
		if other == 0 {
			break
		}
		n := bits.TrailingZeros64(other) / 8
		if last := byte(x >> (8 * n & 63)); last < 0x40 || last > 0x7e {
			return k
		}
		k += len("\x1b[m") + n
	}
	for k+2 < len(data) && data[k] == 0x1b && data[k+1] == '[' {
		end := k + 2 + arguments(data[k+2:])
		if end == len(data) || data[end] < 0x40 || data[end] > 0x7e {
			break // cut off or malformed: byte by byte
		}
		k = end + 1
	}
	return k
}

// arguments returns how many bytes 20–3F data begins with, at most maxArgs.
func arguments(data []byte) int {
	n := 0
	if len(data) >= 8 {
		if other := binary.LittleEndian.Uint64(data)&0xe0e0e0e0e0e0e0e0 ^ 0x2020202020202020; other != 0 {
			return bits.TrailingZeros64(other) / 8
		}
		n = 8
	}
	for n < len(data) && data[n]&0xe0 == 0x20 && n < maxArgs {
		n++
	}
	return n
}

// unplain has the high bit of a byte set where x's first byte that is not plain stands:
// under 21 or over 7F. Blanks and whatever begins a control sequence are not plain.
// Higher bytes may be marked too.
func unplain(x uint64) uint64 { return (x - 0x2121212121212121 | x) & 0x8080808080808080 }

// plainStretch returns the plain bytes that data begins with, or a few dozen of them.
func plainStretch(data []byte) []byte {
	n := 0
	for ; n < 32 && n+8 <= len(data); n += 8 {
		if m := unplain(binary.LittleEndian.Uint64(data[n:])); m != 0 {
			return data[:n+bits.TrailingZeros64(m)/8]
		}
	}
	return data[:n]
}
