package masker

import "encoding/binary"

// headSize is how many bytes of a form the filter knows. In every view an
// occurrence begins with that many visible bytes which no whitespace cuts.
const headSize = 8

// A headTable maps heads to their nodes: open addressing, at most half full.
type headTable struct {
	keys   []uint64
	nodes  []int32 // 0 is free
	used   int
	whole  bitTable // hashes of heads, to say no quickly
	starts bitTable // the first one to four bytes of heads, for begins
}

// headKey makes a key of a head of at most 8 bytes, the last one highest.
func headKey(head []byte) uint64 {
	if len(head) == headSize {
		return binary.LittleEndian.Uint64(head)
	}
	key := uint64(0)
	for i, b := range head {
		key |= uint64(b) << (8 * i)
	}
	return key
}

func (t *headTable) put(key uint64, node int32) {
	if 2*(t.used+1) > len(t.keys) {
		t.grow()
	}
	i := t.slot(key)
	if t.nodes[i] == 0 {
		t.used++
	}
	t.keys[i], t.nodes[i] = key, node
}

// seal makes the table ready to be asked, all heads being there.
func (t *headTable) seal() {
	t.whole, t.starts = newBitTable(32*t.used), newBitTable(32*t.used)
	t.each(func(key uint64) {
		t.whole.add(headHash(key))
		for k := range gramSize {
			t.starts.add(uint32(key) & startMasks[k+1])
		}
	})
}

// startMasks keep the first so many bytes of a gram.
var startMasks = [headSize]uint32{0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}

// begins reports whether a head may begin with the first k bytes of key, 0 < k < headSize.
func (t *headTable) begins(key uint64, k int) bool { return t.starts.has(uint32(key) & startMasks[k]) }

// get returns the node of a head, or 0.
func (t *headTable) get(key uint64) int32 {
	if !t.whole.has(headHash(key)) {
		return 0
	}
	return t.nodes[t.slot(key)]
}

// headHash makes 32 bits of a key, each of which depends on all of it.
func headHash(key uint64) uint32 { return uint32(key * 0x9e3779b97f4a7c15 >> 32) }

// slot returns where key is, or the free slot where it would be.
func (t *headTable) slot(key uint64) int {
	mask := len(t.keys) - 1
	i := int(headHash(key)) & mask
	for t.nodes[i] != 0 && t.keys[i] != key {
		i = (i + 1) & mask
	}
	return i
}

func (t *headTable) grow() {
	old := *t
	n := max(16, 2*len(old.keys))
	*t = headTable{keys: make([]uint64, n), nodes: make([]int32, n)}
	for i, node := range old.nodes {
		if node != 0 {
			t.put(old.keys[i], node)
		}
	}
}

// each calls f with every head.
func (t *headTable) each(f func(uint64)) {
	for i, node := range t.nodes {
		if node != 0 {
			f(t.keys[i])
		}
	}
}
