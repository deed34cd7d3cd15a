package detect

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
)

func mask(t testing.TB, d *Detector, in string) string {
	t.Helper()
	return cut(t, d, []byte(in), 0)
}

// only returns a Detector of the one rule.
func only(t testing.TB, name string) *Detector {
	t.Helper()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("no rule is called %q", name)
	}
	return detector(t, rules[i:i+1], nil)
}

func TestTable(t *testing.T) {
	if len(rules) < 60 {
		t.Errorf("%d rules, want at least 60", len(rules))
	}
	if n := readRules(); n < 60 {
		t.Errorf("%d rules were read in what the issuer publishes, want at least 60", n)
	}
	seen := map[string]bool{}
	for _, r := range Rules() {
		t.Run(r.Name, func(t *testing.T) { checkRow(t, r) })
		if seen[r.Name] {
			t.Errorf("two rules are called %q", r.Name)
		}
		seen[r.Name] = true
	}
}

func checkRow(t *testing.T, r Rule) {
	if r.Name == "" || r.Title == "" || !strings.HasPrefix(r.Source, "https://") || len(r.Keys) == 0 {
		t.Errorf("incomplete: %+v", r)
	}
	if r.Read != "" && !strings.HasPrefix(r.Read, "https://") {
		t.Errorf("not an address: %q", r.Read)
	}
	if r.Check != "" && checkNamed(r.Check) == nil {
		t.Errorf("no check is called %q", r.Check)
	}
	re, err := syntax.Parse("(?:"+r.Pattern+")(?:"+r.Tail+")", syntax.Perl)
	if err != nil {
		t.Fatal(err)
	}
	if re.MaxCap() > 1 {
		t.Error("more than one group")
	}
	checkTree(t, re)
	least, most := r.Bounds()
	if most < 0 || most > 1200 {
		t.Errorf("the pattern is %d bytes long at most, want a bound of 1200", most)
	}
	if least < 8 {
		t.Errorf("the pattern is %d bytes long at least, want 8", least)
	}
	checkKeys(t, r)
}

// checkTree refuses what the program does not know: assertions, and classes
// beyond ASCII.
func checkTree(t *testing.T, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		t.Errorf("assertion %v", re)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		t.Errorf("any character: %v", re)
	}
	if re.Flags&syntax.FoldCase != 0 && re.Op == syntax.OpLiteral {
		t.Errorf("folded case: %v", re)
	}
	for _, c := range re.Rune {
		if c > 0x7f {
			t.Errorf("beyond ASCII: %v", re)
		}
	}
	for _, sub := range re.Sub {
		checkTree(t, sub)
	}
}

// checkKeys asks whether every key can begin a match, and no other thing can.
func checkKeys(t *testing.T, r Rule) {
	p := newProgram(r.Pattern, r.Tail)
	for i, key := range r.Keys {
		if len(key) < 2 {
			t.Errorf("key %q is too short", key)
		}
		for j, other := range r.Keys {
			if i != j && strings.HasPrefix(other, key) {
				t.Errorf("key %q begins key %q", key, other)
			}
		}
		var s stepper
		threads := slices.Clone(p.start)
		for _, b := range []byte(key) {
			threads, _ = s.step(p, threads, b)
		}
		if len(threads) == 0 {
			t.Errorf("no match begins with %q", key)
		}
	}
}

// Every rule has two examples at least, invented anew from several seeds; each
// is found in the ways that programs print it.
func TestExamples(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 26))
	frames := []struct{ why, before, after string }{
		{"alone on a line", "", "\n"},
		{"assigned", "export TOKEN=", "\n"},
		{"in JSON", `{"token":"`, `"}`},
		{"behind an escaped line feed", `a\n`, `\n`},
		{"in an escaped URL", "q%3D", "%26r"},
		{"in colour", "\x1b[1;32m", "\x1b[0m\n"},
		{"behind the colours of tput", "\x1b(B", "\x1b(B\n"},
		{"in a sentence", "the token (", ") is new"},
		{"at the very end", "Bearer ", ""},
	}
	for _, e := range examples {
		d := only(t, e.rule)
		for _, f := range frames {
			text, want := e.masked(rng)
			if strings.Contains("-----BEGIN azure-sas", e.rule) && strings.Contains(f.before, "%") {
				continue // a signature is escaped itself: the escape behind it is taken for a part
			}
			if got := mask(t, d, f.before+text+f.after); got != f.before+want+f.after {
				t.Errorf("%s, %s\n in %q\n got %q\nwant %q", e.rule, f.why, f.before+text+f.after, got, f.before+want+f.after)
			}
		}
	}
}

func TestExamplesCoverTheTable(t *testing.T) {
	count := map[string]int{}
	for _, e := range examples {
		count[e.rule] += 1
	}
	for _, r := range rules {
		if count[r.Name] == 0 {
			t.Errorf("%s has no example", r.Name)
		}
		delete(count, r.Name)
	}
	for name := range count {
		t.Errorf("example of no rule: %s", name)
	}
}

