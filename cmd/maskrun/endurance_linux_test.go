package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/action/actiontest"
	"github.com/maskrun/maskrun/internal/child"
)

// times is how often to try: MASKRUN_CHILD=medium or full make it more often, as
// in internal/child.
func times(quick, medium, full int) int {
	switch os.Getenv("MASKRUN_CHILD") {
	case "full":
		return full
	case "medium":
		return medium
	}
	return quick
}

// tethered starts maskrun with a pipe that every process it leaves behind holds
// open: its end means that nobody is left.
func tethered(t *testing.T, args ...string) (cmd *exec.Cmd, stdout, tether *os.File) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	stdout, out := mustPipe(t)
	tether, held := mustPipe(t)
	cmd = exec.Command(exe, args...)
	cmd.Args[0] = "maskrun"
	cmd.Env = append(os.Environ(), "TOKEN=CANARY-0123456789-token")
	cmd.Stdout, cmd.ExtraFiles = out, []*os.File{held}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	out.Close()
	held.Close()
	return cmd, stdout, tether
}

func mustPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return r, w
}

// FAULTS 51: kill -9 at any moment: no byte of a value is out, no command is left.
func TestKilledAtAnyMoment(t *testing.T) {
	for _, pty := range []string{"never", "always"} {
		for i := range times(10, 100, 1000) {
			killedAtAnyMoment(t, pty)
			if t.Failed() {
				t.Fatalf("--pty=%s, run %d", pty, i)
			}
		}
	}
}

func killedAtAnyMoment(t *testing.T, pty string) {
	t.Helper()
	const line = "before *** after\n"
	cmd, stdout, tether := tethered(t, "run", "--pty="+pty, "--", "sh", "-c", `while :; do echo "before $TOKEN after"; done`)
	defer stdout.Close()
	defer tether.Close()
	got := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(stdout)
		got <- b
	}()
	time.Sleep(time.Duration(rand.IntN(40_000)) * time.Microsecond) // any moment, also before the start
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if _, err := io.ReadAll(tether); err != nil {
		t.Errorf("a process is left: %v", err)
	}
	out := <-got
	if want := bytes.Repeat([]byte(line), len(out)/len(line)+1); !bytes.HasPrefix(want, out) {
		t.Errorf("the output is not a prefix of masked lines; it has %d bytes", len(out))
	}
}

// FAULTS 32, 33: however much passes, memory stays where it was. In the full size
// 10 GB pass, in ordinary tests an eightieth.
func TestMemoryOverTime(t *testing.T) {
	const line = "a line of a log, of which there are very many, with nothing in it to hide 0123456789\n"
	total := int64(times(128, 1024, 10_240)) << 20
	cmd, stdout, tether := tethered(t, "run", "--pty=never", "--", "sh", "-c", fmt.Sprintf("yes '%s' | head -c %d", strings.TrimSpace(line), total))
	defer tether.Close()
	defer stdout.Close()
	if err := stdout.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte(line), 1<<20/len(line)+2)
	buf := make([]byte, 1<<20)
	var n, warm int64
	before, last := 0, 0
	for {
		k, err := stdout.Read(buf)
		if !bytes.Equal(buf[:k], want[n%int64(len(line)):][:k]) {
			t.Fatalf("other bytes than were written, at %d to %d", n, n+int64(k))
		}
		n += int64(k)
		if n > total/4 && before == 0 {
			before = rss(t, cmd.Process.Pid)
		}
		if n-warm > total/16 && n < total-4<<20 {
			warm, last = n, rss(t, cmd.Process.Pid)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Wait(); err != nil || n != total {
		t.Errorf("%d bytes of %d, %v", n, total, err)
	}
	t.Logf("%d MiB; resident %d kB after a quarter, %d kB at the end", total>>20, before, last)
	if last-before > 1024 {
		t.Errorf("memory grew from %d to %d kB", before, last)
	}
}

// rss is the resident memory of a process in kB.
func rss(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kb
}

// FAULTS 110: kill -9 of an export at any moment leaves whole records only, also of
// values that take many pages of the file: all of one, or nothing of it.
func TestKilledWhileExporting(t *testing.T) {
	value := make([]byte, 20_000)
	_, _ = rand.NewChaCha8([32]byte{}).Read(value)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "value"), hex.EncodeToString(value))
	write(t, filepath.Join(dir, "mask.yaml"), "version: 1\nmask: { encodings: [] }\nsecrets: { A: file://value, B: file://value }\n")
	t.Setenv("GITHUB_ACTIONS", "true")
	var took time.Duration
	whole := 0
	for i := range times(20, 100, 1000) {
		file := filepath.Join(dir, fmt.Sprint("env", i))
		write(t, file, "")
		t.Setenv("GITHUB_ENV", file)
		begin := time.Now()
		cmd, _, tether := tethered(t, "export", "-c", filepath.Join(dir, "mask.yaml"))
		if i > 0 { // the first runs to its end, and tells how long that takes
			time.Sleep(rand.N(took)) // where the kill falls, not what is waited for
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
		if _, err := io.ReadAll(tether); err != nil {
			t.Fatal(err)
		}
		took = max(took, time.Since(begin))
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		set, err := actiontest.ParseFileCommands(data)
		if err != nil {
			t.Fatalf("run %d: a record is cut: %v", i, err)
		}
		for name, v := range set {
			if len(name) == 1 && v != hex.EncodeToString(value) {
				t.Fatalf("run %d: %s is not as it was set", i, name)
			}
		}
		whole += len(set)
	}
	t.Logf("%d records, all whole", whole)
	if whole < 2 {
		t.Error("nothing was exported")
	}
}

