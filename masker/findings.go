package masker

import (
	"cmp"
	"slices"
)

// findings collects the occurrences that a scanner reports and that are not yet
// written: their union, and, if wanted, each of them.
type findings struct {
	spans []span // disjoint, not touching, in order
	hits  []hit
	want  bool // whether hits are wanted
}

// A span is a run of hidden bytes. form is what names it: the longest of the
// forms that begin where the span begins.
type span struct {
	start, end int64
	form       *form
	size       int64 // raw length of that form's occurrence
}

type hit struct {
	start, end int64
	form       *form
}

func (f *findings) add(start, end int64, what *form) {
	if f.want {
		f.hits = append(f.hits, hit{start, end, what})
	}
	merged := span{start, end, what, end - start}
	if last := len(f.spans) - 1; last >= 0 && f.spans[last].start <= start && start <= f.spans[last].end { // the rule
		f.spans[last] = merged.union(f.spans[last])
		return
	}
	lo := len(f.spans)
	for lo > 0 && f.spans[lo-1].end >= start {
		lo--
	}
	hi := lo
	for hi < len(f.spans) && f.spans[hi].start <= end {
		merged = merged.union(f.spans[hi])
		hi++
	}
	f.spans = slices.Replace(f.spans, lo, hi, merged)
}

func (s span) union(t span) span {
	if t.start < s.start || t.start == s.start && t.size >= s.size {
		s.form, s.size = t.form, t.size
	}
	s.start, s.end = min(s.start, t.start), max(s.end, t.end)
	return s
}

// takeHits removes and returns the hits that begin before raw position pos, in
// order of their start, the longest first.
func (f *findings) takeHits(pos int64) []hit {
	var ripe []hit
	f.hits = slices.DeleteFunc(f.hits, func(h hit) bool {
		if h.start < pos {
			ripe = append(ripe, h)
		}
		return h.start < pos
	})
	slices.SortFunc(ripe, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end), cmp.Compare(a.form.name, b.form.name))
	})
	return ripe
}

// drop forgets what lies before raw position pos.
func (f *findings) drop(pos int64) {
	n := 0
	for n < len(f.spans) && f.spans[n].end <= pos {
		n++
	}
	f.spans = slices.Delete(f.spans, 0, n)
	if len(f.spans) > 0 && f.spans[0].start < pos {
		f.spans[0].start = pos
	}
}
