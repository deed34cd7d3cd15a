package heavy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/heavy/names"
	"github.com/maskrun/maskrun/fetch/light"
)

const root = "../.."

// The table of stores in README.md and the index of docs/stores are made from the
// lists and the pages: every store has a page of docs/stores, where the first reference
// that stands as code, or at the start of a line, shows how it is written.
//
//	UPDATE=1 go test ./fetch/heavy     writes them anew
func TestStoreDocs(t *testing.T) {
	kinds := slices.Concat(light.Kinds(), names.Kinds())
	var table, index strings.Builder
	table.WriteString("| Reference | Store |\n|---|---|\n")
	index.WriteString("| Reference | Store | Page |\n|---|---|---|\n")
	for _, k := range kinds {
		page, form := pageOf(t, k)
		fmt.Fprintf(&table, "| [`%s`](docs/stores/%s) | %s |\n", form, page, k.Help)
		fmt.Fprintf(&index, "| `%s` | %s | [%s](%s) |\n", form, k.Help, strings.TrimSuffix(page, ".md"), page)
	}
	const third = "| `NAME://…` | anything: a program `maskrun-store-NAME` on `PATH` ([protocol](docs/store-protocol.md)) |\n"
	table.WriteString(third)
	index.WriteString("| `NAME://…` | anything: a program `maskrun-store-NAME` on `PATH` | [protocol](../store-protocol.md) |\n")
	keep(t, filepath.Join(root, "README.md"), table.String())
	keep(t, filepath.Join(root, "docs/stores/README.md"), index.String())
}

// pageOf finds the page of a store, and the first form of a reference on it.
func pageOf(t *testing.T, k fetch.Kind) (page, form string) {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(root, "docs/stores/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	start := regexp.MustCompile("(?m)(?:^|`)(" + regexp.QuoteMeta(k.Scheme) + "://[^`\\s]+)")
	for _, path := range pages {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(path) == "README.md" {
			continue
		}
		if m := start.FindStringSubmatch(string(text)); m != nil {
			return filepath.Base(path), m[1]
		}
	}
	t.Errorf("no page of docs/stores shows a reference %s://…", k.Scheme)
	return "README.md", k.Scheme + "://…"
}

// keep holds the part of a file between its marks to what was made.
func keep(t *testing.T, path, made string) {
	t.Helper()
	const begin, end = "<!-- stores: made by fetch/heavy/docs_test.go -->\n", "<!-- end of stores -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	have, after, ended := strings.Cut(rest, end)
	switch {
	case !ok || !ended:
		t.Errorf("%s has no table of stores between %q and %q", path, begin, end)
	case have == made:
	case os.Getenv("UPDATE") != "":
		if err := os.WriteFile(path, []byte(before+begin+made+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s: the table of stores is not that of the lists: UPDATE=1 go test ./fetch/heavy", path)
	}
}
