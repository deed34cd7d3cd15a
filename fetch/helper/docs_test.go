//go:build unix

package helper_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/helper"
)

// The helpers that docs/store-protocol.md shows, run as they stand there.
func TestDocumentedHelpers(t *testing.T) {
	page, err := os.ReadFile("../../docs/store-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ lang, interpreter string }{{"sh", "sh"}, {"python", "python3"}} {
		t.Run(c.lang, func(t *testing.T) {
			if err := exec.Command(c.interpreter, "-c", "").Run(); err != nil {
				t.Skipf("NOT TESTED: the %s example of docs/store-protocol.md needs %s: %v", c.lang, c.interpreter, err)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "maskrun-store-dir"), []byte(block(t, string(page), c.lang)), 0o755); err != nil {
				t.Fatal(err)
			}
			tryDocumented(t, dir)
		})
	}
}

// block is the first fenced block of a language.
func block(t *testing.T, page, lang string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, "```"+lang+"\n")
	text, _, closed := strings.Cut(rest, "```\n")
	if !ok || !closed {
		t.Fatalf("no block of %s", lang)
	}
	if n := strings.Count(text, "\n"); n > 25 {
		t.Errorf("the %s example has %d lines; it is meant to be short", lang, n)
	}
	return text
}

func tryDocumented(t *testing.T, dir string) {
	value := strings.Repeat(canary+"\x00\xff\n", 100)
	data := t.TempDir()
	for name, text := range map[string]string{"token": value, "empty": "", "quoted.txt": `"}`} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := helper.Options{Name: "maskrun-store-dir", Dir: dir, Environ: append(os.Environ(), "DIR_STORE="+data)}
	c := client(t, o)
	root := fetchtest.Root(t, nil)
	src, err := c.Kind("dir").Open(t.Context(), fetch.Env{Root: root, Config: map[string]any{"path": `","path":"token"`}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"token": value, "empty": "", "quoted.txt": `"}`} {
		if doc, err := src.Read(t.Context(), name, nil); err != nil || string(doc.Data) != want {
			t.Errorf("%s: %d bytes, error %v", name, len(doc.Data), err)
		}
	}
	if _, err := src.Read(t.Context(), "absent", nil); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("absent: %v, want ErrNotFound", err)
	}
	for _, path := range []string{"../token", "", ".", `a"}`, `token","x":"`, "a b", "sub/token", "`id`"} { // FAULTS 91
		if doc, err := src.Read(t.Context(), path, nil); err == nil || errors.Is(err, fetch.ErrNotFound) {
			t.Errorf("%q: %d bytes, error %v", path, len(doc.Data), err)
		}
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
