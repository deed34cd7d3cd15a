// Package fetchtest is the suite that every store must pass.
//
// A store's test sets up one document, one name that has none, and calls [Run]:
//
//	func TestConformance(t *testing.T) {
//		root := fetchtest.Root(t, map[string][]byte{
//			"token": []byte(fetchtest.Canary),
//			"huge":  make([]byte, fetch.MaxDocument+1),
//		})
//		fetchtest.Run(t, fetchtest.Harness{
//			Kind:     foo.Kind(),
//			Env:      fetch.Env{Root: root, Getenv: fetchtest.Getenv(nil)},
//			Path:     "token",
//			Want:     []byte(fetchtest.Canary),
//			Missing:  "absent",
//			Oversize: "huge",
//		})
//	}
//
// A store across the network starts its fake server first, in the same test, on
// loopback, and says with Harness.At how it is sent to another, which fails. What is particular to a store (its status codes, its formats) it
// tests besides. Run the suite with -race.
package fetchtest

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// Canary is part of every value that the suite has a store read; it must turn
// up nowhere else. FAULTS 99.
const Canary = "cAnArY-5b1e8f0a-Tr4iN"

// A Harness is a store with two documents to try it on.
type Harness struct {
	Kind fetch.Kind
	Env  fetch.Env // passed to Open; set Trusted if the store wants it

	Path   string     // of a document that exists
	Params url.Values // for every read; may be nil
	Want   []byte     // its bytes; they contain Canary

	Missing  string   // names no document: ErrNotFound
	Denied   string   // is refused: ErrDenied; empty to leave out
	Oversize string   // names more than fetch.MaxDocument bytes; empty to leave out
	Hostile  []string // paths that must fail, besides the suite's own

	// At gives a world in which the store asks the server at an address
	// (http://127.0.0.1:PORT) for everything. For a store across the network; its
	// credentials in that world should hold Canary. Path is read there, and the
	// server fails in every way of FAULTS 87–90, 93. Address may be https, or link-local.
	At       func(address string) fetch.Env
	NoServer bool // the store asks none: there is no At

	// Dir is the directory of the files that paths name, where that is not Env.Root. What lies
	// there and is no regular file of it, however it came there, must not be read. FAULTS 92.
	Dir string

	NoMissing bool // the store cannot tell that a document is missing (exec)
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if !bytes.Contains(h.Want, []byte(Canary)) {
		t.Fatal("fetchtest: Want must contain Canary")
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"row", testRow},
		{"existing", testExisting},
		{"missing", testMissing},
		{"denied", testDenied},
		{"oversize", testOversize},
		{"hostile paths", testHostile},
		{"unknown parameter", testParameter},
		{"cancelled", testCancelled},
		{"concurrent", testConcurrent},
		{"many", testMany},
		{"resolver", testResolver},
		{"files", testFiles},
		{"faults", testFaults},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, h) })
	}
}

// Root makes a directory of the given files, which ends with the test.
func Root(t *testing.T, files map[string][]byte) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// Getenv is an environment of exactly these variables.
func Getenv(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// NoCanary fails the test when err, or text in any of the usual encodings of it, shows the canary.
func NoCanary(t *testing.T, what any) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", what, what, what)
	for _, form := range []string{Canary, Canary[:6], base64.StdEncoding.EncodeToString([]byte(Canary)), fmt.Sprintf("%x", Canary)} {
		if strings.Contains(text, form) {
			t.Errorf("a value shows in %T", what)
		}
	}
}

func open(t *testing.T, h Harness) fetch.Source {
	t.Helper()
	return Open(t, h.Kind, h.Env)
}

// read reads a path with a time limit and looks at the error it gets.
func read(t *testing.T, src fetch.Source, h Harness, path string) (fetch.Document, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	doc, err := src.Read(ctx, path, h.Params)
	checkError(t, err)
	return doc, err
}

// checkError holds an error to the rules: one line, no value.
func checkError(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	NoCanary(t, err)
	if strings.ContainsAny(err.Error(), "\r\n") {
		t.Errorf("error has more than one line: %q", err)
	}
}

func testRow(t *testing.T, h Harness) {
	for _, name := range append([]string{h.Kind.Scheme}, h.Kind.Aliases...) {
		if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789+-.") != "" {
			t.Errorf("scheme or alias %q is not one", name)
		}
	}
	if h.Kind.Help == "" || strings.ContainsAny(h.Kind.Help, "\r\n") {
		t.Errorf("Help is not one line: %q", h.Kind.Help)
	}
}

func testExisting(t *testing.T, h Harness) {
	src := open(t, h)
	for range 2 {
		doc, err := read(t, src, h, h.Path)
		if err != nil {
			t.Fatal(err)
		}
		if got := trimmed(h, doc.Data); !bytes.Equal(got, h.Want) {
			t.Errorf("got %d bytes that are not the %d wanted", len(got), len(h.Want))
		}
		NoCanary(t, doc)
		clear(doc.Data) // it is ours: the next read must not see this
	}
}

func trimmed(h Harness, data []byte) []byte {
	if h.Kind.TrimNewline {
		return bytes.TrimRight(data, "\n")
	}
	return data
}

