package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// watchedBy is a variable that all processes of the scripts inherit.
const watchedBy = "WATCHED_BY"

// watchProcesses looks, while the scripts run, for values where another process
// could read them: in the arguments of whatever runs, unless the script itself wrote
// them there, and in the environment of the helpers, which need none. FAULTS 99
func watchProcesses(t *testing.T, scripts string) (mark string) {
	mark = watchedBy + "=" + strconv.Itoa(os.Getpid())
	written, assigned := scriptLines(t, scripts)
	var seen atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				dirs, _ := filepath.Glob("/proc/[0-9]*")
				for _, dir := range dirs {
					if checkProcess(t, dir, mark, written, assigned) {
						seen.Add(1)
					}
				}
			}
		}
	}()
	t.Cleanup(func() {
		close(stop)
		<-stopped
		if seen.Load() == 0 {
			t.Error("the watch saw no process of the scripts")
		}
	})
	return mark
}

// checkProcess looks at one process, and tells whether it is one of the scripts'.
func checkProcess(t *testing.T, dir, mark string, written, assigned string) bool {
	environ, _ := os.ReadFile(dir + "/environ") // not that of maskrun, unless we are root
	cmdline, err := os.ReadFile(dir + "/cmdline")
	if err != nil || !bytes.Contains(environ, []byte(mark+"\x00")) {
		return false
	}
	argv := strings.Split(string(cmdline), "\x00")
	for _, arg := range argv {
		if argv[0] == "maskrun" {
			break // what the script, or a shell in it, calls us with
		}
		if strings.Contains(arg, "CANARY") && !strings.Contains(written, arg) {
			t.Errorf("a value is in the arguments of %s: %q", argv[0], arg)
		}
	}
	if !strings.HasPrefix(filepath.Base(argv[0]), "maskrun-store") {
		return true
	}
	for kv := range strings.SplitSeq(string(environ), "\x00") {
		if strings.Contains(kv, "CANARY") && !strings.Contains(assigned, "env "+kv) {
			t.Errorf("a value is in the environment of %s: %q", argv[0], kv)
		}
	}
	return true
}

// scriptLines returns what the scripts write on command lines, and what they
// assign to variables.
func scriptLines(t *testing.T, dir string) (written, assigned string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	var w, a strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.HasPrefix(line, "env ") {
				a.WriteString(line)
			} else {
				w.WriteString(strings.ReplaceAll(line, "''", "'")) // testscript's quote in quotes
			}
		}
	}
	return w.String(), a.String()
}
