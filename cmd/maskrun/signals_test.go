package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// start runs this binary as maskrun. (A shell cannot be used where INT matters:
// it starts background commands with INT ignored.)
func start(t *testing.T, env []string, args ...string) (cmd *exec.Cmd, stdin io.WriteCloser, stdout *bufio.Reader, stderr *strings.Builder) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no signals here")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(exe, args...)
	cmd.Args[0] = "maskrun"
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = t.TempDir()
	stderr = new(strings.Builder)
	cmd.Stderr = stderr
	stdin, err = cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, stdin, bufio.NewReader(out), stderr
}

// Ctrl-C goes to every program of a pipeline; the filter must not lose the tail.
func TestMaskOutlivesInterrupt(t *testing.T) {
	cmd, stdin, stdout, _ := start(t, []string{"V=CANARY-value"}, "mask", "--secret", "A=env://V")
	send(t, stdin, "head\n")
	if line, err := stdout.ReadString('\n'); line != "head\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	send(t, stdin, "tail CANARY-value\n")
	stdin.Close()
	rest, err := io.ReadAll(stdout)
	if string(rest) != "tail ***\n" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}

// TERM ends the filter, once what is in the pipe has been written.
func TestMaskTerminated(t *testing.T) {
	cmd, stdin, stdout, _ := start(t, []string{"V=CANARY-value"}, "mask", "--secret", "A=env://V")
	send(t, stdin, "one CANARY-value\n")
	if line, _ := stdout.ReadString('\n'); line != "one ***\n" {
		t.Fatalf("%q", line)
	}
	send(t, stdin, "two CANARY-val")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(stdout)
	if !strings.HasPrefix(string(rest), "two ") || strings.Contains(string(rest), "CANARY-v") {
		t.Errorf("%q", rest)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 143 {
		t.Errorf("exit code %d", code)
	}
}

// A signal during the fetch: nothing is run, 128+n, within 100 ms (we allow ten
// times as long on a busy machine), and not a word. FAULTS 45
func TestSignalDuringFetch(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		if signal.Ignored(sig) {
			continue // the tests run under nohup: then maskrun ignores it too
		}
		cmd, _, stdout, stderr := start(t, nil, "run", "--secret", "T=exec://echo ok >ready; sleep 20", "--", "touch", "ran")
		waitForFile(t, filepath.Join(cmd.Dir, "ready"))
		begin := time.Now()
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(stdout)
		_ = cmd.Wait()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("%v: took %v", sig, took)
		}
		if code := cmd.ProcessState.ExitCode(); code != 128+int(sig) {
			t.Errorf("%v: exit code %d", sig, code)
		}
		if _, err := os.Stat(filepath.Join(cmd.Dir, "ran")); err == nil || stderr.Len() > 0 {
			t.Errorf("%v: the command was run, or something was said: %q", sig, stderr)
		}
	}
}

// A file of file: true is removed when a signal ends the command. FAULTS 104
func TestFileRemovedOnSignal(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "m.yaml"), "version: 1\nsecrets: { K: { ref: file://k.txt, file: true } }\n")
	write(t, filepath.Join(dir, "k.txt"), "CANARY-key")
	cmd, _, stdout, _ := start(t, nil, "run", "-c", filepath.Join(dir, "m.yaml"), "--", "sh", "-c", "echo $K; exec sleep 20")
	path, err := stdout.ReadString('\n')
	path = strings.TrimSpace(path)
	if _, statErr := os.Stat(path); err != nil || statErr != nil {
		t.Fatalf("no file: %v, %v", err, statErr)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("%s is still there", filepath.Dir(path))
	}
	if code := cmd.ProcessState.ExitCode(); code != 143 {
		t.Errorf("exit code %d", code)
	}
}

func send(t *testing.T, w io.Writer, s string) {
	t.Helper()
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
}

func waitForFile(t *testing.T, path string) {
	t.Helper()
	for range 400 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s did not appear", path)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
