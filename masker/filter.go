package masker

import (
	"encoding/binary"
	"math/bits"
)

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

func newFilter(heads *headTable, words int) filter {
	if words < manyWords {
		return newNarrowFilter(heads)
	}
	return newWideFilter(heads)
}

// A narrowFilter has grams of 4 bytes: every fifth is looked at.
type narrowFilter struct {
	grams bitTable
	near  nearTable
	heads *headTable
}

const (
	gramSize   = 4
	gramStride = headSize - gramSize + 1
)

func newNarrowFilter(heads *headTable) *narrowFilter {
	n := gramStride * heads.used
	f := &narrowFilter{newBitTable(256 * n), newNearTable(n), heads}
	heads.each(func(head uint64) {
		for o := range gramStride {
			f.grams.add(uint32(head >> (8 * o)))
			f.near.add(head, o)
		}
	})
	return f
}

// A bitTable is a set of grams that may take others for its own: a bit for each hash.
type bitTable struct {
	words []uint32
	shift uint8 // 32 − the number of bits of an index of words
}

const (
	leastBits = 10
	mostBits  = 21 // 256 KiB: fits the second-level cache
)

// newBitTable returns a table of at least so many bits, within bounds.
func newBitTable(least int) bitTable {
	size := min(max(bits.Len(uint(least)), leastBits), mostBits)
	return bitTable{make([]uint32, 1<<size/32), uint8(32 - size + 5)}
}

// gramHash spreads a gram; its high bits are the good ones.
func gramHash(g uint32) uint32 { return g * 0x9e3779b1 }

func (t *bitTable) add(g uint32) {
	h := gramHash(g)
	t.words[h>>t.shift] |= 1 << (h & 31)
}

// has reports whether the table has the gram, or another one of its hash. (The
// bit is taken from the low end because that costs no shift.)
func (t *bitTable) has(g uint32) bool {
	h := gramHash(g)
	return t.words[h>>(t.shift&31)]>>(h&31)&1 != 0
}

func (f *narrowFilter) across(first, last uint64) bool {
	return f.grams.has(uint32(first>>32)) || f.grams.has(uint32(last>>16))
}

func (f *narrowFilter) find(data []byte, lo int) int {
	if f.heads.used == 0 {
		return -1
	}
	for p := lo + gramStride - 1; ; p += gramStride {
		if p = f.grams.next(data, p); p < 0 {
			return -1
		}
		first, last := gramStride-1, 0
		if p >= nearSize && len(data)-p >= gramSize+nearSize {
			first, last = f.near.places(binary.LittleEndian.Uint64(data[p-nearSize:]))
		}
		if q := firstHead(f.heads, data, max(lo, p-first), p-last); q >= 0 {
			return q
		}
	}
}

// next returns the first of p, p+5, p+10, … at which the table knows the gram, or −1.
func (t *bitTable) next(data []byte, p int) int {
	const stretch = 7*gramStride + gramSize
	for len(data)-p >= stretch {
		d := data[p : p+stretch]
		switch {
		case t.has(binary.LittleEndian.Uint32(d)):
			return p
		case t.has(binary.LittleEndian.Uint32(d[gramStride:])):
			return p + gramStride
		case t.has(binary.LittleEndian.Uint32(d[2*gramStride:])):
			return p + 2*gramStride
		case t.has(binary.LittleEndian.Uint32(d[3*gramStride:])):
			return p + 3*gramStride
		case t.has(binary.LittleEndian.Uint32(d[4*gramStride:])):
			return p + 4*gramStride
		case t.has(binary.LittleEndian.Uint32(d[5*gramStride:])):
			return p + 5*gramStride
		case t.has(binary.LittleEndian.Uint32(d[6*gramStride:])):
			return p + 6*gramStride
		case t.has(binary.LittleEndian.Uint32(d[7*gramStride:])):
			return p + 7*gramStride
		}
		p += 8 * gramStride
	}
	for ; p+gramSize <= len(data); p += gramStride {
		if t.has(binary.LittleEndian.Uint32(data[p:])) {
			return p
		}
	}
	return -1
}

// A nearTable knows grams with what stands next to them in a head: a gram at place 2, 3 or
// 4 with the two bytes before it, one at place 0 or 1 with the two behind. It is asked about the
// few grams that a bitTable lets pass, of which most are in some head indeed, such as
// those of a time of day in a token that has one in hex.
type nearTable struct {
	entries []uint32 // 16 bits for what stands before, then 16 for what stands behind
	shift   uint8    // 32 − the number of bits of an index
}

const nearSize = 2

// newNearTable returns a table for so many grams.
func newNearTable(grams int) nearTable {
	size := min(max(bits.Len(uint(grams/2)), leastBits-5), mostBits-5)
	return nearTable{make([]uint32, 1<<size), uint8(32 - size)}
}

// slot takes another hash than a bitTable does: what is one gram for that, are two here.
func (t *nearTable) slot(g uint32) uint32 { return g * 0x85ebca6b >> (t.shift & 31) }

// pairHash returns a hash of four bits.
func pairHash(pair uint16) uint32 { return uint32(pair) * 0x9e3779b1 >> 28 }

// add adds the gram at the place of a head.
func (t *nearTable) add(head uint64, place int) {
	e := &t.entries[t.slot(uint32(head>>(8*place)))]
	if place >= nearSize {
		*e |= 1 << pairHash(uint16(head>>(8*(place-nearSize))))
	} else {
		*e |= 1 << 16 << pairHash(uint16(head>>(8*(place+gramSize))))
	}
}

// places returns at which places of a head the gram in the middle of the 8 bytes about it
// may stand: at first or before that, down to last. If at none, first is less than last.
func (t *nearTable) places(about uint64) (first, last int) {
	e := t.entries[t.slot(uint32(about>>(8*nearSize)))]
	first, last = -1, 0
	if e>>16>>pairHash(uint16(about>>48))&1 != 0 {
		first = nearSize - 1
	}
	if e>>pairHash(uint16(about))&1 != 0 {
		if first < 0 {
			last = nearSize
		}
		first = gramStride - 1
	}
	return first, last
}

// firstHead returns the first index from lo to hi at which a head stands whole in data, or −1.
func firstHead(heads *headTable, data []byte, lo, hi int) int {
	for q := lo; q <= hi && q+headSize <= len(data); q++ {
		if heads.get(binary.LittleEndian.Uint64(data[q:])) != 0 {
			return q
		}
	}
	return -1
}
