package masker

// An edgeTable maps (node, byte) to a child: open addressing, at most half full.
type edgeTable struct {
	keys []uint64 // node<<8 | byte; 0 is free, since the root's edges are elsewhere
	vals []int32
	used int
}

func (t *edgeTable) put(p int32, b byte, child int32) {
	if 2*(t.used+1) > len(t.keys) {
		t.grow()
	}
	i := t.slot(uint64(p)<<8 | uint64(b))
	t.keys[i], t.vals[i] = uint64(p)<<8|uint64(b), child
	t.used++
}

func (t *edgeTable) get(p int32, b byte) int32 {
	return t.vals[t.slot(uint64(p)<<8|uint64(b))]
}

// slot returns where key is, or the free slot where it would be.
func (t *edgeTable) slot(key uint64) int {
	mask := uint64(len(t.keys) - 1)
	i := (key * 0x9e3779b97f4a7c15) >> 32 & mask
	for t.keys[i] != 0 && t.keys[i] != key {
		i = (i + 1) & mask
	}
	return int(i)
}

func (t *edgeTable) grow() {
	old := *t
	n := max(64, 2*len(old.keys))
	*t = edgeTable{keys: make([]uint64, n), vals: make([]int32, n)}
	for i, k := range old.keys {
		if k != 0 {
			t.put(int32(k>>8), byte(k), old.vals[i])
		}
	}
}
