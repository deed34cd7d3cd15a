package masker

import "slices"

// A finder returns the first index from lo on at which a head stands whole in
// data, or −1.
type finder func(data []byte, lo int) int

// plainFinder looks at every byte: for automata of few words, or short ones.
func plainFinder(a *automaton) finder {
	return func(data []byte, lo int) int {
		for ; lo+a.head <= len(data); lo++ {
			if a.heads.get(headKey(data[lo:lo+a.head])) != 0 {
				return lo
			}
		}
		return -1
	}
}

// A linker finds the failure links of an automaton. It does to the words what is
// done to a text: it looks for heads inside a word, and follows those it finds.
type linker struct {
	*automaton
	words []word
	find  finder
	to    []int32 // the link of each node that is linked
	ready []int32 // by chain: the first node that is not linked yet
}

func newLinker(a *automaton, words []word, find finder) *linker {
	l := &linker{automaton: a, words: words, find: find, to: make([]int32, len(a.label)), ready: make([]int32, len(a.chains))}
	for i, c := range a.chains {
		l.ready[i] = c.first
	}
	return l
}

// link links all nodes. In order of depth, as the textbook has it, every node is a cache
// miss. In preorder the links asked for are few; those that are wanted before their
// turn are found first. They are of less depth, so that ends.
func (l *linker) link() {
	for c := range l.chains {
		l.linkTo(c, l.lastOf(c))
	}
	l.keep()
	l.outs = l.suffixes(endsHere, hasOut, hasOut)
	l.text, l.flat = l.suffixes(leadsText, leadsText, 0), l.suffixes(leadsFlat, leadsFlat, 0)
}

// lastOf returns the last node of chain c.
func (l *linker) lastOf(c int) int32 {
	if c+1 < len(l.chains) {
		return l.chains[c+1].first - 1
	}
	return int32(len(l.label)) - 1
}

// linkOf returns the link of node n, 0 for the root.
func (l *linker) linkOf(n int32) int32 {
	if n == 0 {
		return 0
	}
	l.linkTo(l.chainOf(n), n)
	return l.to[n]
}

// linkPiece is how many nodes are linked in one go. The forms of a value that repeats
// itself link to each other in turns (those of aaaa… in base64: YWFhYWFh…, FhYWFhYW…,
// hYWFhYWF…), a few bytes shorter each time: in pieces, the calls inside calls are
// at most so many.
const linkPiece = 1024

// linkTo links the nodes of chain c up to last.
func (l *linker) linkTo(c int, last int32) {
	if l.ready[c] > last {
		return
	}
	first, depth := l.chains[c].first, l.chains[c].depth
	text := l.words[l.below(last)].bytes[:depth+last-first]
	state := l.linkOf(l.chains[c].parent)
	if n := l.ready[c]; n > first {
		state = l.to[n-1]
	}
	for n := l.ready[c]; n <= last; n = l.ready[c] {
		size := int(depth + n - first) // of n's string, which ends with the byte that state has yet to take
		switch {
		case state == 0:
			at := l.find(text, max(1, size-l.head))
			if at < 0 {
				l.ready[c] = last + 1
				return
			}
			n += int32(at + l.head - size)
			state = l.heads.get(headKey(text[at : at+l.head]))
			l.set(c, n, state, 1)
		case l.flags[state]&hasNext != 0 && l.label[state+1] == text[size-1]:
			k := min(l.stretch(c, n, last, state), linkPiece)
			l.set(c, n, state+1, k)
			state += k
		case l.next(state, text[size-1]) != 0:
			state = l.next(state, text[size-1])
			l.set(c, n, state, 1)
		default:
			state = l.linkOf(state)
		}
	}
}

// stretch returns how many nodes of chain c from n on, up to last, have the labels of
// those behind state in its chain. Where that is c too, what is not linked yet is left out.
func (l *linker) stretch(c int, n, last, state int32) int32 {
	own := l.chainOf(state)
	end := l.lastOf(own)
	if own == c {
		end = n - 1
	}
	return int32(commonPrefix(l.label[n:last+1], l.label[state+1:end+1]))
}

// set links count nodes of chain c from n on to those from to on.
func (l *linker) set(c int, n, to, count int32) {
	l.linkOf(to + count - 1) // for its hasOut; it may have wanted links of c, and made them
	for i := max(0, l.ready[c]-n); i < count; i++ {
		l.to[n+i] = to + i
		l.flags[n+i] |= l.flags[to+i] & hasOut
	}
	l.ready[c] = max(l.ready[c], n+count)
}

// keep notes the links as runs.
func (l *linker) keep() {
	var runs []failRun
	for n, to := range l.to {
		if to == 0 {
			continue
		}
		n := int32(n)
		l.flags[n] |= hasFail
		if last := len(runs) - 1; last >= 0 && runs[last].last == n-1 && runs[last].back == n-to {
			runs[last].last = n
		} else {
			runs = append(runs, failRun{n, n, n - to})
		}
	}
	l.runs = slices.Clone(runs)
	l.at.run = newBlocks(len(l.to), len(runs), func(i int) int32 { return runs[i].last })
}
