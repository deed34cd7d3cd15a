//go:build mutants

// Package mutants breaks the redactor on purpose, one rule at a time, and wants its
// tests to notice.
//
//	go test -tags mutants ./internal/mutants                        one of each kind
//	MASKRUN_MUTANTS=full go test -tags mutants ./internal/mutants   all
//
// The tree is not touched: the broken file is an overlay of the build. Rows of the
// table of encodings are removed one by one in masker itself (TestEveryRowIsNeeded),
// failure links compared with a search through all suffixes (TestLinks).
package mutants

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A mutant is one change of one place, and the tests that must fail for it.
type mutant struct {
	why      string // what is broken
	kind     string
	old, new string // old must stand in masker once
	tests    string // -run
}

var mutants = []mutant{
	// The views
	{"blanks stay, so there is no V2", "view", "case visible && isSpace(b):", "case visible && isSpace(b) && s.gap && !s.gap:", "ExhaustiveViews"},
	{"ESC hides nothing, so there is no V1", "view", "if b == 0x1b {", "if b == 0x1b && m == nil {", "Machine|ExhaustiveViews"},
	{"9B begins no sequence", "view", "if b == 0x9b && m.due == 0 {", "if b == 0x9b && m == nil {", "Machine"},
	{"9B begins one inside UTF-8 too", "view", "if b == 0x9b && m.due == 0 {", "if b == 0x9b {", "Machine"},
	{"arguments without end", "view", "m.args < maxArgs", "m.args < 250", "Machine"},
	{"an escape's letter is visible", "view", "case 0x30 <= b && b <= 0x7e:", "case 0x30 <= b && b <= 0x3f:", "Machine"},
	{"a blank may cut the first bytes", "view", "if v.jumps[k].cut {", "if v.jumps[k].cut && k < 0 {", "ExhaustiveViews"},
	{"V2 looks for the shortest forms too", "view", "len(bare) >= sc.flat {", "len(bare) >= 0*sc.flat {", "ExhaustiveViews"},
	{"V2 has no forms without their head", "view", "len(bare) >= sc.flatTail {", "len(bare) >= 1000*sc.flatTail {", "ExhaustiveViews"},

	// Failure links and outputs
	{"a mismatch starts from the root again", "link", "for s -= r.back; r.first <= s && s <= r.last;", "for s = 0; s > 0;", "ExhaustiveLetters"},
	{"no output is inherited by a link", "link", "l.flags[n+i] |= l.flags[to+i] & hasOut", "l.flags[n+i] |= l.flags[to+i] & hasOut & hasFail", "ExhaustiveLetters|Links"},
	{"a link leads one node too far", "link", "return n - a.runOf(n).back", "return n - a.runOf(n).back - 1", "ExhaustiveLetters|Links"},
	{"words inside a match are forgotten", "link", "shorter(n int32) int32 { return a.suffix(n, &a.outs) }", "shorter(n int32) int32 { return 0 * n }", "HitsInside|ExhaustiveLetters"},

	// What is skipped
	{"words in colour are passed over unseen", "skip", "if s.set.filter.find(seen[:m], 0) >= 0 ||", "if m < 0 ||", "InColour"},
	{"the glance behind a colour is too short", "skip", "m += copy(seen[m:], data[k:k+headSize-1])", "m += copy(seen[m:], data[k:k+1])", "InColour"},
	{"a gram is looked for at the wrong places", "skip", "if place >= nearSize {", "if place > nearSize {", "Engines|Mask"},
	{"heads are looked up by a hash of another", "skip", "t.whole.add(headHash(key))", "t.whole.add(headHash(key + 1))", "Engines|Mask"},

	// Rules
	{"lines are no forms", "rule", "telling(line) {", "telling(line) && line == nil {", "RulesOfForms"},
	{"word boundaries do not count", "rule", "{ return isWord(byte(w.past", "{ return size < 0 && isWord(byte(w.past", "ExhaustiveWords"},
	{"an end of a stream is hidden from any length on", "rule", "if 2*size < whole {", "if whole < 0 {", "ExhaustiveViews|Mask"},
	{"any marker will do", "rule", "bytes.Contains(w.bytes, m) || bytes.Contains(m, w.bytes) || overlap(w.bytes, m) || overlap(m, w.bytes)", "m == nil", "Marker"},
	{"an end of the marker may begin a value", "rule", " || overlap(w.bytes, m) || overlap(m, w.bytes)", "", "Marker"},
	{"short and common lines are forms", "rule", "if len(line) < longLength || stopped(line) || armor(line) {", "if len(line) == 0 {", "RulesOfForms"},
	{"the armor of a key is a form", "rule", "|| armor(line) {", "{", "RulesOfForms"},
	{"line ends stay as they are", "rule", `bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n"))`, "lf", "RulesOfForms"},
	{"quotes around a value belong to it", "rule", "len(in) >= longLength {", "len(in) == 1 {", "RulesOfForms|Mask"},
	{"strings of a JSON document are no forms", "rule", "if leaves != LeavesNone {", "if leaves != LeavesNone && t == nil {", "RulesOfForms"},
	{"plain addresses in it are forms", "rule", "(policy == LeavesAll || !harmless(b))", "(policy == LeavesAll || b != nil)", "RulesOfForms"},
	{"no word is too common", "rule", "return len(t) <= longestStop && ", "return len(t) == 0 && ", "Skipped|RulesOfForms"},
	{"derived forms may be short", "rule", "return len(form) >= longLength && len(bytes.TrimFunc(form, isSpaceRune)) >= longLength", "return len(form) >= 1", "RulesOfForms|FormsThatHide"},
	{"blanks around a value are forgotten", "rule", "if len(s) != len(t) {", "if len(s) == 0 {", "RulesOfForms"},
	{"an empty value is not told", "rule", `f.skip(v, "", reasonEmpty)`, "_ = reasonEmpty", "Skipped"},
}

