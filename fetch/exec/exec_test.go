//go:build unix

package exec_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/exec"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

func TestConformance(t *testing.T) {
	root := fetchtest.Root(t, map[string][]byte{"token": []byte(fetchtest.Canary + "\n\n")})
	fetchtest.Run(t, fetchtest.Harness{
		Kind: exec.Kind(), Env: fetch.Env{Root: root, Trusted: true},
		Path: "cat token", Want: []byte(fetchtest.Canary),
		Missing: "cat token; exit 3", NoMissing: true, NoServer: true,
		Oversize: "cat /dev/zero",
	})
}

// FAULTS 109.
func TestUntrusted(t *testing.T) {
	_, err := exec.Kind().Open(t.Context(), fetch.Env{})
	if !errors.Is(err, fetch.ErrDenied) || !strings.Contains(err.Error(), "--trust-config") {
		t.Errorf("got %v", err)
	}
}

func run(t *testing.T, ctx context.Context, command string) (string, error) {
	t.Helper()
	src, err := exec.Kind().Open(t.Context(), fetch.Env{Trusted: true})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := src.Read(ctx, command, nil)
	return string(doc.Data), err
}

// FAULTS 98.
func TestFailures(t *testing.T) {
	for _, c := range []struct{ why, command, want string }{
		{"its code is told", "exit 7", "exit status 7"},
		{"its stderr is not", "echo " + fetchtest.Canary + " >&2; exit 1", "exit status 1"},
		{"nor its stdout", "echo " + fetchtest.Canary + "; exit 1", "exit status 1"},
		{"a signal", "kill -9 $$", "killed"},
		{"no such program", "no-such-program-here", "exit status 127"},
		{"stdin is empty", "cat; exit 5", "exit status 5"},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := run(t, t.Context(), c.command)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			fetchtest.NoCanary(t, err)
		})
	}
}

// FAULTS 98: a hang ends with the context, and takes the whole group along.
func TestHangKillsGroup(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "alive")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := run(t, ctx, "(sleep 2; touch "+mark+") & sleep 60")
	if err == nil || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("got %v: want an error that is not retried", err)
	}
	if d := time.Since(start); d > 1500*time.Millisecond {
		t.Errorf("took %s", d)
	}
	time.Sleep(2 * time.Second)
	if _, err := os.Stat(mark); err == nil {
		t.Error("the background process went on")
	}
}

func TestLeftBehind(t *testing.T) {
	start := time.Now()
	if _, err := run(t, t.Context(), "sleep 5 & echo hi"); err == nil || time.Since(start) > 4*time.Second {
		t.Errorf("got %v after %s", err, time.Since(start))
	}
}
