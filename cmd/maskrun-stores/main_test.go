//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/heavy/names"
	"github.com/maskrun/maskrun/fetch/helper"
)

// The test binary plays maskrun-stores when this is set.
const playEnv = "MASKRUN_TEST_STORES"

func TestMain(m *testing.M) {
	if os.Getenv(playEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

const (
	files   = "../../fetch/sops/testdata"
	keyFile = "TEST-ONLY-age-key.txt"
)

// start gives a client for ourselves as maskrun-stores, in an environment of vars alone.
func start(t *testing.T, vars ...string) *helper.Client {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(exe, filepath.Join(dir, helper.Stores)); err != nil {
		t.Fatal(err)
	}
	c := helper.New(context.Background(), helper.Options{
		Name: helper.Stores, Dir: dir, Version: "v0.0.0-test",
		Environ: append(vars, playEnv+"=1", "HOME="+dir, "GORACE=atexit_sleep_ms=0"),
		Stderr:  func(line string) { t.Errorf("on stderr: %s", line) },
	})
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !strings.Contains(err.Error(), "signal: killed") {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

func keyText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(files, keyFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(text[bytes.LastIndex(bytes.TrimSpace(text), []byte("\n"))+1:])
}

func root(t *testing.T) *os.Root {
	t.Helper()
	r, err := os.OpenRoot(files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func requests(t *testing.T, refs ...string) []fetch.Request {
	t.Helper()
	var reqs []fetch.Request
	for i, s := range refs {
		ref, err := fetch.ParseRef(s)
		if err != nil {
			t.Fatal(err)
		}
		reqs = append(reqs, fetch.Request{Name: fmt.Sprint("S", i), Ref: ref})
	}
	return reqs
}

// The whole way: Resolver, client, pipe, server, SDK, and back.
func TestSopsThroughThePipe(t *testing.T) {
	c := start(t, "SOPS_AGE_KEY="+keyText(t))
	r := fetch.NewResolver(fetch.Env{Root: root(t)}, c.Bind(names.Kinds()...)...)
	defer r.Close()
	secrets, err := r.Resolve(t.Context(), requests(t,
		"sops://made.yaml#/db/password", "sops://made.json#/db/a~1b", "sops://made.env#PASSWORD", "sops://made.ini#db/password", "sops://made.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{fetchtest.Canary, "slash", fetchtest.Canary, fetchtest.Canary, fetchtest.Canary + "\x00\xffbinary\n"} {
		if got := string(secrets[i].Value.Reveal()); got != want {
			t.Errorf("%s: %q, want %q", secrets[i].Ref, got, want)
		}
	}
}

// The suite of every store, across the pipe; the whole of maskrun's environment is the key.
func TestConformance(t *testing.T) {
	c := start(t)
	at := slices.IndexFunc(names.Kinds(), func(k fetch.Kind) bool { return k.Scheme == "sops" })
	fetchtest.Run(t, fetchtest.Harness{
		Kind:     c.Bind(names.Kinds()[at])[0],
		Env:      fetch.Env{Root: root(t), Config: map[string]any{"age_key_file": keyFile}},
		Path:     "made.bin",
		Want:     []byte(fetchtest.Canary + "\x00\xffbinary\n"),
		Missing:  "absent.yaml",
		NoServer: true,
		Hostile:  []string{keyFile, "README.md"},
	})
}

// kill -9 while the SDK waits for a key: one line, at once, and what the SDK started is gone too.
func TestKilledInMidRequest(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are looked at in /proc")
	}
	pidFile := filepath.Join(t.TempDir(), "pid")
	script := filepath.Join(t.TempDir(), "key.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho $PPID $$ >"+pidFile+".new\nmv "+pidFile+".new "+pidFile+"\nexec sleep 60\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := start(t, "SOPS_AGE_KEY_CMD="+script, "PATH="+os.Getenv("PATH"))
	r := fetch.NewResolver(fetch.Env{Root: root(t)}, c.Bind(names.Kinds()...)...)
	defer r.Close()
	killed := make(chan int, 1)
	go func() { killed <- killStores(pidFile) }()
	begin := time.Now()
	_, err := r.Resolve(t.Context(), requests(t, "sops://made.yaml#/db/password"))
	if err == nil || !strings.Contains(err.Error(), "S0: sops://made.yaml#/db/password: helper maskrun-stores: ended with signal: killed before it had answered") {
		t.Errorf("error %v", err)
	}
	fetchtest.NoCanary(t, err)
	if d := time.Since(begin); d > 8*time.Second {
		t.Errorf("took %v", d)
	}
	if child := <-killed; !goneSoon(child) {
		t.Errorf("process %d, which the helper had started, still runs", child)
	}
}

// killStores kills the process that ran the script, and gives the script's own number.
func killStores(pidFile string) (child int) {
	for range 1000 {
		var stores int
		if text, err := os.ReadFile(pidFile); err == nil {
			_, _ = fmt.Sscan(string(text), &stores, &child)
			_ = syscall.Kill(stores, syscall.SIGKILL)
			return child
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 0
}

// goneSoon tells whether pid ends, or waits to be reaped, within a second.
func goneSoon(pid int) bool {
	for range 100 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return pid > 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// What a person gets. FAULTS 108.
func TestByHand(t *testing.T) {
	empty, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	for _, c := range []struct {
		why      string
		args     []string
		code     int
		out, err string
	}{
		{"an input without a line", nil, 0, "", ""},
		{"version", []string{"--version"}, 0, "maskrun-stores ", ""},
		{"help", []string{"--help"}, 0, "sops://", ""},
		{"short help", []string{"-h"}, 0, "not meant to be run by hand", ""},
		{"a bad flag", []string{"--token=x"}, 2, "", "usage: maskrun-stores"},
		{"two flags", []string{"--version", "--help"}, 2, "", "usage: maskrun-stores"},
	} {
		var out, errs bytes.Buffer
		code := run(c.args, empty, &out, &errs)
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.err) {
			t.Errorf("%s: code %d, out %q, err %q", c.why, code, &out, &errs)
		}
		if c.out == "" && out.Len() > 0 || c.err == "" && errs.Len() > 0 {
			t.Errorf("%s: out %q, err %q", c.why, &out, &errs)
		}
	}
}

func TestBadInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte(fetchtest.Canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, errs bytes.Buffer
	if code := run(nil, in, &out, &errs); code != 1 || errs.String() != "maskrun-stores: the first line of the input is not a hello\n" {
		t.Errorf("code %d, stderr %q", code, &errs)
	}
	fetchtest.NoCanary(t, out.String()+errs.String())
}

// The SDK logs a comment that is not encrypted, in full, as a warning. start fails the test on any line.
func TestSilentSDK(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(files, "made.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(file, []byte("\n"))
	dir := fetchtest.Root(t, map[string][]byte{"a.yaml": append([]byte("# "+fetchtest.Canary+"\n"), rest...)})
	c := start(t, "SOPS_AGE_KEY="+keyText(t))
	r := fetch.NewResolver(fetch.Env{Root: dir}, c.Bind(names.Kinds()...)...)
	defer r.Close()
	if _, err := r.Resolve(t.Context(), requests(t, "sops://a.yaml#/db/password")); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// No core file of the process that holds the credentials. FAULTS 102
func TestNoCore(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only: there is no /proc elsewhere")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `ulimit -S -c 2048; exec "$0"`, exe)
	cmd.Env = append(os.Environ(), playEnv+"=1", "GORACE=atexit_sleep_ms=0")
	stdin, errIn := cmd.StdinPipe()
	stdout, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(stdin, `{"type":"hello","protocol":1}`)
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Errorf("no hello: %q, %v", line, err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
	if err != nil || !regexp.MustCompile(`(?m)^Max core file size +0 `).Match(limits) {
		t.Errorf("%v\n%s", err, limits)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
