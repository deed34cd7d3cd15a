package masker

import "bytes"

// An automaton is the Aho–Corasick automaton of a list of words (Aho and
// Corasick, CACM 18(6), 1975), laid out for many long words. Nodes are numbered
// in preorder, so a word's nodes, but for what it shares with the word before
// it, stand in one row, its chain: most nodes have their only child right behind
// them, and a subtree is a range. Other edges are in a hash table, those of the
// root in an array. Node 0 is the root.
//
// The failure link of a node, its longest proper suffix that is a node, is mostly
// a few bytes long: it is found from the word's last bytes. Longer ones run along
// a chain, as the word does, and are kept as runs.
//
// A node costs 2 bytes. Words must be sorted and distinct.
type automaton struct {
	words  []word
	ends   []int32 // the node at which words[i] ends; increasing
	chains []chain // in order of first
	label  []byte  // the byte that leads to the node
	flags  []byte
	root   [256]int32
	edges  edgeTable
	starts startTable // the nodes of 2 and 3 bytes
	runs   []failRun  // in order of first

	chainAt, endAt, runAt blocks // where to look in chains, ends and runs
}

// A failRun says that the failure link of node first+i is to+i, up to last.
type failRun struct{ first, last, to int32 }

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
	endsHere              // a word ends here
	hasOut                // the node's string ends with a word
	farFail               // the failure link is in runs
	isHead                // the node's string is shorter than a head
)

// Kinds of words.
const (
	wordText = leadsText // of V0 and V1
	wordFlat = leadsFlat // of V2
)

// parent is set in the flags of nodes with children: some word goes on.
const parent = leadsText | leadsFlat

// nearDepth is how long a failure link is at most that is not kept in runs.
const nearDepth = 3

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
	a.label, a.flags = make([]byte, 1, total), make([]byte, 1, total)
	path := make([]int32, 1, longest+1)
	for i, w := range words {
		path = a.addWord(path[:shared[i]+1], w)
		for d := max(2, shared[i]+1); d <= min(nearDepth, len(w.bytes)); d++ {
			a.starts.put(w.bytes[:d], path[d])
		}
	}
	a.chainAt = newBlocks(total, len(a.chains), func(i int) int32 { return a.chains[i].first })
	a.endAt = newBlocks(total, len(a.ends), func(i int) int32 { return a.ends[i] })
	newLinker(a).link()
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
	if p == n-1 && p != 0 {
		a.flags[p] |= hasNext // w continues the word before it
	} else {
		a.chains = append(a.chains, chain{n, p, int32(len(path))})
		a.branch(p, rest[0], n)
	}
	for i, b := range rest {
		flags := byte(hasNext)
		if len(path) < headSize {
			flags |= isHead
		}
		a.label, a.flags = append(a.label, b), append(a.flags, flags)
		path = append(path, n+int32(i))
	}
	end := path[len(path)-1]
	a.flags[end] = a.flags[end]&^hasNext | endsHere
	a.ends = append(a.ends, end)
	for i := len(path) - 2; i >= 0 && a.flags[path[i]]&w.kind != w.kind; i-- {
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

// chainOf returns the chain that node n, not the root, is in.
func (a *automaton) chainOf(n int32) *chain {
	i := a.chainAt.from(n)
	for i < len(a.chains) && a.chains[i].first <= n {
		i++
	}
	return &a.chains[i-1]
}

// below returns the index of the first word that ends at node n or below it.
func (a *automaton) below(n int32) int {
	i := a.endAt.from(n)
	for i < len(a.ends) && a.ends[i] < n {
		i++
	}
	return i
}

// runOf returns the run that holds the failure link of node n.
func (a *automaton) runOf(n int32) *failRun {
	i := a.runAt.from(n)
	for a.runs[i].last < n {
		i++
	}
	return &a.runs[i]
}

// depth returns the length of node n's string.
func (a *automaton) depth(n int32) int64 {
	if n == 0 {
		return 0
	}
	c := a.chainOf(n)
	return int64(c.depth + n - c.first)
}

// isShort reports whether node n's string is shorter than a head.
func (a *automaton) isShort(n int32) bool { return n == 0 || a.flags[n]&isHead != 0 }

// fail returns the longest proper suffix of node n's string that is a node.
func (a *automaton) fail(n int32) int32 {
	if a.flags[n]&farFail != 0 {
		r := a.runOf(n)
		return r.to + n - r.first
	}
	if a.root[a.label[n]] == n {
		return 0
	}
	d := int(a.depth(n))
	f, _ := a.suffix(a.words[a.below(n)].bytes[:d], min(nearDepth, d-1))
	return f
}

// suffix returns the longest proper suffix of s that is a node, of at most size bytes,
// which is no more than nearDepth, and its length.
func (a *automaton) suffix(s []byte, size int) (int32, uint8) {
	for ; size > 1; size-- {
		if size < len(s) {
			if n := a.starts.get(s[len(s)-size:]); n != 0 {
				return n, uint8(size)
			}
		}
	}
	if n := a.root[s[len(s)-1]]; n != 0 && len(s) > 1 {
		return n, 1
	}
	return 0, 0
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
		s = a.fail(s)
	}
	return a.root[b]
}

// out returns the longest suffix of node n's string, itself included, that is a
// word, or 0.
func (a *automaton) out(n int32) int32 {
	if a.flags[n]&hasOut == 0 {
		return 0
	}
	for a.flags[n]&endsHere == 0 {
		n = a.fail(n)
	}
	return n
}

// shorter returns the longest proper suffix of node n's string that is a word, or 0.
func (a *automaton) shorter(n int32) int32 { return a.out(a.fail(n)) }

// live returns the longest suffix of node n's string, itself included, from
// which a word of the kind goes on.
func (a *automaton) live(n int32, kind byte) int32 {
	for n != 0 && a.flags[n]&kind == 0 {
		n = a.fail(n)
	}
	return n
}

// wordAt returns the word that ends at node n.
func (a *automaton) wordAt(n int32) *word { return &a.words[a.below(n)] }

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