func testMissing(t *testing.T, h Harness) {
	_, err := read(t, open(t, h), h, h.Missing)
	if err == nil || !h.NoMissing && !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func testDenied(t *testing.T, h Harness) {
	if h.Denied == "" {
		t.Skip("nothing that is denied")
	}
	if _, err := read(t, open(t, h), h, h.Denied); !errors.Is(err, fetch.ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
}

// FAULTS 90.
func testOversize(t *testing.T, h Harness) {
	if h.Oversize == "" {
		t.Skip("nothing that is too large")
	}
	if doc, err := read(t, open(t, h), h, h.Oversize); err == nil {
		t.Errorf("got %d bytes, want an error", len(doc.Data))
	}
}

// FAULTS 91. ParseRef refuses these too; a store must not rely on it.
func testHostile(t *testing.T, h Harness) {
	src := open(t, h)
	hostile := []string{
		"../x", "a/../../x", "/../x", "../../../../../../etc/passwd", "..",
		`..\x`, "a\x00b", "%2e%2e/x", strings.Repeat("a/", 3000) + "x",
	}
	for _, path := range append(hostile, h.Hostile...) {
		if doc, err := read(t, src, h, path); err == nil {
			t.Errorf("path %.40q gave %d bytes", path, len(doc.Data))
		}
	}
}

func testParameter(t *testing.T, h Harness) {
	params := url.Values{"no-such-parameter": {"1"}}
	for k, v := range h.Params {
		params[k] = v
	}
	_, err := open(t, h).Read(t.Context(), h.Path, params)
	if err == nil {
		t.Error("a parameter that the store does not know was passed over: see fetch.CheckParams")
	}
	checkError(t, err)
}

func testCancelled(t *testing.T, h Harness) {
	src := open(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	start := time.Now()
	for _, path := range []string{h.Path, h.Missing} {
		doc, err := src.Read(ctx, path, h.Params)
		checkError(t, err)
		if err == nil && !bytes.Equal(trimmed(h, doc.Data), h.Want) {
			t.Error("half a document and no error")
		}
	}
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("took %s after the context had ended", d)
	}
}

func testConcurrent(t *testing.T, h Harness) {
	src := open(t, h)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if i%4 == 3 {
				if _, err := read(t, src, h, h.Missing); err == nil {
					t.Error("missing document found")
				}
				return
			}
			doc, err := read(t, src, h, h.Path)
			if err != nil || !bytes.Equal(trimmed(h, doc.Data), h.Want) {
				t.Errorf("wrong document, error %v", err)
			}
			clear(doc.Data)
		})
	}
	wg.Wait()
}

// testMany asks a ManyReader for good and bad together: one must not spoil the other.
func testMany(t *testing.T, h Harness) {
	src, ok := open(t, h).(fetch.ManyReader)
	if !ok {
		t.Skip("reads one by one")
	}
	good, bad := fetch.Query{Path: h.Path, Params: h.Params}, fetch.Query{Path: h.Missing, Params: h.Params}
	queries := []fetch.Query{good, bad, good}
	answers := src.ReadMany(t.Context(), queries)
	if len(answers) != len(queries) {
		t.Fatalf("%d answers to %d queries", len(answers), len(queries))
	}
	for i, a := range answers {
		checkError(t, a.Err)
		if queries[i].Path == h.Missing {
			if !errors.Is(a.Err, fetch.ErrNotFound) {
				t.Errorf("answer %d: %v, want ErrNotFound", i, a.Err)
			}
			continue
		}
		if a.Err != nil || !bytes.Equal(trimmed(h, a.Document.Data), h.Want) {
			t.Errorf("answer %d: wrong document, error %v", i, a.Err)
		}
	}
}

// testResolver reads through a Resolver, as maskrun does. FAULTS 94, 95
func testResolver(t *testing.T, h Harness) {
	env := h.Env
	if env.Config != nil {
		env.Config = map[string]any{h.Kind.Scheme: env.Config}
	}
	kind, reads := counting(h.Kind)
	r := fetch.NewResolver(env, kind)
	defer r.Close()
	request := func(name, path string) fetch.Request {
		return fetch.Request{Name: name, Ref: fetch.Ref{Scheme: h.Kind.Scheme, Path: path, Params: h.Params}, Trusted: h.Env.Trusted}
	}
	secrets, err := r.Resolve(t.Context(), []fetch.Request{request("A", h.Path), request("B", h.Path)})
	if err != nil || len(secrets) != 2 {
		t.Fatalf("%d secrets, error %v", len(secrets), err)
	}
	if n := reads.Load(); n != 1 {
		t.Errorf("one document is read %d times for two secrets", n)
	}
	for _, s := range secrets {
		NoCanary(t, s)
		if !bytes.Equal(s.Value.Reveal(), h.Want) {
			t.Errorf("%s: wrong value", s.Name)
		}
	}
	bad := request("C", "../"+h.Path)
	secrets, err = r.Resolve(t.Context(), []fetch.Request{request("A", h.Path), request("B", h.Missing), bad})
	if err == nil || secrets != nil || !strings.Contains(err.Error(), "B: ") || !strings.Contains(err.Error(), "C: ") || strings.Contains(err.Error(), "A: ") {
		t.Errorf("two of three documents cannot be had: %d secrets, error %v", len(secrets), err)
	}
	NoCanary(t, err)
	missing := request("B", h.Missing)
	missing.Optional = true
	secrets, err = r.Resolve(t.Context(), []fetch.Request{missing})
	if !h.NoMissing && (err != nil || len(secrets) != 0) {
		t.Errorf("an optional missing document: %d secrets, error %v", len(secrets), err)
	}
}
