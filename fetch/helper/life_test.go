//go:build unix

package helper_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper"
)

func TestCloseInOrder(t *testing.T) {
	c := client(t, options(t, "good"))
	src, err := open(t, c, fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Read(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := closeSoon(t, c); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, err = src.Read(t.Context(), "a", nil)
	checkError(t, err, "already closed")
	_, err = open(t, c, fetch.Env{})
	checkError(t, err, "already closed")
}

func TestCloseUnused(t *testing.T) {
	if err := helper.New(t.Context(), helper.Options{Name: "not there"}).Close(); err != nil {
		t.Errorf("Close of a client that started nothing: %v", err)
	}
}

// Close tells about an end that spoilt nothing, for a warning.
func TestCloseTells(t *testing.T) {
	for _, c := range []struct{ mode, want string }{
		{"fails at the end", "ended with exit status 4"},
		{"duplicate", "answers a request for the second time"},
	} {
		cl := client(t, options(t, c.mode))
		src, err := open(t, cl, fetch.Env{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.Read(t.Context(), "a", nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		checkError(t, closeSoon(t, cl), c.want)
	}
}

// The helper reads nothing any more, and does not mind that its input ended.
func TestCloseKills(t *testing.T) {
	c := client(t, options(t, "ignores the end"))
	src, err := open(t, c, fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { _, err := src.Read(t.Context(), "a", nil); done <- err }()
	time.Sleep(100 * time.Millisecond)
	start := time.Now()
	if err := closeSoon(t, c); err != nil {
		t.Errorf("Close: %v", err)
	}
	if d := time.Since(start); d < 250*time.Millisecond || d > 2*time.Second {
		t.Errorf("Close took %v, want a grace of 300ms", d)
	}
	checkError(t, <-done, "already closed")
}

func TestCloseWhileStarting(t *testing.T) {
	o := options(t, "no hello")
	o.Hello = time.Minute
	c := client(t, o)
	done := make(chan error, 1)
	go func() { _, err := open(t, c, fetch.Env{}); done <- err }()
	time.Sleep(100 * time.Millisecond)
	_ = closeSoon(t, c)
	checkError(t, <-done, "stopped")
}

// The caller's context does not end the start: the next caller finds the helper ready.
func TestOpenCancelled(t *testing.T) {
	c := client(t, options(t, "good"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Kind("x").Open(ctx, fetch.Env{}); err != nil { // it may have been faster
		checkError(t, err, "starting: context canceled")
	}
	if _, err := open(t, c, fetch.Env{}); err != nil {
		t.Error(err)
	}
}

// FAULTS 45: the end of the client's context kills the helper.
func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := helper.New(ctx, options(t, "never answers"))
	src, err := open(t, c, fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	start := time.Now()
	_, err = src.Read(context.Background(), "a", nil)
	checkError(t, err, "stopped")
	if d := time.Since(start); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
	checkError(t, closeSoon(t, c), "stopped")
}

// FAULTS 53, 55: what the helper left behind does not keep us, and what is in its group ends.
func TestLeftovers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are looked at in /proc")
	}
	for _, c := range []struct {
		mode  string
		lives bool
	}{{"leaves a child", false}, {"leaves a daemon", true}} {
		cl := client(t, options(t, c.mode))
		src, err := open(t, cl, fetch.Env{})
		if err != nil {
			t.Fatal(err)
		}
		doc, err := src.Read(t.Context(), "a", nil)
		if err != nil {
			t.Fatal(err)
		}
		pid, _ := strconv.Atoi(string(doc.Data))
		if err := closeSoon(t, cl); err != nil {
			t.Errorf("%s: Close: %v", c.mode, err)
		}
		if alive := running(pid); alive != c.lives {
			t.Errorf("%s: process %d runs: %v", c.mode, pid, alive)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// running tells whether pid is a process that has not ended; a zombie has.
func running(pid int) bool {
	time.Sleep(20 * time.Millisecond)
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// FAULTS 99: the helper has exactly the environment it was given, and no arguments.
func TestEnviron(t *testing.T) {
	t.Setenv("MASKRUN_TEST_OTHER", canary)
	o := options(t, "environ")
	o.Environ = append(o.Environ, "AWS_PROFILE=ci")
	src, err := open(t, client(t, o), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := src.Read(t.Context(), "a", nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := strings.Fields(string(doc.Data)), strings.Fields(strings.Join(o.Environ, "\n"))
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the helper has %q, want %q", got, want)
	}
}

func TestFind(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	write := func(dir, name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, better := write(other, "maskrun-stores", 0o755), write(dir, "maskrun-stores", 0o755)
	flat := write(dir, "maskrun-store-flat", 0o644)
	if err := os.Mkdir(filepath.Join(dir, "maskrun-store-dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	path := func(dirs ...string) []string {
		return []string{"PATH=/nowhere", "PATH=" + strings.Join(dirs, string(filepath.ListSeparator))}
	}
	for _, c := range []struct {
		why  string
		o    helper.Options
		want string // of the path, or of the error
	}{
		{"beside the executable first", helper.Options{Name: "maskrun-stores", Dir: dir, Environ: path(other)}, better},
		{"then on PATH", helper.Options{Name: "maskrun-stores", Dir: "/nowhere", Environ: path("/nowhere", other)}, good},
		{"not in the working directory", helper.Options{Name: "maskrun-stores", Environ: path(".", "", "sub")}, "not found on PATH"},
		{"how to get ours", helper.Options{Name: "maskrun-stores", Dir: "/nowhere", Version: "v1.2.3"}, "not found beside maskrun or on PATH: go install github.com/maskrun/maskrun/cmd/maskrun-stores@v1.2.3, or take it from the release archive"},
		{"a build without a version", helper.Options{Name: "maskrun-stores", Version: "(devel)"}, "maskrun-stores@latest"},
		{"somebody else's", helper.Options{Name: "maskrun-store-foo"}, "docs/store-protocol.md"},
		{"not executable", helper.Options{Name: "maskrun-store-flat", Dir: dir}, flat + " is not an executable file"},
		{"a directory", helper.Options{Name: "maskrun-store-dir", Dir: dir}, "is not an executable file"},
	} {
		got, err := helper.Find(c.o)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%s: got %q, want %q", c.why, got, c.want)
		}
	}
}

// What only the kernel finds out: the file cannot be run after all.
func TestCannotStart(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"maskrun-store-x": "no program", "maskrun-store-y": "#!/no/such/interpreter\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		c := client(t, helper.Options{Name: name, Dir: dir})
		for range 2 {
			_, err := c.Kind("x").Open(t.Context(), fetch.Env{})
			if err == nil || !strings.Contains(err.Error(), "helper "+name+": cannot start "+dir) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	c := client(t, helper.Options{Name: "maskrun-store-x"})
	_, err := c.Kind("x").Open(t.Context(), fetch.Env{})
	checkError(t, err, "not found on PATH")
}

func TestThirdParty(t *testing.T) {
	for scheme, ok := range map[string]bool{"foo": true, "foo-2": true, "": false, "../foo": false, "Foo": false, "2foo": false, "a/b": false} {
		name, got := helper.ThirdParty(scheme)
		if got != ok || ok && name != "maskrun-store-"+scheme {
			t.Errorf("ThirdParty(%q) = %q, %v", scheme, name, got)
		}
	}
}
