package detect

import "regexp/syntax"

// A program is a pattern and its tail as a machine that takes one byte at a
// time. Unlike package regexp it tells, after each byte, whether more input
// could still lead to a match: that is what makes the hold-back exact.
type program struct {
	insts []inst
	start []uint16 // threads before the first byte
	group bool     // the pattern has a group
	least int      // length of the shortest match of the pattern
}

// An inst takes one byte of a set and goes on to the threads in next.
type inst struct {
	set   byteSet
	next  []uint16
	match bool // what was taken so far is a match
}

// newProgram compiles a row of the table; a bad row is a broken invariant.
func newProgram(pattern, tail string) *program {
	re, err := syntax.Parse("(?:"+pattern+")(?:"+tail+")", syntax.Perl)
	if err != nil {
		panic("detect: internal error: " + err.Error())
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		panic("detect: internal error: " + err.Error())
	}
	p := &program{group: re.MaxCap() > 0}
	p.least, _ = Rule{Pattern: pattern}.Bounds()
	p.link(prog)
	return p
}

// link numbers the instructions that take a byte, and joins them.
func (p *program) link(prog *syntax.Prog) {
	ids := map[uint32]uint16{}
	for pc := range prog.Inst {
		if takes(&prog.Inst[pc]) {
			ids[uint32(pc)] = uint16(len(ids))
		}
	}
	p.insts = make([]inst, len(ids))
	for pc, id := range ids {
		in := &prog.Inst[pc]
		p.insts[id].set = setOf(in)
		p.insts[id].next, p.insts[id].match = reach(prog, in.Out, ids)
	}
	p.start, _ = reach(prog, uint32(prog.Start), ids)
}

func takes(in *syntax.Inst) bool {
	switch in.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

func setOf(in *syntax.Inst) (s byteSet) {
	if len(in.Rune) == 1 {
		s.addRange(byte(in.Rune[0]), byte(in.Rune[0]))
		return s
	}
	for i := 0; i+1 < len(in.Rune); i += 2 {
		s.addRange(byte(in.Rune[i]), byte(in.Rune[i+1]))
	}
	return s
}

// reach follows the instructions that take no byte from pc on.
func reach(prog *syntax.Prog, pc uint32, ids map[uint32]uint16) (next []uint16, match bool) {
	seen := map[uint32]bool{}
	todo := []uint32{pc}
	for len(todo) > 0 {
		pc, todo = todo[len(todo)-1], todo[:len(todo)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch in := &prog.Inst[pc]; in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			todo = append(todo, in.Arg, in.Out)
		case syntax.InstCapture, syntax.InstNop:
			todo = append(todo, in.Out)
		case syntax.InstMatch:
			match = true
		case syntax.InstFail, syntax.InstEmptyWidth:
		default:
			next = append(next, ids[pc])
		}
	}
	return next, match
}

// A stepper moves sets of threads; it holds what moving them needs.
type stepper struct {
	spare []uint16
	seen  []uint32
	round uint32
}

// step moves threads over b and returns the threads after it, and whether what
// was taken so far is a match.
func (s *stepper) step(p *program, threads []uint16, b byte) (after []uint16, match bool) {
	if len(s.seen) < len(p.insts) {
		s.seen = make([]uint32, len(p.insts))
	}
	if s.round++; s.round == 0 {
		clear(s.seen)
		s.round = 1
	}
	after = s.spare[:0]
	for _, t := range threads {
		in := &p.insts[t]
		if !in.set.has(b) {
			continue
		}
		match = match || in.match
		for _, n := range in.next {
			if s.seen[n] != s.round {
				s.seen[n] = s.round
				after = append(after, n)
			}
		}
	}
	s.spare = threads
	return after, match
}
