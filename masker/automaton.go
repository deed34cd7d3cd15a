package masker

import (
	"bytes"
	"sort"
)

// An automaton is the Aho–Corasick automaton of a list of words (Aho and
// Corasick, CACM 18(6), 1975), laid out for many long words: nodes are numbered
// in preorder, so that most have their only child right behind them and a
// subtree is a range. Other edges are in a hash table, those of the root in an
// array. Node 0 is the root.
//
// A node costs 14 bytes. Words must be sorted and distinct.
type automaton struct {
	words []word
	ends  []int32 // the node at which words[i] ends; increasing
	label []byte  // the byte that leads to the node
	flags []byte
	fail  []int32 // longest proper suffix that is a node
	depth []int32 // length of the node's string
	out   []int32 // longest suffix, itself included, that is a whole word; 0: none
	root  [256]int32
	edges edgeTable
}

// A word is what an automaton looks for.
type word struct {
	bytes []byte
	kind  byte // wordText, wordFlat or both
	form  *form
}

// Flags of a node.
const (
	hasNext   = 1 << iota // node+1 is a child
	hasOthers             // there are more children in edges
	leadsText             // a word of V0 and V1 goes on from here
	leadsFlat             // a word of V2 goes on from here
	wordText              // a word of V0 and V1 ends here
	wordFlat              // a word of V2 ends here
)

// parent is set in the flags of nodes with children: some word goes on.
const parent = leadsText | leadsFlat

func newAutomaton(words []word) *automaton {
	a := &automaton{words: words}
	total := 1
	for i, w := range words {
		total += len(w.bytes) - commonPrefix(words, i)
	}
	a.label = make([]byte, 1, total)
	a.flags = make([]byte, 1, total)
	a.depth = make([]int32, 1, total)
	a.ends = make([]int32, 0, len(words))
	above := make([]int32, 1, total) // each node's parent
	path := []int32{0}
	for i, w := range words {
		path = path[:commonPrefix(words, i)+1]
		for _, b := range w.bytes[len(path)-1:] {
			above = append(above, path[len(path)-1])
			path = append(path, a.child(path[len(path)-1], b))
		}
		a.mark(path, w.kind)
	}
	a.link(above)
	return a
}

func commonPrefix(words []word, i int) int {
	if i == 0 {
		return 0
	}
	n := 0
	for p, w := words[i-1].bytes, words[i].bytes; n < len(p) && n < len(w) && p[n] == w[n]; {
		n++
	}
	return n
}

// child appends a node below p.
func (a *automaton) child(p int32, b byte) int32 {
	n := int32(len(a.label))
	a.label = append(a.label, b)
	a.flags = append(a.flags, 0)
	a.depth = append(a.depth, a.depth[p]+1)
	switch {
	case p == 0:
		a.root[b] = n
	case p == n-1:
		a.flags[p] |= hasNext
	default:
		a.flags[p] |= hasOthers
		a.edges.put(p, b, n)
	}
	return n
}

// mark notes that a word of that kind ends at the end of path.
func (a *automaton) mark(path []int32, kind byte) {
	end := path[len(path)-1]
	a.ends = append(a.ends, end)
	a.flags[end] |= kind
	leads := kind / wordText * leadsText
	for i := len(path) - 2; i >= 0 && a.flags[path[i]]&leads != leads; i-- {
		a.flags[path[i]] |= leads
	}
}

// link sets fail and out, nodes in order of depth.
func (a *automaton) link(above []int32) {
	a.fail = make([]int32, len(a.label))
	a.out = make([]int32, len(a.label))
	for _, n := range a.ends {
		a.out[n] = n
	}
	for _, n := range a.byDepth() {
		if a.depth[n] > 1 {
			a.fail[n] = a.step(a.fail[above[n]], a.label[n])
		}
		if a.out[n] == 0 {
			a.out[n] = a.out[a.fail[n]]
		}
	}
}

// byDepth returns the nodes but the root, sorted by depth (a counting sort).
func (a *automaton) byDepth() []int32 {
	var count []int32
	for _, d := range a.depth[1:] {
		for int(d) >= len(count) {
			count = append(count, 0)
		}
		count[d]++
	}
	at := int32(0)
	for d, c := range count {
		count[d], at = at, at+c
	}
	order := make([]int32, at)
	for n := 1; n < len(a.depth); n++ {
		d := a.depth[n]
		order[count[d]] = int32(n)
		count[d]++
	}
	return order
}

// step returns the state after b in state s.
func (a *automaton) step(s int32, b byte) int32 {
	for s != 0 {
		f := a.flags[s]
		if f&hasNext != 0 && a.label[s+1] == b {
			return s + 1
		}
		if f&hasOthers != 0 {
			if n := a.edges.get(s, b); n != 0 {
				return n
			}
		}
		s = a.fail[s]
	}
	return a.root[b]
}

// live returns the longest suffix of node n's string, itself included, from
// which a word of the kind goes on.
func (a *automaton) live(n int32, leads byte) int32 {
	for n != 0 && a.flags[n]&leads == 0 {
		n = a.fail[n]
	}
	return n
}

// below returns the index of the first word that ends at node n or below it.
func (a *automaton) below(n int32) int {
	return sort.Search(len(a.ends), func(i int) bool { return a.ends[i] >= n })
}

// shortest returns the shortest word of the kind that has node n's string as a
// proper prefix; n's flags must say that there is one.
func (a *automaton) shortest(n int32, kind byte) word {
	// Preorder: the first word to end behind n passes through n.
	i := a.below(n + 1)
	prefix := a.words[i].bytes[:a.depth[n]]
	var least word
	for ; i < len(a.words) && bytes.HasPrefix(a.words[i].bytes, prefix); i++ {
		if w := a.words[i]; w.kind&kind != 0 && (least.form == nil || len(w.bytes) < len(least.bytes)) {
			least = w
		}
	}
	return least
}

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
