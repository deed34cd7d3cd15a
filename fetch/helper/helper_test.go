//go:build unix

package helper_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/helper"
)

// client makes a client that is closed with the test.
func client(t *testing.T, o helper.Options) *helper.Client {
	t.Helper()
	c := helper.New(context.Background(), o)
	t.Cleanup(func() { closeSoon(t, c) })
	return c
}

// closeSoon closes c and fails the test if that takes longer than it may.
func closeSoon(t *testing.T, c *helper.Client) error {
	t.Helper()
	start := time.Now()
	err := c.Close()
	if d := time.Since(start); d > 4*time.Second {
		t.Errorf("Close took %v", d)
	}
	return err
}

func open(t *testing.T, c *helper.Client, env fetch.Env) (fetch.ManyReader, error) {
	t.Helper()
	src, err := c.Kind("x").Open(t.Context(), env)
	if err != nil {
		return nil, err
	}
	return src.(fetch.ManyReader), nil
}

// readOne starts a helper of the given mode and reads one document.
func readOne(t *testing.T, mode string, env fetch.Env) (fetch.Document, error) {
	t.Helper()
	src, err := open(t, client(t, options(t, mode)), env)
	if err != nil {
		return fetch.Document{}, err
	}
	return src.Read(t.Context(), "some/path", nil)
}

// checkError wants one line that names the helper, says want, and shows nothing of the helper's output.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", want)
	}
	if !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "maskrun-store-x") {
		t.Errorf("error %q, want one that names the helper and says %q", err, want)
	}
	if strings.ContainsAny(err.Error(), "\r\n\x1b") || len(err.Error()) > 400 {
		t.Errorf("not one short line: %q", err)
	}
	fetchtest.NoCanary(t, err)
}

// Whatever a helper does is one line of an error, in time. FAULTS 90, 98, 99.
func TestBadHelpers(t *testing.T) {
	for _, c := range []struct{ mode, want string }{
		{"exit at once", "ended with exit status 0 before it had answered"},
		{"exit 0 early", "ended with exit status 0 before it had answered"},
		{"exit 3", "ended with exit status 3 before it had answered"},
		{"cut short", "ended with exit status 0 before it had answered"},
		{"no hello", "said no hello within 3s"},
		{"other version", "offers protocol 7 where this maskrun speaks 1"},
		{"refuses", `says: licence\nexpired`},
		{"other program", "line 1 of its output is not a json object"},
		{"answer before hello", "is not a hello, which must come first"},
		{"second hello", "line 2 of its output is a second hello"},
		{"garbage", "line 2 of its output is not a json object"},
		{"bad json", "line 2 of its output is not a json object"},
		{"json, no object", "line 2 of its output is not a json object"},
		{"unknown type", "line 2 of its output is of a type that the protocol does not know"},
		{"unknown id", "line 2 of its output answers a request that was never made"},
		{"line too long", "line 2 of its output is over 2097152 bytes"},
		{"too large", "answered with a document over 1048576 bytes"},
		{"no data", "answered with a document without data"},
		{"not base64", "answered with data that is not base64"},
		{"bad format", "answered with a document of unknown format"},
		{"bad lease", "answered with a lease of impossible length"},
		{"never answers", "no answer within 3s: unavailable"},
		{"closes stdin", "does not read its input"},
		{"closes stdout", "closed its output before it had answered"},
		{"identity", "asks for an identity, which its hello said there is not"},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			_, err := readOne(t, c.mode, fetch.Env{})
			checkError(t, err, c.want)
			if errors.Is(err, fetch.ErrNotFound) {
				t.Error("is ErrNotFound, which optional=true would forgive")
			}
		})
	}
}

