package masker

import "slices"

// A linker finds the failure links of an automaton, and keeps of them what fail
// cannot find by itself.
type linker struct {
	*automaton
	to    []int32  // by node
	first []uint64 // a bit for each node that is the first of a chain
	near  []bool   // by node: its string is no longer than nearDepth
	plain bool     // no word is shorter than a head
}

// unlinked stands for a link that is not known yet.
const unlinked = -1

func newLinker(a *automaton) *linker {
	l := &linker{automaton: a, to: make([]int32, len(a.label)), first: make([]uint64, len(a.label)/64+1), near: make([]bool, len(a.label)), plain: true}
	for _, w := range a.words {
		l.plain = l.plain && len(w.bytes) >= headSize
	}
	for n := range l.to[1:] {
		l.to[n+1] = unlinked
	}
	for _, c := range a.chains {
		l.first[c.first/64] |= 1 << (c.first % 64)
		for i := range max(0, nearDepth+1-c.depth) {
			if n := c.first + i; n < int32(len(l.near)) {
				l.near[n] = true
			}
		}
	}
	l.near[0] = true
	return l
}

// link links all nodes. In order of depth, as the textbook has it, every node
// is a cache miss. In preorder the nodes asked for are few and near the root; those
// that are wanted before their turn are linked first.
func (l *linker) link() {
	for n := int32(1); n < int32(len(l.to)); n++ {
		if l.to[n] == unlinked {
			l.linkNode(n, l.parent(n))
		}
	}
	l.keep()
}

// parent returns node n's parent.
func (l *linker) parent(n int32) int32 {
	if l.first[n/64]>>(n%64)&1 == 0 {
		return n - 1
	}
	return l.chainOf(n).parent
}

// linkNode sets the link of n, a child of p, whose own is set.
func (l *linker) linkNode(n, p int32) {
	b := l.label[n]
	to := int32(0)
	for f := p; f != 0 && to == 0; {
		if f = l.linkOf(f); f == 0 {
			to = l.root[b]
		} else {
			to = l.next(f, b)
		}
	}
	l.to[n] = to
	if to != 0 && !(l.plain && l.isShort(to)) {
		l.linkOf(to) // for its hasOut
	}
	if (l.flags[n]&endsHere | l.flags[to]&hasOut) != 0 {
		l.flags[n] |= hasOut
	}
}

// linkOf returns the link of f, linking it and those above it if need be.
func (l *linker) linkOf(f int32) int32 {
	if l.to[f] != unlinked {
		return l.to[f]
	}
	var path []int32
	for n := f; l.to[n] == unlinked; n = l.parent(n) {
		path = append(path, n)
	}
	for i := len(path) - 1; i >= 0; i-- {
		if l.to[path[i]] == unlinked {
			l.linkNode(path[i], l.parent(path[i]))
		}
	}
	return l.to[f]
}

// keep notes the links that are longer than nearDepth as runs, and those of the
// nodes next to the root.
func (l *linker) keep() {
	var runs []failRun
	for n := int32(1); n < int32(len(l.to)); n++ {
		to := l.to[n]
		if !l.near[to] {
			l.flags[n] |= farFail
			if last := len(runs) - 1; last >= 0 && runs[last].last == n-1 && runs[last].to+n-runs[last].first == to {
				runs[last].last = n
			} else {
				runs = append(runs, failRun{n, n, to})
			}
		} else if l.near[n] && to != 0 {
			l.automaton.near.put(n, 0, to)
		}
	}
	l.runs = slices.Clone(runs)
	l.runAt = newBlocks(len(l.to), len(runs), func(i int) int32 { return runs[i].last })
}
