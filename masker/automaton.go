package masker

import (
	"encoding/binary"
	"math/bits"
)

// An automaton finds words in a text: the automaton of Aho and Corasick (CACM
// 18(6), 1975), cut down to what is left when something else finds where words begin.
//
// The states are the nodes of the trie of all words that are at least a head deep.
// Shallower ones are none: the first bytes of a word, its head, are found in a
// table of heads. So the failure link of a node, its longest proper suffix that is
// a state, exists only where a whole head stands inside a word. That is rare, and
// then it holds for a run of nodes: neither building nor keeping links costs much.
//
// Nodes are numbered in preorder, so a word's nodes, but for what it shares with
// the word before it, stand in one row, its chain: most nodes have their only child
// right behind them, the labels of a chain can be compared eight at a time, and a
// subtree is a range. Other edges are in a hash table, those of the root in an
// array. Node 0 is the root, and as a state means that none is alive.
//
// A node costs 2 bytes.
type automaton struct {
	head   int    // the length of heads; no word is shorter
	label  []byte // the byte that leads to the node
	flags  []byte
	root   [256]int32
	edges  edgeTable
	heads  headTable
	chains []chain   // in order of first
	ends   []wordEnd // in order of node
	runs   []failRun // in order of first
	at     struct {  // where to look in them
		chain, end, run blocks
	}
	outs, text, flat suffixes // of nodes with hasOut that are words; of others, from which a word of the kind goes on
}

// A word is what an automaton looks for.
type word struct {
	bytes []byte
	form  *form
	order int32 // words were added in this order
	kind  byte  // wordText, wordFlat or both
}

// A wordEnd is the node at which a word ends; the word itself is not kept.
type wordEnd struct {
	form *form
	node int32
	kind byte
}

// A chain is a row of nodes, each the child of the one before it. The first is
// a child of parent.
type chain struct{ first, parent, depth int32 }

// A failRun says that the failure links of the nodes from first to last lead back
// by so many nodes.
type failRun struct{ first, last, back int32 }

// Flags of a node.
const (
	hasNext   = 1 << iota // node+1 is a child
	hasOthers             // there are more children in edges
	leadsText             // a word of V0 and V1 goes on from here
	leadsFlat             // a word of V2 goes on from here
	endsHere              // a word ends here
	hasOut                // the node's string ends with a word
	hasFail               // there is a failure link, in runs
)

// Kinds of words.
const (
	wordText = leadsText // of V0 and V1
	wordFlat = leadsFlat // of V2
)

// parent is set in the flags of nodes with children: some word goes on.
const parent = leadsText | leadsFlat

// newAutomaton makes the automaton of words, which are sorted, distinct, and none
// shorter than head. find returns the next head in a text, as a filter does;
// it is asked once the heads are known.
func newAutomaton(words []word, head int, find func(*automaton) finder) *automaton {
	a := &automaton{head: head, ends: make([]wordEnd, 0, len(words))}
	shared := make([]int, len(words))
	total, longest := 1, 0
	for i, w := range words {
		if i > 0 {
			shared[i] = commonPrefix(words[i-1].bytes, w.bytes)
		}
		total += len(w.bytes) - shared[i]
		longest = max(longest, len(w.bytes))
	}
	a.label, a.flags = make([]byte, 1, total), make([]byte, 1, total)
	path := make([]int32, 1, longest+1)
	for i, w := range words {
		path = a.addWord(path[:shared[i]+1], w)
		if shared[i] < head {
			a.heads.put(headKey(w.bytes[:head]), path[head])
		}
	}
	a.heads.seal()
	a.at.chain = newBlocks(total, len(a.chains), func(i int) int32 { return a.chains[i].first })
	a.at.end = newBlocks(total, len(a.ends), func(i int) int32 { return a.ends[i].node })
	newLinker(a, words, find(a)).link()
	return a
}