// What is nearly a token is not hidden: for every rule a longer word, a shorter
// text, and, where there is a check, one that fails it.
func TestNearMisses(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, e := range examples {
		d := only(t, e.rule)
		r := d.keys[0].rules[0]
		text := e.make(rng)
		start := keyAt(text, r.Keys)
		var misses []struct{ why, text string }
		miss := func(why, text string) { misses = append(misses, struct{ why, text string }{why, text}) }
		if r.Front == "" {
			miss("behind a letter it is the inside of a word", text[:start]+"x"+text[start:])
		} else {
			miss("nothing that must stand in front does", " "+text[start:])
		}
		least, _ := r.Bounds()
		miss("one byte short of the shortest match", text[start:start+least-1]+" ")
		if !r.open() {
			_, want := e.masked(rand.New(rand.NewPCG(1, 1)))
			if want == DefaultMarker {
				miss("a letter behind makes a longer word", text+"A\n")
			}
		}
		if strings.HasPrefix(r.Check, "crc32") || r.Check == "bech32" {
			miss("wrong checksum", spoil(text)+"\n")
		}
		for _, m := range misses {
			if got := mask(t, d, m.text); got != m.text {
				t.Errorf("%s: %s\n in %q\n got %q", e.rule, m.why, m.text, got)
			}
		}
	}
}

func keyAt(text string, keys []string) int {
	at := len(text)
	for _, key := range keys {
		if i := strings.Index(text, key); i >= 0 {
			at = min(at, i)
		}
	}
	return at
}

// spoil changes one character in the middle of a token.
func spoil(token string) string {
	b := []byte(token)
	i := len(b) - 12
	if b[i]++; strings.IndexByte("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", b[i]) < 0 {
		b[i] = 'Q'
	}
	if string(b) == token {
		b[i] = 'Z'
	}
	return string(b)
}

func TestParticular(t *testing.T) {
	d := detector(t, rules, nil)
	sum := "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17" // printed in public descriptions of the checksum
	jose := fill("<jose>", rand.New(rand.NewPCG(1, 1)))
	line := strings.Repeat("QUJD", 16)
	begin, end := "-----BEGIN RSA PRIV"+"ATE KEY-----\n", "\n-----END RSA PRIV"+"ATE KEY-----"
	for _, c := range []struct{ why, in, want string }{
		{"the checksum of a known token", "gh" + "p_" + sum, "***"},
		{"two tokens that touch a blank", "gh" + "p_" + sum + " gh" + "p_" + sum, "*** ***"},
		{"the masker's marker is left alone", "key=*** url=https://u:***@h/ [MASKED:A_B]", "key=*** url=https://u:***@h/ [MASKED:A_B]"},
		{"a variable is no password", "redis://:$PASS@r/0 redis://:%24PASS@r/0", "redis://:$PASS@r/0 redis://:%24PASS@r/0"},
		{"an image's tag is no password", "docker://alpine:3.18@sha256:00ff", "docker://alpine:3.18@sha256:00ff"},
		{"hosts that begin like a digest", "a://u:p4ss@shard.example b://u:p4ss@s/ c://u:p4ss@sh.x", "a://u:***@shard.example b://u:***@s/ c://u:***@sh.x"},
		{"a port is no password", "http://h:8080/a@b", "http://h:8080/a@b"},
		{"a JSON document that is no header", "eyJhIjoxfQ" + "AAAA.eyJhIjoxfQ.c2ln", "eyJhIjoxfQ" + "AAAA.eyJhIjoxfQ.c2ln"},
		{"the full stop behind a token stays", jose + ".eyJzdWIiOiIxIn0.c2lnbmF0dXJl. Next", "***. Next"},
		{"a public key stays", strings.ReplaceAll(begin+line+end, "RSA PRIV"+"ATE", "PUBLIC"), strings.ReplaceAll(begin+line+end, "RSA PRIV"+"ATE", "PUBLIC")},
		{"a block whose end is missing stops at the first line that is no base64",
			begin + line + "\n" + line + "\nerror: cut\n", "***\nerror: cut\n"},
		{"a block cut off in its last, short line", begin + line + "\nQUJDQUJDQUJD", "***"},
		{"the mention of a block", "want -----BEGIN PRIV" + "ATE KEY----- here", "want -----BEGIN PRIV" + "ATE KEY----- here"},
		{"half of a token at the end of the stream", "gh" + "p_" + sum[:20], "***"},
		{"less than half", "gh" + "p_" + sum[:12], "gh" + "p_" + sum[:12]},
		{"a host at the end of the stream is no cut-off token", "see https://example.com", "see https://example.com"},
		{"a token within a token is one run", "https://u:gh" + "p_" + sum + "@h", "https://u:***@h"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got := mask(t, d, c.in); got != c.want {
				t.Errorf("in %q\n got %q\nwant %q", c.in, got, c.want)
			}
			if got := cut(t, d, []byte(c.in), ^uint(0)); len(c.in) < 64 && got != c.want {
				t.Errorf("byte by byte: %q\n got %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}

// Ordinary text passes byte by byte as it is.
func TestOrdinaryText(t *testing.T) {
	size := 4 << 20
	if testing.Short() {
		size = 256 << 10
	}
	nothingIn(t, "generated", []byte(ordinary(rand.New(rand.NewPCG(3, 4)), size)))
}

// So does the corpus of real-shaped logs, where it is there.
func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../testdata/corpus/*")
	if len(files) == 0 {
		t.Skip("no corpus")
	}
	for _, name := range files {
		if data, err := os.ReadFile(name); err == nil {
			nothingIn(t, name, data)
		}
	}
}

func nothingIn(t *testing.T, name string, data []byte) {
	t.Helper()
	d := detector(t, rules, &Options{OnHit: func(h Hit) {
		t.Errorf("%s:%d: %s in %q", name, h.Line, h.Rule, data[h.Offset:min(int(h.Offset)+40, len(data))])
	}})
	if got := mask(t, d, string(data)); got != string(data) {
		t.Errorf("%s came out changed", name)
	}
}
