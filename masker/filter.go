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
	grams  bitTable
	places placeTable
	heads  *headTable
}

const (
	gramSize   = 4
	gramStride = headSize - gramSize + 1
)

func newNarrowFilter(heads *headTable) *narrowFilter {
	n := gramStride * heads.used
	f := &narrowFilter{newBitTable(256 * n), newPlaceTable(n), heads}
	heads.each(func(head uint64) {
		for o := range gramStride {
			g := uint32(head >> (8 * o))
			f.grams.add(g)
			f.places.add(g, o)
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
		if p = f.gram(data, p); p < 0 {
			return -1
		}
		if q := f.confirm(data, p, lo); q >= 0 {
			return q
		}
	}
}

// gram returns the first of p, p+5, p+10, … at which both tables know the gram, or −1.
func (f *narrowFilter) gram(data []byte, p int) int {
	const stretch = 7*gramStride + gramSize
	for len(data)-p >= stretch {
		d := data[p : p+stretch]
		switch {
		case f.grams.has(binary.LittleEndian.Uint32(d)):
		case f.grams.has(binary.LittleEndian.Uint32(d[gramStride:])):
			p += gramStride
		case f.grams.has(binary.LittleEndian.Uint32(d[2*gramStride:])):
			p += 2 * gramStride
		case f.grams.has(binary.LittleEndian.Uint32(d[3*gramStride:])):
			p += 3 * gramStride
		case f.grams.has(binary.LittleEndian.Uint32(d[4*gramStride:])):
			p += 4 * gramStride
		case f.grams.has(binary.LittleEndian.Uint32(d[5*gramStride:])):
			p += 5 * gramStride
		case f.grams.has(binary.LittleEndian.Uint32(d[6*gramStride:])):
			p += 6 * gramStride
		case f.grams.has(binary.LittleEndian.Uint32(d[7*gramStride:])):
			p += 7 * gramStride
		default:
			p += 8 * gramStride
			continue
		}
		if f.places.of(binary.LittleEndian.Uint32(data[p:])) != 0 {
			return p
		}
		p += gramStride
	}
	for ; p+gramSize <= len(data); p += gramStride {
		if g := binary.LittleEndian.Uint32(data[p:]); f.grams.has(g) && f.places.of(g) != 0 {
			return p
		}
	}
	return -1
}

// confirm returns the first index from lo on of a head that has the gram at p, or −1.
func (f *narrowFilter) confirm(data []byte, p, lo int) int {
	places := f.places.of(binary.LittleEndian.Uint32(data[p:]))
	for o := gramStride - 1; o >= 0; o-- {
		if q := p - o; places>>o&1 != 0 && q >= lo && q+headSize <= len(data) && f.heads.get(binary.LittleEndian.Uint64(data[q:])) != 0 {
			return q
		}
	}
	return -1
}

// A placeTable says where in heads a gram stands: a bit for each place. By chance it
// says more. It is asked about the few grams that a bitTable lets pass, so it may have
// a byte where that has a bit.
type placeTable struct {
	bytes []uint8
	shift uint8 // 32 − the number of bits of an index
}

// newPlaceTable returns a table for so many grams.
func newPlaceTable(grams int) placeTable {
	size := min(max(bits.Len(uint(8*grams)), leastBits), mostBits-3)
	return placeTable{make([]uint8, 1<<size), uint8(32 - size)}
}

// slot takes another hash than a bitTable does: what is one gram for that, are two here.
func (t *placeTable) slot(g uint32) uint32 { return g * 0x85ebca6b >> (t.shift & 31) }

func (t *placeTable) add(g uint32, place int) { t.bytes[t.slot(g)] |= 1 << place }

func (t *placeTable) of(g uint32) uint8 { return t.bytes[t.slot(g)] }

// firstHead returns the first index from lo to hi at which a head stands whole in data, or −1.
func firstHead(heads *headTable, data []byte, lo, hi int) int {
	for q := lo; q <= hi && q+headSize <= len(data); q++ {
		if heads.get(binary.LittleEndian.Uint64(data[q:])) != 0 {
			return q
		}
	}
	return -1
}