// commonPrefix returns how many bytes v and w begin with in common.
func commonPrefix(v, w []byte) int {
	n := 0
	for len(v)-n >= 8 && len(w)-n >= 8 {
		if d := binary.LittleEndian.Uint64(v[n:]) ^ binary.LittleEndian.Uint64(w[n:]); d != 0 {
			return n + bits.TrailingZeros64(d)/8
		}
		n += 8
	}
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
	if p == n-1 && p != 0 {
		a.flags[p] |= hasNext // w continues the word before it
	} else {
		a.chains = append(a.chains, chain{n, p, int32(len(path))})
		a.branch(p, rest[0], n)
	}
	a.label = append(a.label, rest...)
	for i := range rest {
		a.flags = append(a.flags, hasNext|w.kind)
		path = append(path, n+int32(i))
	}
	end := path[len(path)-1]
	a.flags[end] = endsHere | hasOut
	a.ends = append(a.ends, wordEnd{w.form, end, w.kind})
	for i := len(path) - len(rest) - 1; i >= 0 && a.flags[path[i]]&w.kind != w.kind; i-- {
		a.flags[path[i]] |= w.kind
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

// chainOf returns the index of the chain that node n, not the root, is in.
func (a *automaton) chainOf(n int32) int {
	i := a.at.chain.from(n)
	for i < len(a.chains) && a.chains[i].first <= n {
		i++
	}
	return i - 1
}

// below returns the index of the first word that ends at node n or below it.
func (a *automaton) below(n int32) int {
	i := a.at.end.from(n)
	for i < len(a.ends) && a.ends[i].node < n {
		i++
	}
	return i
}

// depth returns the length of node n's string.
func (a *automaton) depth(n int32) int64 {
	if n == 0 {
		return 0
	}
	c := &a.chains[a.chainOf(n)]
	return int64(c.depth + n - c.first)
}

// next returns the child of state s that b leads to, or 0.
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

// fail returns the longest proper suffix of node n's string that is a state, or 0.
func (a *automaton) fail(n int32) int32 {
	if a.flags[n]&hasFail == 0 {
		return 0
	}
	return n - a.runOf(n).back
}

// runOf returns the run that holds the failure link of node n.
func (a *automaton) runOf(n int32) *failRun {
	i := a.at.run.from(n)
	for a.runs[i].last < n {
		i++
	}
	return &a.runs[i]
}

// step returns the state after b in state s, or 0: then b may still end a head.
func (a *automaton) step(s int32, b byte) int32 {
	for s != 0 {
		if n := a.next(s, b); n != 0 {
			return n
		}
		if a.flags[s]&hasFail == 0 {
			return 0
		}
		r := a.runOf(s)
		for s -= r.back; r.first <= s && s <= r.last; s -= r.back { // a period: the links of one run lead through it
			if n := a.next(s, b); n != 0 {
				return n
			}
		}
	}
	return 0
}

// restep returns the state after text, whose last byte leads to no child of state n: that of
// a suffix, or of a head that ends there.
func (a *automaton) restep(n int32, text []byte) int32 {
	if n = a.step(n, text[len(text)-1]); n == 0 && len(text) >= a.head {
		n = a.heads.get(headKey(text[len(text)-a.head:]))
	}
	return n
}

// outs is hasOut in each of eight bytes.
const outs = hasOut * 0x0101010101010101

// along follows n's chain through data from i on, eight bytes at a time, as long as
// nothing can happen: the bytes are plain, as the chain has them, and no word
// ends. (A chain ends with a word.)
func (a *automaton) along(data []byte, i int, n int32) (int, int32) {
	for a.flags[n]&hasNext != 0 && len(data)-i >= 8 && len(a.label)-int(n) > 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		stop := x ^ binary.LittleEndian.Uint64(a.label[n+1:]) | unplain(x) | binary.LittleEndian.Uint64(a.flags[n+1:])&outs
		if stop != 0 {
			k := bits.TrailingZeros64(stop) / 8
			return i + k, n + int32(k)
		}
		i, n = i+8, n+8
	}
	return i, n
}

// out returns the longest suffix of node n's string, itself included, that is a
// word, or 0.
func (a *automaton) out(n int32) int32 {
	if a.flags[n]&hasOut == 0 {
		return 0
	}
	if a.flags[n]&endsHere != 0 {
		return n
	}
	return a.suffix(n, &a.outs)
}

// shorter returns the longest proper suffix of node n's string that is a word, or 0.
func (a *automaton) shorter(n int32) int32 { return a.suffix(n, &a.outs) }

// live returns the longest suffix of node n's string, itself included, that is a state
// from which a word of the kind, leadsText or leadsFlat, goes on, or 0.
func (a *automaton) live(n int32, kind byte) int32 {
	switch {
	case n == 0 || a.flags[n]&kind != 0:
		return n
	case kind == leadsText:
		return a.suffix(n, &a.text)
	}
	return a.suffix(n, &a.flat)
}

// begun returns the length of the longest beginning of a word of the kind that is
// shorter than a head and ends a text of which tail holds the last bytes, the last one
// highest. Only the last size of them may belong to it.
func (a *automaton) begun(tail uint64, size int, kind byte) int {
	for k := min(size, a.head-1); k > 0; k-- {
		t := tail >> (8 * (8 - k))
		if !a.heads.begins(t, k) {
			continue
		}
		n := a.root[byte(t)]
		for i := 1; i < k && n != 0; i++ {
			t >>= 8
			n = a.next(n, byte(t))
		}
		if a.flags[n]&kind != 0 && n != 0 {
			return k
		}
	}
	return 0
}

// wordAt returns the word that ends at node n.
func (a *automaton) wordAt(n int32) *wordEnd { return &a.ends[a.below(n)] }

// shortest returns the shortest word of the kind that has node n's string as a
// proper prefix, and its length; n's flags must say that there is one.
func (a *automaton) shortest(n int32, kind byte) (w *wordEnd, size int64) {
	// In preorder those words follow n, up to the first whose chain leaves n's path.
	for i := a.below(n + 1); i < len(a.ends); i++ {
		end := &a.ends[i]
		if d := a.depth(end.node); end.kind&kind != 0 && (w == nil || d < size) {
			w, size = end, d
		}
		if a.flags[end.node]&hasNext == 0 && a.leaves(end.node+1, n) {
			break
		}
	}
	return w, size
}

// leaves reports whether first, which begins a chain behind node n's subtree or in it, is
// outside.
func (a *automaton) leaves(first, n int32) bool {
	return int(first) == len(a.label) || a.chains[a.chainOf(first)].parent < n
}
