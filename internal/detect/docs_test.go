package detect

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	page  = "../../docs/detect.md"
	begin = "<!-- begin rules: go test ./internal/detect -run TestPage -update -->\n"
	end   = "<!-- end rules -->\n"
)

// The page's tables are those of the code. -update writes them.
func TestPage(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the rules", page)
	}
	want := before + begin + tables() + end + after
	if want == string(data) {
		return
	}
	if !flag.Lookup("update").Value.(flag.Getter).Get().(bool) {
		t.Fatalf("%s is not what the rules say: run go test ./internal/detect -run TestPage -update", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite the tables of docs/detect.md")
	flag.Parse()
	os.Exit(m.Run())
}

// tables renders the rules and the checks.
func tables() string {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%d rules, %d of them read in what the issuer publishes.\n\n", len(rules), readRules())
	out.WriteString("| Rule | What | Begins with | Bytes | Check | Read |\n|---|---|---|---|---|---|\n")
	for _, r := range Rules() {
		fmt.Fprintf(&out, "| `%s` | [%s](%s) | %s | %s | %s | %s |\n", r.Name, r.Title, r.Source, keys(r), size(r), r.Check, readIn(r))
	}
	out.WriteString("\n| Check | A match passes if |\n|---|---|\n")
	for _, c := range checks {
		fmt.Fprintf(&out, "| %s | %s |\n", c.name, c.what)
	}
	return out.String() + "\n"
}

func readRules() (n int) {
	for _, r := range rules {
		if r.Read != "" {
			n++
		}
	}
	return n
}

// readIn names what was read by its host, or by its repository.
func readIn(r Rule) string {
	if r.Read == "" {
		return ""
	}
	parts := strings.Split(strings.TrimPrefix(r.Read, "https://"), "/")
	name := parts[0]
	if name == "github.com" {
		name = parts[1] + "/" + parts[2]
	}
	return "[" + name + "](" + r.Read + ")"
}

func keys(r Rule) string {
	text := "`" + strings.Join(r.Keys, "` `") + "`"
	if r.Front != "" {
		text = "…" + text
	}
	return text
}

// size tells how long a match is: exactly, from to, or at least; and in
// brackets, if it has a tail, the most that is held before it is certain.
func size(r Rule) string {
	least, most := r.Bounds()
	switch {
	case r.Tail != "" && least == most:
		return fmt.Sprintf("%d and more", least)
	case r.Tail != "":
		return fmt.Sprintf("%d and more (%d)", least, most)
	case least == most:
		return fmt.Sprint(least)
	}
	return fmt.Sprintf("%d–%d", least, most)
}
