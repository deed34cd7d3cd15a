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

// A filter finds the places where a head stands, quickly: it looks at few bytes.
//
// A head of 8 bytes holds several grams of w bytes, and one of them begins at a
// multiple of 9−w, wherever the head begins. So only every (9−w)th gram is hashed
// and looked up in a table of bits; the look-ups do not depend on each other and
// overlap in the processor. Only where the table knows the gram is it worth
// comparing heads, which an exact set does.
//
// It is the sampled q-gram idea (Wu and Manber, 1994; Salmela et al., 2006),
// with the stride that the whitespace rule of V2 allows.
type filter interface {
	// find returns the first index from lo on at which a head stands whole in
	// data, or −1.
	find(data []byte, lo int) int
	// across reports whether a head may stand in 14 bytes that begins with one of
	// the first seven: first holds bytes 0 to 7, last those from 7 on.
	across(first, last uint64) bool
}

// manyWords is from how many words on the grams of a narrowFilter would fill its
// table: measured, it is then no better than a wideFilter.
const manyWords = 40000

func newFilter(words []word) filter {
	var heads headSet
	for _, w := range words {
		heads.add(binary.LittleEndian.Uint64(w.bytes))
	}
	if len(words) < manyWords {
		return newNarrowFilter(heads)
	}
	return newWideFilter(heads)
}

// A narrowFilter has grams of 4 bytes: every fifth is looked at.
type narrowFilter struct {
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

func newNarrowFilter(heads headSet) *narrowFilter {
	f := &narrowFilter{grams: new([1 << gramBits / 32]uint32), offsets: make([]uint8, 1<<offsetBits), heads: heads}
	heads.each(func(head uint64) {
		for o := range gramStride {
			g := uint32(head >> (8 * o))
			f.learn(g)
			f.offsets[gramHash(g)>>(32-offsetBits)] |= 1 << o
		}
	})
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

func (f *narrowFilter) learn(g uint32) {
	word, bit := gramSlot(g)
	f.grams[word] |= bit
}

// knows reports whether the table has the gram, or another one of its hash.
// A branch for each test is quicker here than to gather the bits first.
func (f *narrowFilter) knows(g uint32) bool {
	word, bit := gramSlot(g)
	return f.grams[word]&bit != 0
}

func (f *narrowFilter) across(first, last uint64) bool {
	return f.knows(uint32(first>>32)) || f.knows(uint32(last>>16))
}

func (f *narrowFilter) find(data []byte, lo int) int {
	if f.heads.empty() {
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
func (f *narrowFilter) gram(data []byte, p int) int {
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
func (f *narrowFilter) confirm(data []byte, p, lo int) int {
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

func (s *headSet) empty() bool { return s.used == 0 && !s.zero }

// each calls f with every head.
func (s *headSet) each(f func(uint64)) {
	if s.zero {
		f(0)
	}
	for _, h := range s.slots {
		if h != 0 {
			f(h)
		}
	}
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
