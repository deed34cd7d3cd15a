package masker

// suffixes say which state is the longest proper suffix of a node's string that is of some
// sort: a word, or one from which words go on. Failure links lead there one by one; in a
// text that repeats itself, through a whole word for each byte. So where it takes more
// than a few of them, the end of the way is noted, in runs of nodes.
type suffixes struct {
	sort byte        // a flag that such states have
	runs []suffixRun // in order of last
	at   blocks
}

// nearby is how many failure links are followed before a noted end is asked for.
const nearby = 4

// suffix returns the longest proper suffix of node n's string that is a state of s.sort, or 0.
func (a *automaton) suffix(n int32, s *suffixes) int32 {
	m := n
	for range nearby {
		if m = a.fail(m); m == 0 || a.flags[m]&s.sort != 0 {
			return m
		}
	}
	return s.of(n)
}

// A suffixRun says that the way of the nodes from first to last ends at to, or, with
// step 1, that of first at to, that of the next at to+1, and so on.
type suffixRun struct{ first, last, to, step int32 }

// of returns the end noted for node n, or 0.
func (s *suffixes) of(n int32) int32 {
	if len(s.runs) == 0 {
		return 0
	}
	i := s.at.from(n)
	for i < len(s.runs) && s.runs[i].last < n {
		i++
	}
	if i == len(s.runs) || n < s.runs[i].first {
		return 0
	}
	r := &s.runs[i]
	return r.to + r.step*(n-r.first)
}

// suffixes notes the ends of long ways, for the nodes whose flags under mask are want.
func (l *linker) suffixes(sort, mask, want byte) suffixes {
	s := suffixes{sort: sort}
	var found []int32 // one more than the end of a way, where it is known
	for _, r := range l.runs {
		for n := r.first; n <= r.last; n++ {
			if l.flags[n]&mask != want || l.isNear(n, sort) {
				continue
			}
			if found == nil {
				found = make([]int32, len(l.to))
			}
			if end := l.endOf(n, sort, found); end != 0 {
				s.add(n, end)
			}
		}
	}
	if len(s.runs) > 0 {
		s.at = newBlocks(len(l.to), len(s.runs), func(i int) int32 { return s.runs[i].last })
	}
	return s
}

// isNear reports whether the way from node n ends within a few links.
func (l *linker) isNear(n int32, sort byte) bool {
	for range nearby {
		if n = l.to[n]; n == 0 || l.flags[n]&sort != 0 {
			return true
		}
	}
	return false
}

// endOf follows the way from node n to its end, and notes it for all nodes on the way.
func (l *linker) endOf(n int32, sort byte, found []int32) int32 {
	end := n
	for end = l.to[n]; end != 0 && l.flags[end]&sort == 0; end = l.to[end] {
		if found[end] != 0 {
			end = found[end] - 1
			break
		}
	}
	for m := n; m != 0 && found[m] == 0 && m != end; m = l.to[m] {
		found[m] = end + 1
	}
	return end
}

// add notes the end for node n, behind those of all nodes before it.
func (s *suffixes) add(n, to int32) {
	if k := len(s.runs) - 1; k >= 0 && s.runs[k].last == n-1 {
		r := &s.runs[k]
		if r.first == r.last && (to == r.to || to == r.to+1) {
			r.step = to - r.to
		}
		if to == r.to+r.step*(n-r.first) {
			r.last = n
			return
		}
	}
	s.runs = append(s.runs, suffixRun{first: n, last: n, to: to})
}
