package masker

// blocks finds places in an increasing list of nodes: by block of 256 nodes, the
// index of the first entry of the block or behind it. From there a few steps lead
// to any entry, where a binary search would miss the cache a dozen times.
type blocks []int32

const blockBits = 8

// newBlocks indexes a list of count entries, of nodes under total.
func newBlocks(total, count int, at func(int) int32) blocks {
	b := make(blocks, total>>blockBits+1)
	i := 0
	for k := range b {
		for i < count && at(i) < int32(k<<blockBits) {
			i++
		}
		b[k] = int32(i)
	}
	return b
}

func (b blocks) from(n int32) int { return int(b[n>>blockBits]) }
