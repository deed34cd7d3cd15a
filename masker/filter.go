package masker

import (
	"encoding/binary"
	"math/bits"
)

// headSize is how many bytes of a form the filter knows. In every view an
// occurrence begins with that many visible bytes which no whitespace cuts.
const headSize = 8

// wordHead is the same for values that count between word boundaries.
const wordHead = 4

// A filter finds the places where a head stands, quickly: it looks at every
// fifth byte only. A head of 8 bytes holds five grams of 4 bytes, and one of
// them begins at a multiple of five, wherever the head begins. So one gram in
// five is hashed and one bit of a table tested; the tests do not depend on each
// other and overlap in the processor. Only where the bit is set is it worth
// comparing: offsets tells where in a head such a gram stands, and heads, an
// exact set, whether it is one.
//
// It is the sampled q-gram idea (Wu and Manber, 1994; Salmela et al., 2006),
// with the stride that the whitespace rule of V2 allows.
type filter struct {
	grams   *[1 << gramBits / 32]uint32 // one bit for each hash
	offsets []uint8                     // by hash: the offsets in a head, one bit each
	heads   headSet
}

const (
	gramSize   = 4
	gramStride = headSize - gramSize + 1
	gramBits   = 21 // 256 KiB: fits the second-level cache, and stays sparse to 100,000 grams
	offsetBits = 16
)

func newFilter(words []word) *filter {
	f := &filter{grams: new([1 << gramBits / 32]uint32), offsets: make([]uint8, 1<<offsetBits)}
	for _, w := range words {
		if !f.heads.add(binary.LittleEndian.Uint64(w.bytes)) {
			continue
		}
		for o := range gramStride {
			g := binary.LittleEndian.Uint32(w.bytes[o:])
			word, bit := gramSlot(g)
			f.grams[word] |= bit
			f.offsets[gramHash(g)>>(32-offsetBits)] |= 1 << o
		}
	}
	return f
}

// gramHash spreads a gram; its high bits are the good ones.
func gramHash(g uint32) uint32 { return g * 0x9e3779b1 }

// gramSlot returns the place of a gram in the table: a word and a bit of it. (The
// bit is taken from the low end because that costs no shift.)
func gramSlot(g uint32) (word, bit uint32) {
	h := gramHash(g)
	return h >> (32 - gramBits + 5), 1 << (h & 31)
}

// knows reports whether the table has the gram, or another one of its hash.
// A branch for each test is quicker here than to gather the bits first.
func (f *filter) knows(g uint32) bool {
	word, bit := gramSlot(g)
	return f.grams[word]&bit != 0
}

// find returns the first index from lo on at which a head stands whole in data,
// or −1.
func (f *filter) find(data []byte, lo int) int {
	if f.heads.used == 0 && !f.heads.zero {
		return -1
	}
	p := lo + gramStride - 1
	for p+gramSize <= len(data) {
		p = f.gram(data, p)
		if p < 0 {
			return -1
		}
		if q := f.confirm(data, p, lo); q >= 0 {
			return q
		}
		p += gramStride
	}
	return -1
}

// gram returns the first of p, p+5, p+10, … at which the table knows the gram, or −1.
func (f *filter) gram(data []byte, p int) int {
	const stretch = 7*gramStride + gramSize
	for d := data[p:]; len(d) >= stretch; d = d[8*gramStride:] {
		_ = d[stretch-1]
		if f.knows(binary.LittleEndian.Uint32(d)) ||
			f.knows(binary.LittleEndian.Uint32(d[gramStride:])) ||
			f.knows(binary.LittleEndian.Uint32(d[2*gramStride:])) ||
			f.knows(binary.LittleEndian.Uint32(d[3*gramStride:])) ||
			f.knows(binary.LittleEndian.Uint32(d[4*gramStride:])) ||
			f.knows(binary.LittleEndian.Uint32(d[5*gramStride:])) ||
			f.knows(binary.LittleEndian.Uint32(d[6*gramStride:])) ||
			f.knows(binary.LittleEndian.Uint32(d[7*gramStride:])) {
			break
		}
		p += 8 * gramStride
		if len(d) < 8*gramStride {
			break
		}
	}
	for ; p+gramSize <= len(data); p += gramStride {
		if f.knows(binary.LittleEndian.Uint32(data[p:])) {
			return p
		}
	}
	return -1
}

// confirm returns the first index from lo on of a head that has the gram at p, or −1.
func (f *filter) confirm(data []byte, p, lo int) int {
	where := f.offsets[gramHash(binary.LittleEndian.Uint32(data[p:]))>>(32-offsetBits)]
	for where != 0 {
		o := bits.Len8(where) - 1
		where &^= 1 << o
		if q := p - o; q >= lo && q+headSize <= len(data) && f.heads.has(binary.LittleEndian.Uint64(data[q:])) {
			return q
		}
	}
	return -1
}

// A headSet is a set of 8-byte strings: open addressing, at most half full.
type headSet struct {
	slots []uint64
	used  int
	zero  bool // the head of eight NULs, which is a free slot's value
}

func (s *headSet) add(h uint64) bool {
	if h == 0 {
		fresh := !s.zero
		s.zero = true
		return fresh
	}
	if 2*(s.used+1) > len(s.slots) {
		s.grow()
	}
	i := s.slot(h)
	if s.slots[i] == h {
		return false
	}
	s.slots[i] = h
	s.used++
	return true
}

func (s *headSet) has(h uint64) bool {
	if h == 0 || s.used == 0 {
		return h == 0 && s.zero
	}
	return s.slots[s.slot(h)] == h
}

func (s *headSet) slot(h uint64) int {
	mask := uint64(len(s.slots) - 1)
	i := (h * 0x9e3779b97f4a7c15) >> 32 & mask
	for s.slots[i] != 0 && s.slots[i] != h {
		i = (i + 1) & mask
	}
	return int(i)
}

func (s *headSet) grow() {
	old := s.slots
	*s = headSet{slots: make([]uint64, max(64, 2*len(old))), zero: s.zero}
	for _, h := range old {
		if h != 0 {
			s.add(h)
		}
	}
}

// A wordFilter finds where a value of four to seven bytes may begin. Its heads
// are grams themselves, so every byte has to be looked at.
type wordFilter struct{ filter }

func newWordFilter(words []word) *wordFilter {
	f := &wordFilter{filter{grams: new([1 << gramBits / 32]uint32)}}
	for _, w := range words {
		g := binary.LittleEndian.Uint32(w.bytes)
		word, bit := gramSlot(g)
		f.grams[word] |= bit
		f.heads.add(uint64(g))
	}
	return f
}

// find returns the first index from lo on at which a head stands whole in data, or −1.
func (f *wordFilter) find(data []byte, lo int) int {
	for p := lo; p+gramSize <= len(data); p++ {
		for ; len(data)-p >= 8; p += 4 {
			g := binary.LittleEndian.Uint64(data[p:])
			if f.knows(uint32(g)) || f.knows(uint32(g>>8)) || f.knows(uint32(g>>16)) || f.knows(uint32(g>>24)) {
				break
			}
		}
		if p+gramSize > len(data) {
			break
		}
		g := binary.LittleEndian.Uint32(data[p:])
		if f.knows(g) && f.heads.has(uint64(g)) {
			return p
		}
	}
	return -1
}