// FAULTS 45, 104: a signal at any moment, also when everything is ready and the
// command has not been started: the file of file: true is gone.
func TestNoFileIsLeftBySignals(t *testing.T) {
	dir := t.TempDir()
	name := fmt.Sprintf("KEY_%d", os.Getpid())
	write(t, filepath.Join(dir, "m.yaml"), "version: 1\nsecrets: { "+name+": { ref: file://k.txt, file: true } }\n")
	write(t, filepath.Join(dir, "k.txt"), "CANARY-key")
	for i := range times(20, 200, 1000) {
		cmd, stdout, tether := tethered(t, "run", "-c", filepath.Join(dir, "m.yaml"), "--", "sleep", "60")
		time.Sleep(time.Duration(rand.IntN(15_000)) * time.Microsecond) // where the signal falls
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		stdout.Close()
		if _, err := io.ReadAll(tether); err != nil {
			t.Fatalf("run %d: a process is left: %v", i, err)
		}
		tether.Close()
		if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.ExitStatus() != 143 && ws.Signal() != syscall.SIGTERM {
			t.Fatalf("run %d: %v", i, cmd.ProcessState)
		}
		if left, _ := filepath.Glob("/dev/shm/maskrun-*/" + name); len(left) > 0 {
			t.Fatalf("run %d: %v is left", i, left)
		}
	}
}

// FAULTS 44, 45: a signal that comes when the secrets are there and nobody listens
// for the command yet is not lost, and does not end us before we have cleaned up.
func TestSignalBeforeTheCommandIsStarted(t *testing.T) {
	seen := make(chan os.Signal, 1)
	signal.Notify(seen, syscall.SIGTERM) // so that it is safe to send one to us
	defer signal.Stop(seen)
	l := onGitHub(t, "Kestrel-77-secret")
	defer signal.Reset(ending...) // they would stay caught to the end of the tests
	p := &program{speaker: &speaker{w: io.Discard}}
	_, cleanUp, signalled, err := p.prepare(runFlags{}, l)
	defer cleanUp()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-seen
	status, err := child.Run(t.Context(), child.Spec{Argv: []string{"true"}, Env: os.Environ(), Around: func(func() error) error { return signalled() }})
	if err := p.verdict(status, err, runFlags{}, l); err != exitStatus(143) {
		t.Errorf("verdict %v", err)
	}
}

// FAULTS 42, 104: a signal when the command ends or has just ended does not end us
// before we have cleaned up.
func TestSignalAfterTheCommand(t *testing.T) {
	dir := t.TempDir()
	name := fmt.Sprintf("LATE_%d", os.Getpid())
	write(t, filepath.Join(dir, "m.yaml"), "version: 1\nsecrets: { "+name+": { ref: file://k.txt, file: true } }\n")
	write(t, filepath.Join(dir, "k.txt"), "CANARY-key")
	for i := range times(20, 200, 1000) {
		cmd, stdout, tether := tethered(t, "run", "-c", filepath.Join(dir, "m.yaml"), "--", "sh", "-c", "echo last; exit 7")
		if _, err := io.ReadFull(stdout, make([]byte, len("last\n"))); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(3_000)) * time.Microsecond) // where the signal falls
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		stdout.Close()
		if code := cmd.ProcessState.ExitCode(); code != 7 && code != 143 {
			t.Fatalf("run %d: %v", i, cmd.ProcessState)
		}
		tether.Close()
		if left, _ := filepath.Glob("/dev/shm/maskrun-*/" + name); len(left) > 0 {
			t.Fatalf("run %d: %v is left", i, left)
		}
	}
}
