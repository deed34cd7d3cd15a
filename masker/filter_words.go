package masker

import "encoding/binary"

// A wordFilter finds where a value of four to seven bytes may begin. Its heads
// are grams themselves, so every byte has to be looked at.
type wordFilter struct {
	grams bitTable
	heads map[uint32]bool
}

func newWordFilter(words []word) *wordFilter {
	f := &wordFilter{newBitTable(256 * len(words)), map[uint32]bool{}}
	for _, w := range words {
		g := binary.LittleEndian.Uint32(w.bytes)
		f.grams.add(g)
		f.heads[g] = true
	}
	return f
}

// find returns the first index from lo on at which a head stands whole in data, or −1.
func (f *wordFilter) find(data []byte, lo int) int {
	for p := lo; p+gramSize <= len(data); p++ {
		for ; len(data)-p >= 8; p += 4 {
			g := binary.LittleEndian.Uint64(data[p:])
			if f.grams.has(uint32(g)) || f.grams.has(uint32(g>>8)) || f.grams.has(uint32(g>>16)) || f.grams.has(uint32(g>>24)) {
				break
			}
		}
		if p+gramSize > len(data) {
			break
		}
		g := binary.LittleEndian.Uint32(data[p:])
		if f.grams.has(g) && f.heads[g] {
			return p
		}
	}
	return -1
}

// across does what that of a filter does, for heads of 4 bytes: three stand across.
func (f *wordFilter) across(first, last uint64) bool {
	return f.grams.has(uint32(first>>32)) || f.grams.has(uint32(first>>40)|uint32(last>>8)<<24) || f.grams.has(uint32(first>>48)|uint32(last>>8)<<16)
}