// One document that is wrong does not spoil the others.
func TestBadAnswerIsOneAnswer(t *testing.T) {
	for _, mode := range []string{"too large", "no data", "not base64", "bad format", "message"} {
		src, err := open(t, client(t, options(t, mode)), fetch.Env{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.Read(t.Context(), "bad", nil); err == nil {
			t.Errorf("%s: no error", mode)
		}
		if doc, err := src.Read(t.Context(), "good", nil); err != nil || string(doc.Data) != "good" {
			t.Errorf("%s: then %q, error %v", mode, doc.Data, err)
		}
	}
}

func TestDuplicateAnswer(t *testing.T) {
	src, err := open(t, client(t, options(t, "duplicate")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := src.Read(t.Context(), "a", nil)
	if err != nil || string(doc.Data) != "one" {
		t.Fatalf("first answer: %q, error %v", doc.Data, err)
	}
	for range 2 { // the failure stays
		_, err = src.Read(t.Context(), "b", nil)
		checkError(t, err, "answers a request for the second time")
	}
}

func TestMessageIsCleaned(t *testing.T) {
	_, err := readOne(t, "message", fetch.Env{})
	if err == nil {
		t.Fatal("no error")
	}
	if got := err.Error(); !strings.HasPrefix(got, `a\nb\x1b[31m\u2028üü`) || !strings.HasSuffix(got, "ü…") || len(got) > 300 {
		t.Errorf("message %q of %d bytes", got, len(got))
	}
}

func TestErrorKinds(t *testing.T) {
	src, err := open(t, client(t, options(t, "kinds")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	sentinels := []error{fetch.ErrNotFound, fetch.ErrDenied, fetch.ErrUnavailable}
	for _, c := range []struct {
		kind string
		want error
	}{
		{"not_found", fetch.ErrNotFound}, {"denied", fetch.ErrDenied}, {"unavailable", fetch.ErrUnavailable}, {"invalid", nil}, {"new in version 2", nil},
	} {
		_, err := src.Read(t.Context(), c.kind, nil)
		if err == nil || err.Error() != "because" {
			t.Errorf("%s: error %v", c.kind, err)
		}
		for _, s := range sentinels {
			if errors.Is(err, s) != (s == c.want) {
				t.Errorf("%s: errors.Is(err, %v) = %v", c.kind, s, errors.Is(err, s))
			}
		}
		var later fetch.RetryAfterError
		if got := errors.As(err, &later); got != (c.want == fetch.ErrUnavailable) {
			t.Errorf("%s: a RetryAfterError: %v", c.kind, got)
		} else if got && later.RetryAfter() != 5*time.Second {
			t.Errorf("retry after %v", later.RetryAfter())
		}
	}
}

// Every part of a read arrives.
func TestRequest(t *testing.T) {
	root := fetchtest.Root(t, nil)
	src, err := open(t, client(t, options(t, "echo")), fetch.Env{Root: root, Trusted: true, Config: map[string]any{"region": "eu"}})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := src.Read(t.Context(), "a b/\"ü<", url.Values{"stage": {"prod"}})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"config":{"region":"eu"},"id":1,"params":{"stage":["prod"]},"path":"a b/\"ü\u003c","root":%q,"scheme":"x","trusted":true,"type":"read"}`, root.Name())
	if string(doc.Data) != want {
		t.Errorf("got  %s\nwant %s", doc.Data, want)
	}
}

func TestSchemes(t *testing.T) {
	c := client(t, options(t, "good"))
	for _, k := range c.Kinds("x", "y") {
		if _, err := k.Open(t.Context(), fetch.Env{}); err != nil {
			t.Errorf("%s: %v", k.Scheme, err)
		}
	}
	_, err := c.Kind("z").Open(t.Context(), fetch.Env{})
	checkError(t, err, "does not serve z://")
}

// FAULTS 21, 95: many readers, one process, each its own answer.
func TestConcurrent(t *testing.T) {
	src, err := open(t, client(t, options(t, "good")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			path := fmt.Sprint(i)
			doc, err := src.Read(t.Context(), path, nil)
			if err != nil || string(doc.Data) != path {
				t.Errorf("%s: %q, error %v", path, doc.Data, err)
			}
			answers := src.ReadMany(t.Context(), []fetch.Query{{Path: path + "a"}, {Path: path + "b"}})
			if string(answers[0].Document.Data) != path+"a" || string(answers[1].Document.Data) != path+"b" {
				t.Errorf("%s: %q", path, answers)
			}
		})
	}
	wg.Wait()
}

func TestFloodOfStderr(t *testing.T) {
	o := options(t, "floods stderr")
	var mu sync.Mutex
	var lines []string
	o.Stderr = func(line string) { mu.Lock(); lines = append(lines, line); mu.Unlock() }
	src, err := open(t, client(t, o), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if doc, err := src.Read(t.Context(), "a", nil); err != nil || string(doc.Data) != "fine" {
		t.Errorf("%q, error %v", doc.Data, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(lines) != 100 || slices.ContainsFunc(lines, func(l string) bool { return len(l) > 300 }) {
		t.Errorf("%d lines", len(lines))
	}
}

func TestWarnings(t *testing.T) {
	var warnings []string
	if _, err := readOne(t, "warns", fetch.Env{Warn: func(msg string) { warnings = append(warnings, msg) }}); err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 20 || warnings[0] != `helper maskrun-store-x: mind\nthis 0` {
		t.Errorf("%d warnings, first %q", len(warnings), warnings[0])
	}
}

func TestIdentity(t *testing.T) {
	for _, c := range []struct {
		why, want string
		identity  func(context.Context, string) (string, error)
	}{
		{"a token", "identity3tok-sts<nil>", func(_ context.Context, audience string) (string, error) { return "tok-" + audience, nil }},
		{"none", "identity3<nil>no\\nluck", func(context.Context, string) (string, error) { return "half", errors.New("no\nluck") }},
	} {
		doc, err := readOne(t, "identity", fetch.Env{Identity: c.identity})
		got := strings.ReplaceAll(string(doc.Data), " ", "")
		if want := strings.ReplaceAll(c.want, " ", ""); err != nil || got != want {
			t.Errorf("%s: %q, error %v", c.why, got, err)
		}
	}
}

// FAULTS 45: a read ends with its context, alone.
func TestCancel(t *testing.T) {
	src, err := open(t, client(t, options(t, "cancel")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = src.Read(ctx, "first", nil)
	checkError(t, err, "no answer: context deadline exceeded")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error("is not DeadlineExceeded, by which the Resolver tells a slow store")
	}
	doc, err := src.Read(t.Context(), "second", nil)
	if err != nil || string(doc.Data) != "canceltrue" && string(doc.Data) != "cancel true" {
		t.Errorf("the helper saw %q, error %v", doc.Data, err)
	}
	if doc, err = src.Read(t.Context(), "third", nil); err != nil || string(doc.Data) != "third" {
		t.Errorf("%q, error %v", doc.Data, err)
	}
}

// A helper that does not read must block nobody: requests larger than the pipe time out.
func TestNeverReads(t *testing.T) {
	src, err := open(t, client(t, options(t, "never reads")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := src.Read(ctx, strings.Repeat("x", 64<<10), nil)
			checkError(t, err, "no answer")
		})
	}
	wg.Wait()
	_, err = src.Read(t.Context(), strings.Repeat("x", 3<<20), nil)
	checkError(t, err, "the request is longer than 2097152 bytes")
}

// kill -9 while requests are open: each fails at once and says so.
func TestKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("children are found in /proc")
	}
	src, err := open(t, client(t, options(t, "never answers")), fetch.Env{Root: nil})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(200*time.Millisecond, func() { killChildren(t) })
	start := time.Now()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			_, err := src.Read(t.Context(), "a", nil)
			checkError(t, err, "ended with signal: killed before it had answered")
		})
	}
	wg.Wait()
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
}

// killChildren kills our children with SIGKILL, as the kernel does when memory is short.
func killChildren(t *testing.T) {
	list, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid()))
	all := strings.Fields(string(list))
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		list, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/children")
		all = append(all, strings.Fields(string(list))...)
	}
	if len(all) == 0 {
		t.Errorf("no children: %v", err)
	}
	for _, pid := range all {
		n, _ := strconv.Atoi(pid)
		_ = syscall.Kill(n, syscall.SIGKILL)
	}
}
