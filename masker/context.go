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
	visible := c.machine.visible(b)
	c.remember(b, visible)
	return visible
}

func (c *context) remember(b byte, visible bool) {
	c.rawTail = c.rawTail<<8 | uint64(b)
	if visible {
		c.visTail = c.visTail<<8 | uint64(b)
	}
}

// skip feeds bytes whose visibility does not matter. Plain ASCII, the rule,
// goes eight times faster than byte by byte.
func (c *context) skip(data []byte) {
	for i := 0; i < len(data); i++ {
		if c.machine == (machine{}) {
			i += c.skipPlain(data[i:])
		}
		if i < len(data) {
			c.next(data[i])
		}
	}
}

// skipPlain feeds the bytes that leave the machine at rest, and counts them.
func (c *context) skipPlain(data []byte) int {
	n := 0
	for n < len(data) && data[n] < 0x80 && data[n] != 0x1b {
		n++
	}
	for _, b := range data[max(0, n-8):n] {
		c.remember(b, true)
	}
	return n
}
