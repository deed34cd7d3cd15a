package masker

import "encoding/binary"

// A wideFilter is for sets of very many words. Its grams have 6 bytes, of which
// there are so many that few in a text are known by chance; every third is looked
// at, and two bits of one word of the table tested.
type wideFilter struct {
	grams *[1 << wideBits]uint64
	heads *headTable
}

const (
	wideSize   = 6
	wideStride = headSize - wideSize + 1
	wideBits   = 16 // 512 KiB
)

func newWideFilter(heads *headTable) *wideFilter {
	f := &wideFilter{grams: new([1 << wideBits]uint64), heads: heads}
	heads.each(func(head uint64) {
		for o := range wideStride {
			word, bits := wideSlot(head >> (8 * o))
			f.grams[word] |= bits
		}
	})
	return f
}

// wideSlot returns the place of the gram in the low 6 bytes of g: a word of the
// table and two bits of it.
func wideSlot(g uint64) (word, bits uint64) {
	h := g << 16 * 0x9e3779b97f4a7c15
	return h >> (64 - wideBits), 1<<(h>>40&63) | 1<<(h>>34&63)
}

func (f *wideFilter) knows(g uint64) bool {
	word, bits := wideSlot(g)
	return f.grams[word]&bits == bits
}

func (f *wideFilter) across(first, last uint64) bool {
	return f.knows(first>>16) || f.knows(first>>40|last>>8<<24) || f.knows(last>>8)
}

func (f *wideFilter) find(data []byte, lo int) int {
	p := lo + wideStride - 1
	for p+wideSize <= len(data) {
		p = f.gram(data, p)
		if q := f.confirm(data, p, lo); q >= 0 {
			return q
		}
		p += wideStride
	}
	return -1
}

// gram returns the first of p, p+3, p+6, … at which the table knows the gram, or
// which is too near the end to be asked: eight bytes are read, of which six count.
func (f *wideFilter) gram(data []byte, p int) int {
	for ; p+3*wideStride+8 <= len(data); p += 4 * wideStride {
		d := data[p : p+3*wideStride+8]
		if f.knows(binary.LittleEndian.Uint64(d)) ||
			f.knows(binary.LittleEndian.Uint64(d[wideStride:])) ||
			f.knows(binary.LittleEndian.Uint64(d[2*wideStride:])) ||
			f.knows(binary.LittleEndian.Uint64(d[3*wideStride:])) {
			break
		}
	}
	for p+8 <= len(data) && !f.knows(binary.LittleEndian.Uint64(data[p:])) {
		p += wideStride
	}
	return p
}

// confirm returns the first index from lo on of a head that has the gram at p, or −1.
func (f *wideFilter) confirm(data []byte, p, lo int) int {
	return firstHead(f.heads, data, max(lo, p-wideStride+1), p)
}
