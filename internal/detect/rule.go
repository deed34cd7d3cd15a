package detect

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
)

// A Rule describes one shape of token, as data.
type Rule struct {
	// Name is what findings carry.
	Name string
	// Title says what the token is, in words a user has.
	Title string
	// Source is the issuer's page that describes or shows the format.
	Source string
	// Read is what of the issuer was read when the rule was written: a page, or
	// the code that makes or checks the token. Empty: nothing could be had, and
	// the rule follows common knowledge of the format.
	Read string
	// Keys are literals one of which begins every match. None begins another.
	Keys []string
	// Pattern is an RE2 over ASCII, of bounded length, without assertions. If it
	// has a group, only what the group matches is hidden: the rest is context.
	Pattern string
	// Tail makes the rule an open one: what may follow, to any length, and is
	// hidden with it. A closed rule, without Tail, must end where the word does.
	Tail string
	// Join names the bytes that, besides letters, digits and the underscore, are
	// part of a word here: such a byte may stand neither in front nor behind.
	Join string
	// Front names the bytes one of which must stand in front, for tokens that
	// are marked in their middle. Empty: a word must begin.
	Front string
	// Check names the row of the table of checks that a match must pass.
	Check string
}

// Rules returns the table of rules, in the order of the documentation.
func Rules() []Rule { return slices.Clone(rules) }

// Bounds returns the least and the greatest length of what Pattern matches: the
// most that is held while it is not yet known whether it will.
func (r Rule) Bounds() (least, most int) {
	re, err := syntax.Parse(r.Pattern, syntax.Perl)
	if err != nil {
		return 0, -1
	}
	return bounds(re)
}

// bounds walks a regular expression; most is -1 where there is no limit.
func bounds(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune), len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1, 1
	case syntax.OpCapture:
		return bounds(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			lo, hi := bounds(sub)
			least, most = least+lo, plus(most, hi)
		}
		return least, most
	case syntax.OpAlternate:
		return alternatives(re.Sub)
	}
	lo, hi := repeats(re)
	if lo < 0 {
		return 0, 0 // matches no byte: an empty group
	}
	least, most = bounds(re.Sub[0])
	if hi < 0 || most < 0 {
		return least * lo, -1
	}
	return least * lo, most * hi
}

func alternatives(subs []*syntax.Regexp) (least, most int) {
	for i, sub := range subs {
		lo, hi := bounds(sub)
		if i == 0 {
			least, most = lo, hi
			continue
		}
		least = min(least, lo)
		if most >= 0 {
			most = max(most, hi)
		}
		if hi < 0 {
			most = -1
		}
	}
	return least, most
}

// repeats returns how often the operand of re may occur; -1, -1 if re has none.
func repeats(re *syntax.Regexp) (lo, hi int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, -1
	case syntax.OpPlus:
		return 1, -1
	case syntax.OpQuest:
		return 0, 1
	case syntax.OpRepeat:
		return re.Min, re.Max
	}
	return -1, -1
}

func plus(a, b int) int {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// A compiled rule is a Rule ready for use, but for its program, which is made
// when a keyword of it is first seen.
type compiled struct {
	*Rule
	order int
	word  byteSet // bytes of a word: no match begins behind one or ends before one
	front byteSet
	pass  func(token []byte) bool
	prog  func() *program
	group func() *regexp.Regexp
}

func compile(r *Rule, order int) *compiled {
	c := &compiled{Rule: r, order: order, pass: checkNamed(r.Check)}
	c.word.addRange('0', '9')
	c.word.addRange('A', 'Z')
	c.word.addRange('a', 'z')
	c.word.addString("_" + r.Join)
	c.front.addString(r.Front)
	c.prog = sync.OnceValue(func() *program { return newProgram(r.Pattern, r.Tail) })
	c.group = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^(?:" + r.Pattern + ")$") })
	return c
}

// open reports whether the rule has a tail.
func (c *compiled) open() bool { return c.Tail != "" }

// begins reports whether a match may begin behind before, the end of what came.
func (c *compiled) begins(before []byte) bool {
	if c.Front != "" {
		return len(before) > 0 && c.front.has(before[len(before)-1])
	}
	return len(before) == 0 || !c.word.has(before[len(before)-1]) || escapes(before)
}

// hidden returns what is to be hidden of a token: its group, or all of it.
func (c *compiled) hidden(token []byte) (from, end int) {
	if !c.prog().group {
		return 0, len(token)
	}
	m := c.group().FindSubmatchIndex(token)
	if len(m) < 4 || m[2] < 0 {
		return 0, len(token)
	}
	return m[2], m[3]
}

// A byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }

func (s *byteSet) addRange(lo, hi byte) {
	for b := int(lo); b <= int(hi); b++ {
		s[b>>6] |= 1 << (b & 63)
	}
}

func (s *byteSet) addString(text string) {
	for _, b := range []byte(text) {
		s.addRange(b, b)
	}
}

// lookBack is how many bytes before a keyword escapes may look at.
const lookBack = 24

// escapes reports whether the last byte of before ends an escape sequence, so
// that it is no part of a word although it looks like one: \n, \x0a, \u000a,
// %0A, a terminal's control sequence, or its return to ASCII.
func escapes(before []byte) bool {
	before = before[max(0, len(before)-lookBack):]
	n := len(before)
	tail := func(k int) string { return string(before[max(0, n-k):]) }
	switch {
	case n >= 2 && before[n-2] == '\\' && strings.IndexByte("abefnrtv0", before[n-1]) >= 0:
		return true
	case n >= 3 && before[n-3] == '%' && isHex(tail(2)):
		return true
	case n >= 4 && tail(4)[:2] == `\x` && isHex(tail(2)):
		return true
	case n >= 6 && tail(6)[:2] == `\u` && isHex(tail(4)):
		return true
	}
	return tail(3) == "\x1b(B" || endsControl(before)
}

func isHex(s string) bool {
	for _, b := range []byte(s) {
		if strings.IndexByte("0123456789abcdefABCDEF", b) < 0 {
			return false
		}
	}
	return true
}

// endsControl reports whether b ends with ESC [ parameters letter.
func endsControl(b []byte) bool {
	i := len(b) - 2
	for i >= 0 && (b[i] == ';' || b[i] >= '0' && b[i] <= '9') {
		i--
	}
	return i >= 1 && b[i] == '[' && b[i-1] == 0x1b
}
