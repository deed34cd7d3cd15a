//go:build unix

package action_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/action/actiontest"
)

// TestMain plays, when told to, a process that exports without end.
func TestMain(m *testing.M) {
	if dir := os.Getenv("MASKRUN_TEST_EXPORT"); dir != "" {
		exportForEver(dir)
	}
	os.Exit(m.Run())
}

// exportForEver fills files of one page each: see commandFile.append.
func exportForEver(dir string) {
	for n := 0; ; n++ {
		path := filepath.Join(dir, fmt.Sprintf("%d_%d", os.Getpid(), n))
		env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_ENV": path}
		p := action.Detect(action.Env{Getenv: func(n string) string { return env[n] }})
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			os.Exit(1)
		}
		for i := range 16 {
			name := fmt.Sprintf("N%d_%d", n, i)
			if err := p.SetEnv(name, []byte(killValue(name))); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			if n == 0 && i == 0 {
				fmt.Println("writing")
			}
		}
	}
}

// killValue has several lines that would define variables if they stood alone.
func killValue(name string) string { return strings.Repeat("EVIL="+name+"\n", 1+len(name)%7) }

// FAULTS 110: kill -9 at a random moment leaves whole records only. The process
// does nothing but write records, so that the moment is often within a write.
func TestKillLeavesWholeRecords(t *testing.T) {
	kills := 100
	if os.Getenv("MASKRUN_EXHAUSTIVE") == "full" {
		kills = 1000
	}
	dir, records := t.TempDir(), 0
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range kills / 2 {
				killWriter(t, dir)
			}
		})
	}
	wg.Wait()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		records += checkWhole(t, path)
	}
	t.Logf("%d kills, %d files, %d records, all whole", kills, len(paths), records)
	if records < kills {
		t.Errorf("%d records: the processes were killed before they wrote", records)
	}
}

func killWriter(t *testing.T, dir string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Error(err)
		return
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "MASKRUN_TEST_EXPORT="+dir, "GORACE=atexit_sleep_ms=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it has written one record
		t.Error(err)
	}
	time.Sleep(time.Duration(rand.IntN(500)) * time.Microsecond) // where the kill falls, not what is waited for
	_ = cmd.Process.Kill()
	if _ = cmd.Wait(); stderr.Len() > 0 {
		t.Error(stderr.String())
	}
}

// checkWhole reads the file as the runner does and counts its records.
func checkWhole(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := actiontest.ParseFileCommands(data)
	if err != nil {
		t.Fatalf("a record is cut: %v", err)
	}
	for name, value := range got {
		if value != killValue(name) {
			t.Fatalf("%s is not as it was set", name)
		}
	}
	return len(got)
}
