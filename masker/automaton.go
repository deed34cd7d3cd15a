package masker

import (
	"bytes"
	"sort"
)

// An automaton is the Aho–Corasick automaton of a list of words (Aho and
// Corasick, CACM 18(6), 1975), laid out for many long words. Nodes are numbered
// in preorder, so a word's nodes, but for what it shares with the word before
// it, stand in one row, its chain: most nodes have their only child right behind
// them, and a subtree is a range. Other edges are in a hash table, those of the
// root in an array. Node 0 is the root.
//
// A node costs 8 bytes. Words must be sorted and distinct.
type automaton struct {
	words  []word
	ends   []int32 // the node at which words[i] ends; increasing
	chains []chain // in order of first
	label  []byte  // the byte that leads to the node
	flags  []byte
	low    []uint16 // length of the node's string, deep for more
	fail   []int32  // longest proper suffix that is a node
	root   [256]int32
	edges  edgeTable
}

// A word is what an automaton looks for.
type word struct {
	bytes []byte
	form  *form
	order int32 // words were added in this order
	kind  byte  // wordText, wordFlat or both
}

// A chain is a row of nodes, each the child of the one before it. The first is
// a child of parent.
type chain struct{ first, parent, depth int32 }

// Flags of a node.
const (
	hasNext   = 1 << iota // node+1 is a child
	hasOthers             // there are more children in edges
	leadsText             // a word of V0 and V1 goes on from here
	leadsFlat             // a word of V2 goes on from here
	wordText              // a word of V0 and V1 ends here
	wordFlat              // a word of V2 ends here
	hasOut                // the node's string ends with a word
	isFirst               // the node is the first of a chain
)

// parent is set in the flags of nodes with children: some word goes on.
const parent = leadsText | leadsFlat

// deep stands in low for lengths that it cannot hold.
const deep = 1<<16 - 1

// unlinked is the fail of a node that link has not come to.
const unlinked = -1

func newAutomaton(words []word) *automaton {
	a := &automaton{words: words, ends: make([]int32, 0, len(words))}
	shared := make([]int, len(words))
	total, longest := 1, 0
	for i, w := range words {
		if i > 0 {
			shared[i] = commonPrefix(words[i-1].bytes, w.bytes)
		}
		total += len(w.bytes) - shared[i]
		longest = max(longest, len(w.bytes))
	}
	a.label, a.flags, a.low = make([]byte, 1, total), make([]byte, 1, total), make([]uint16, 1, total)
	path := make([]int32, 1, longest+1)
	for i, w := range words {
		path = a.addWord(path[:shared[i]+1], w)
	}
	a.fail = make([]int32, total)
	for n := 1; n < total; n++ {
		a.fail[n] = unlinked
	}
	for n := int32(1); n < int32(total); n++ {
		if a.fail[n] == unlinked {
			a.link(n, a.parent(n))
		}
	}
	return a
}

func commonPrefix(v, w []byte) int {
	n := 0
	for n < len(v) && n < len(w) && v[n] == w[n] {
		n++
	}
	return n
}

// addWord appends the nodes of w; path holds those that it shares with the word
// before it, from the root on, and is returned complete.
func (a *automaton) addWord(path []int32, w word) []int32 {
	p, n := path[len(path)-1], int32(len(a.label))
	rest := w.bytes[len(path)-1:]
	flags := byte(hasNext)
	if p == n-1 && p != 0 {
		a.flags[p] |= hasNext // w continues the word before it
	} else {
		a.chains = append(a.chains, chain{n, p, int32(len(path))})
		a.branch(p, rest[0], n)
		flags |= isFirst
	}
	for i, b := range rest {
		a.label, a.flags = append(a.label, b), append(a.flags, flags)
		a.low = append(a.low, uint16(min(deep, len(path))))
		path = append(path, n+int32(i))
		flags = hasNext
	}
	end := path[len(path)-1]
	a.flags[end] &^= hasNext
	a.flags[end] |= w.kind
	a.ends = append(a.ends, end)
	leads := w.kind / wordText * leadsText
	for i := len(path) - 2; i >= 0 && a.flags[path[i]]&leads != leads; i-- {
		a.flags[path[i]] |= leads
	}
	return path
}

// branch makes n a child of p beside those in p's chain.
func (a *automaton) branch(p int32, b byte, n int32) {
	if p == 0 {
		a.root[b] = n
		return
	}
	a.flags[p] |= hasOthers
	a.edges.put(p, b, n)
}

// chainOf returns the chain that node n is in.
func (a *automaton) chainOf(n int32) chain {
	i := sort.Search(len(a.chains), func(i int) bool { return a.chains[i].first > n })
	return a.chains[i-1]
}

// parent returns node n's parent.
func (a *automaton) parent(n int32) int32 {
	if a.flags[n]&isFirst == 0 {
		return n - 1
	}
	return a.chainOf(n).parent
}

// depth returns the length of node n's string.
func (a *automaton) depth(n int32) int64 {
	if d := a.low[n]; d < deep {
		return int64(d)
	}
	c := a.chainOf(n)
	return int64(c.depth + n - c.first)
}

// link sets the fail of n, a child of p, whose own is set. It needs those of
// shorter strings, and links them first; in preorder most are at hand, and the
// nodes asked for are few and near the root. (In order of depth, as the textbook
// has it, every node is a cache miss.)
func (a *automaton) link(n, p int32) {
	b := a.label[n]
	to := int32(0)
	for f := p; f != 0 && to == 0; {
		if f = a.failOf(f); f == 0 {
			to = a.root[b]
		} else {
			to = a.next(f, b)
		}
	}
	a.fail[n] = to
	if a.flags[n]&(wordText|wordFlat) != 0 || a.failOut(to) {
		a.flags[n] |= hasOut
	}
}

// failOf returns the fail of f, linking it and those above it if need be.
func (a *automaton) failOf(f int32) int32 {
	if a.fail[f] != unlinked {
		return a.fail[f]
	}
	var path []int32
	for n := f; a.fail[n] == unlinked; n = a.parent(n) {
		path = append(path, n)
	}
	for i := len(path) - 1; i >= 0; i-- {
		a.link(path[i], a.parent(path[i]))
	}
	return a.fail[f]
}

func (a *automaton) failOut(n int32) bool {
	if n != 0 {
		a.failOf(n)
	}
	return a.flags[n]&hasOut != 0
}

// next returns the child of s, which is not the root, that b leads to, or 0.
func (a *automaton) next(s int32, b byte) int32 {
	f := a.flags[s]
	if f&hasNext != 0 && a.label[s+1] == b {
		return s + 1
	}
	if f&hasOthers != 0 {
		return a.edges.get(s, b)
	}
	return 0
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

// out returns the longest suffix of node n's string, itself included, that is a
// word, or 0.
func (a *automaton) out(n int32) int32 {
	if a.flags[n]&hasOut == 0 {
		return 0
	}
	for a.flags[n]&(wordText|wordFlat) == 0 {
		n = a.fail[n]
	}
	return n
}

// shorter returns the longest proper suffix of node n's string that is a word, or 0.
func (a *automaton) shorter(n int32) int32 { return a.out(a.fail[n]) }

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

// form returns what the word that ends at node n is a form of.
func (a *automaton) form(n int32) *form { return a.words[a.below(n)].form }

// shortest returns the shortest word of the kind that has node n's string as a
// proper prefix; n's flags must say that there is one.
func (a *automaton) shortest(n int32, kind byte) word {
	// Preorder: the first word to end behind n passes through n.
	i := a.below(n + 1)
	prefix := a.words[i].bytes[:a.depth(n)]
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
