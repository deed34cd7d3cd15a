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

// A startTable maps strings of two and three bytes to their nodes: open
// addressing, at most half full.
type startTable struct {
	keys []uint32 // the bytes, the last one lowest, below a 1; 0 is free
	vals []int32
	used int
}

func startKey(s []byte) uint32 {
	key := uint32(1)
	for _, b := range s {
		key = key<<8 | uint32(b)
	}
	return key
}

func (t *startTable) put(s []byte, node int32) {
	if 2*(t.used+1) > len(t.keys) {
		t.grow()
	}
	i := t.slot(startKey(s))
	t.keys[i], t.vals[i] = startKey(s), node
	t.used++
}

func (t *startTable) get(s []byte) int32 {
	if t.used == 0 {
		return 0
	}
	return t.vals[t.slot(startKey(s))]
}

// slot returns where key is, or the free slot where it would be.
func (t *startTable) slot(key uint32) int {
	mask := uint32(len(t.keys) - 1)
	i := (key * 0x9e3779b1) >> 8 & mask
	for t.keys[i] != 0 && t.keys[i] != key {
		i = (i + 1) & mask
	}
	return int(i)
}

func (t *startTable) grow() {
	old := *t
	n := max(64, 2*len(old.keys))
	*t = startTable{keys: make([]uint32, n), vals: make([]int32, n), used: old.used}
	for i, k := range old.keys {
		if k != 0 {
			j := t.slot(k)
			t.keys[j], t.vals[j] = k, old.vals[i]
		}
	}
}
