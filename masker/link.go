package masker

import "slices"

// A linker finds the failure links of an automaton, and keeps of them what fail
// cannot find by itself.
type linker struct {
	*automaton
	to    []int32  // the link of each node
	low   []uint8  // the length of each node's string, or far
	first []uint64 // a bit for each node that is the first of a chain
	plain bool     // no word is shorter than a head

	last    int32 // the node linked last
	lastLow uint8 // the length of its link
}

// unlinked stands for a link that is not known yet, far for a length beyond nearDepth.
const (
	unlinked = -1
	far      = nearDepth + 1
)

func newLinker(a *automaton) *linker {
	size := len(a.label)
	l := &linker{automaton: a, to: make([]int32, size), low: make([]uint8, size), first: make([]uint64, size/64+1), plain: true}
	for n := range l.to[1:] {
		l.to[n+1], l.low[n+1] = unlinked, far
	}
	for _, c := range a.chains {
		l.first[c.first/64] |= 1 << (c.first % 64)
	}
	for _, w := range a.words {
		l.plain = l.plain && len(w.bytes) >= headSize
	}
	for i, c := range a.chains {
		end := int32(size)
		if i+1 < len(a.chains) {
			end = a.chains[i+1].first
		}
		for n := c.first; n < end && c.depth+n-c.first <= nearDepth; n++ {
			l.low[n] = uint8(c.depth + n - c.first)
		}
	}
	return l
}

// link links all nodes. In order of depth, as the textbook has it, every node
// is a cache miss. In preorder the nodes asked for are few and near the root; those
// that are wanted before their turn are linked first.
func (l *linker) link() {
	for i, c := range l.chains {
		end := int32(len(l.to))
		if i+1 < len(l.chains) {
			end = l.chains[i+1].first
		}
		// The last word that ends in the chain runs through all of it.
		w := l.words[l.below(end-1)].bytes
		p := c.parent
		for n := c.first; n < end; n++ {
			if l.to[n] == unlinked {
				l.linkNode(n, p, w[:c.depth+n-c.first])
			}
			p = n
		}
	}
	l.keep()
}

// linkNode sets the link of n, a child of p, whose own is set. s is n's string.
func (l *linker) linkNode(n, p int32, s []byte) {
	to, size := int32(0), uint8(0)
	if p != 0 {
		to, size = l.extend(l.to[p], l.lowOf(p), s)
	}
	if size == far || !l.plain {
		l.linkOf(to) // for its hasOut
		if l.flags[to]&hasOut != 0 {
			l.flags[n] |= hasOut
		}
	}
	if l.flags[n]&endsHere != 0 {
		l.flags[n] |= hasOut
	}
	l.to[n], l.last, l.lastLow = to, n, size
}

// lowOf returns the length of p's link, or far.
func (l *linker) lowOf(p int32) uint8 {
	if p == l.last {
		return l.lastLow
	}
	return l.low[l.to[p]]
}

// extend returns the longest proper suffix of s that is a node, and its length or
// far; f is that of s without its last byte, of length size.
func (l *linker) extend(f int32, size uint8, s []byte) (int32, uint8) {
	b := s[len(s)-1]
	for ; size == far; size = l.low[f] {
		if n := l.next(f, b); n != 0 {
			return n, far
		}
		f = l.linkOf(f)
	}
	if size == nearDepth {
		if n := l.next(f, b); n != 0 {
			return n, far
		}
	}
	return l.suffix(s, min(nearDepth, int(size)+1))
}

// linkOf returns the link of f, linking it and those above it if need be.
func (l *linker) linkOf(f int32) int32 {
	if l.to[f] != unlinked {
		return l.to[f]
	}
	s := l.words[l.below(f)].bytes[:l.depth(f)]
	var path []int32
	for n := f; l.to[n] == unlinked; n = l.parent(n) {
		path = append(path, n)
	}
	for i, n := range slices.Backward(path) {
		if l.to[n] == unlinked {
			l.linkNode(n, l.parent(n), s[:len(s)-i])
		}
	}
	return l.to[f]
}

// parent returns node n's parent.
func (l *linker) parent(n int32) int32 {
	if l.first[n/64]>>(n%64)&1 == 0 {
		return n - 1
	}
	return l.chainOf(n).parent
}

// keep notes the links that are longer than nearDepth, as runs.
func (l *linker) keep() {
	var runs []failRun
	for n := int32(1); n < int32(len(l.to)); n++ {
		to := l.to[n]
		if l.low[to] != far {
			continue
		}
		l.flags[n] |= farFail
		if last := len(runs) - 1; last >= 0 && runs[last].last == n-1 && runs[last].to+n-runs[last].first == to {
			runs[last].last = n
		} else {
			runs = append(runs, failRun{n, n, to})
		}
	}
	l.runs = slices.Clone(runs)
	l.runAt = newBlocks(len(l.to), len(runs), func(i int) int32 { return runs[i].last })
}