func full() bool { return os.Getenv("MASKRUN_MUTANTS") == "full" }

// Each mutant fails a test of masker.
func TestMutants(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, m := range mutants {
		if kinds[m.kind]++; !full() && kinds[m.kind] > 1 {
			m.find(t, filepath.Join(repo, "masker")) // a row that breaks nothing is noticed at once
			continue
		}
		t.Run(strings.ReplaceAll(m.why, " ", "_"), func(t *testing.T) { m.run(t, repo) })
	}
}

func (m mutant) run(t *testing.T, repo string) {
	overlay := m.overlay(t, filepath.Join(repo, "masker"))
	start := time.Now()
	cmd := exec.Command("go", "test", "-overlay", overlay, "-failfast", "-timeout", "2m", "-run", m.tests, "./masker")
	cmd.Dir = repo
	out, err := cmd.CombinedOutput()
	text := string(out)
	switch {
	case err == nil:
		t.Errorf("no test notices:\n%s", text)
	case strings.Contains(text, "[build failed]") || strings.Contains(text, "[setup failed]"):
		t.Errorf("does not compile:\n%s", text)
	default:
		t.Logf("noticed by %s, %v", firstFailure(text), time.Since(start).Round(time.Second))
	}
}

// overlay writes the broken file and the overlay that names it.
func (m mutant) overlay(t *testing.T, dir string) (name string) {
	file, text := m.find(t, dir)
	scratch := t.TempDir()
	broken := filepath.Join(scratch, "broken.go")
	write(t, broken, []byte(strings.Replace(text, m.old, m.new, 1)))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {file: broken}})
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(scratch, "overlay.json")
	write(t, name, list)
	return name
}

// find returns the file that m.old stands in, and its text.
func (m mutant) find(t *testing.T, dir string) (file, text string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(data), m.old); n > 0 && !strings.HasSuffix(name, "_test.go") {
			file, text, count = name, string(data), count+n
		}
	}
	if count != 1 {
		t.Fatalf("%q stands in masker %d times, want once: bring the table up to date", m.old, count)
	}
	return file, text
}

func write(t *testing.T, name string, data []byte) {
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func firstFailure(out string) string {
	for line := range strings.Lines(out) {
		if strings.Contains(line, "--- FAIL: ") || strings.HasPrefix(line, "panic: ") {
			return strings.TrimSpace(line)
		}
	}
	return "?"
}
