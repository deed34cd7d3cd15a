//go:build unix

package child

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/maskrun/maskrun/internal/faultio"
)

// FAULTS 35
func TestOneWriterKeepsTheOrderOfBothStreams(t *testing.T) {
	const n = 100_000
	eachMode(t, func(t *testing.T, m mode) {
		var both bytes.Buffer
		must(t, m.spec(Spec{Argv: self("alternate", fmt.Sprint(n)), Stdout: &both, Stderr: &both}))
		checkNumbers(t, &both, n, 0, 1)
	})
	var out, err bytes.Buffer
	must(t, Spec{Argv: self("alternate", fmt.Sprint(n)), Stdout: &out, Stderr: &err})
	checkNumbers(t, &out, n/2, 0, 2)
	checkNumbers(t, &err, n/2, 1, 2)
}

func checkNumbers(t *testing.T, r io.Reader, n, first, step int) {
	t.Helper()
	lines := bufio.NewScanner(r)
	for i := range n {
		if want := fmt.Sprint(first + i*step); !lines.Scan() || lines.Text() != want {
			t.Fatalf("line %d is %q, want %q", i, lines.Text(), want)
		}
	}
	if lines.Scan() {
		t.Fatalf("one line too many: %q", lines.Text())
	}
}

// funcWriter cannot be compared: == on two of them panics.
type funcWriter func([]byte) (int, error)

func (f funcWriter) Write(p []byte) (int, error) { return f(p) }

func TestWritersThatCannotBeCompared(t *testing.T) {
	var out buffer
	w := funcWriter(out.Write)
	must(t, Spec{Argv: sh("echo a; echo b >&2"), Stdout: w, Stderr: w})
	if got := out.String(); len(got) != 4 {
		t.Errorf("got %q", got)
	}
}

func TestNilWritersDiscard(t *testing.T) {
	var err bytes.Buffer
	must(t, Spec{Argv: sh("echo a; echo b >&2"), Stderr: &err})
	if err.String() != "b\n" {
		t.Errorf("stderr %q", &err)
	}
	must(t, Spec{Argv: sh("test /proc/self/fd/1 -ef /dev/null || test ! -d /proc/self && echo a && echo b >&2")})
}

// FAULTS 34: binary in and out, stdin as it is.
func TestBinaryIsUntouched(t *testing.T) {
	in, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	want := sha256.New()
	io.CopyN(io.MultiWriter(in, want), rand.NewChaCha8([32]byte{1}), 8<<20)
	in.Seek(0, io.SeekStart)
	got := sha256.New()
	must(t, Spec{Argv: []string{"cat"}, Stdin: in, Stdout: got})
	sameHash(t, got, want)
}

func sameHash(t *testing.T, got, want hash.Hash) {
	t.Helper()
	if g, w := got.Sum(nil), want.Sum(nil); !bytes.Equal(g, w) {
		t.Errorf("hash %x, want %x", g[:8], w[:8])
	}
}

// FAULTS 63: a megabyte written just before the exit arrives whole, every time.
func TestNothingIsLostAtTheExit(t *testing.T) { eachMode(t, nothingIsLostAtTheExit) }

func nothingIsLostAtTheExit(t *testing.T, m mode) {
	for range times(8, 100, 1000) {
		var out, err counter
		must(t, m.spec(Spec{Argv: sh("head -c 1000000 /dev/zero >&2; head -c 1048577 /dev/zero"), Stdout: &out, Stderr: &err}))
		if out != 1048577 || err != 1000000 {
			t.Fatalf("got %d and %d bytes", out, err)
		}
	}
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// FAULTS 56
func TestManyShortWriters(t *testing.T) {
	var out buffer
	must(t, Spec{Argv: sh(`i=0; while [ $i -lt 1000 ]; do (echo $i) & i=$((i+1)); done; wait`), Stdout: &out})
	seen := map[string]bool{}
	for _, l := range strings.Fields(out.String()) {
		seen[l] = true
	}
	if len(seen) != 1000 {
		t.Errorf("%d different lines, want 1000", len(seen))
	}
}

// FAULTS 30, 32, 33: a long line through a slow writer takes no memory of ours.
func TestMemoryIsConstant(t *testing.T) {
	var n counter
	slow := faultio.SlowWriter(&n, bufSize, 10*time.Microsecond)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	must(t, Spec{Argv: sh("head -c 134217728 /dev/zero"), Stdout: slow})
	runtime.ReadMemStats(&after)
	if n != 128<<20 {
		t.Errorf("got %d bytes", n)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 4<<20 {
		t.Errorf("128 MiB of output took %d bytes", used)
	}
}

// FAULTS 30: while the writer blocks, so does the command.
func TestBackPressure(t *testing.T) {
	var out counter
	gate := faultio.NewGate(&out)
	name, progress := fifo(t)
	done := make(chan Status, 1)
	go func() {
		st, _ := try(t, Spec{Argv: sh("head -c 33554432 /dev/zero; echo done >" + name), Stdout: gate})
		done <- st
	}()
	<-gate.Entered()
	written := make(chan string, 1)
	go func() { l, _ := progress.ReadString('\n'); written <- l }()
	select {
	case <-written:
		t.Error("32 MiB went into a writer that blocks")
	case <-time.After(100 * time.Millisecond): // nothing can be waited for but time
	}
	gate.Open()
	if st := <-done; st.Code != 0 || out != 32<<20 {
		t.Errorf("status %+v, %d bytes", st, out)
	}
}

// FAULTS 23, 24, 25
func TestSinkFailsAndTheCommandEnds(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	broken := errors.New("broken")
	const forever = "while :; do echo x; done"
	for _, c := range []struct {
		why, script, stream string
		out, err            io.Writer
		want                error
	}{
		{"full disk", forever, "stdout", Sink(full), io.Discard, syscall.ENOSPC},
		{"full disk under stderr", "exec >&2; " + forever, "stderr", io.Discard, Sink(full), syscall.ENOSPC},
		{"in the middle of the output", forever, "stdout", faultio.FailWriter(io.Discard, 1001, broken), nil, broken},
		{"a writer that lies", forever, "stdout", faultio.ShortWriter(io.Discard, 1), nil, io.ErrShortWrite},
		{"EAGAIN without Sink is a failure: nothing is dropped unnoticed", forever, "stdout", faultio.FlakyWriter(io.Discard, 3, syscall.EAGAIN), nil, syscall.EAGAIN},
	} {
		t.Run(c.why, func(t *testing.T) {
			st, err := try(t, Spec{Argv: sh(c.script), Stdout: c.out, Stderr: c.err})
			var se *SinkError
			if !errors.As(err, &se) || se.Stream != c.stream || !errors.Is(err, c.want) || BrokenPipe(err) {
				t.Errorf("error %v, want %v on %s", err, c.want, c.stream)
			}
			if st.ExitCode() != 141 {
				t.Errorf("status %+v, want SIGPIPE", st)
			}
		})
	}
}

// FAULTS 24: for every k the sink holds exactly the first k bytes.
func TestSinkFailsAtEveryByte(t *testing.T) {
	text := strings.Repeat("0123456789", 10)
	for k := range len(text) + 1 {
		var got bytes.Buffer
		s := stream{name: "stdout", src: fake{faultio.ChunkReader(strings.NewReader(text), 7)}, dst: faultio.FailWriter(&got, k, io.ErrClosedPipe)}
		s.run()
		if got.String() != text[:k] || (s.sinkErr == nil) != (k == len(text)) {
			t.Fatalf("k = %d: got %q, %v", k, &got, s.sinkErr)
		}
	}
}

// fake is an input that no expire reaches.
type fake struct{ io.Reader }

func (fake) Close() error             { return nil }
func (fake) expire()                  {}
func (fake) poll([]byte) (int, error) { return 0, io.EOF }

// FAULTS 31
func TestOddReaders(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		why  string
		src  io.Reader
		want string
		err  error
	}{
		{"0 and nil", faultio.IdleReader(strings.NewReader("abc")), "abc", nil},
		{"data, then an error", faultio.FailReader(strings.NewReader("abc"), 2, broken), "ab", broken},
		{"data with the end", &together{"abc", io.EOF}, "abc", nil},
		{"data with an error", &together{"abc", broken}, "abc", broken},
		{"one byte at a time", faultio.ChunkReader(strings.NewReader("abc"), 1), "abc", nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			var got bytes.Buffer
			s := stream{name: "stdout", src: fake{c.src}, dst: &got}
			s.run()
			var re *ReadError
			if got.String() != c.want || !errors.Is(s.err(), c.err) || errors.As(s.err(), &re) != (c.err != nil) {
				t.Errorf("got %q, %v; want %q, %v", &got, s.err(), c.want, c.err)
			}
		})
	}
}

// together yields its data and its error in one Read.
type together struct {
	data string
	err  error
}

func (d *together) Read(p []byte) (int, error) { return copy(p, d.data), d.err }

// FAULTS 26: maskrun run -- yes | head -1
func TestReaderOfStdoutGoesAway(t *testing.T) {
	s := supervise(t, []string{"yes"})
	s.want("y")
	gone := time.Now()
	s.outEnd.Close()
	s.exit(141)
	t.Logf("ended %v after its reader", time.Since(gone))
	if s.stderr.String() != "" {
		t.Errorf("stderr %q, want silence", &s.stderr)
	}
}

// FAULTS 27
func TestReaderOfStderrGoesAway(t *testing.T) {
	const n = 20_000
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := supervise(t, self("both", fmt.Sprint(n)), func(c *exec.Cmd) { c.Stderr = w })
	w.Close()
	r.Close()
	if lines := strings.Count(s.end(0), "\n"); lines != n {
		t.Errorf("%d lines on stdout, want %d", lines, n)
	}
}

func TestBrokenPipe(t *testing.T) {
	epipe := &SinkError{Stream: "stderr", Err: &os.PathError{Err: syscall.EPIPE}}
	for _, c := range []struct {
		why  string
		err  error
		want bool
	}{
		{"nothing went wrong", nil, false},
		{"one reader", epipe, true},
		{"both readers", errors.Join(errors.Join(epipe), errors.Join(epipe)), true},
		{"a full disk too", errors.Join(epipe, &SinkError{Err: syscall.ENOSPC}), false},
		{"our own input", errors.Join(epipe, &ReadError{Err: syscall.EIO}), false},
		{"not of a writer", syscall.EPIPE, false},
	} {
		if got := BrokenPipe(c.err); got != c.want {
			t.Errorf("%s: %v", c.why, got)
		}
	}
}

// FAULTS 28: somebody has set O_NONBLOCK on our stdout, and the reader is slow.
func TestSinkWaitsOnEAGAIN(t *testing.T) {
	r, w, err := os.Pipe() // both ends do not block
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want, got := sha256.New(), sha256.New()
	data := make([]byte, 4<<20)
	rand.NewChaCha8([32]byte{2}).Read(data)
	want.Write(data)
	done := make(chan error, 1)
	go func() {
		defer w.Close()
		n, err := Sink(w).Write(data)
		if n != len(data) || !nonblocking(w) {
			err = fmt.Errorf("took %d, O_NONBLOCK is now %v: %w", n, nonblocking(w), err)
		}
		done <- err
	}()
	io.CopyBuffer(got, struct{ io.Reader }{faultio.ChunkReader(r, 4096, 1, 70_000)}, make([]byte, 128<<10))
	if err := <-done; err != nil {
		t.Error(err)
	}
	sameHash(t, got, want)
}

func nonblocking(f *os.File) (set bool) {
	raw, _ := f.SyscallConn()
	raw.Control(func(fd uintptr) {
		flags, _ := unix.FcntlInt(fd, unix.F_GETFL, 0)
		set = flags&unix.O_NONBLOCK != 0
	})
	return set
}

func TestSinkErrors(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if n, err := Sink(w).Write([]byte("x")); n != 0 || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("no reader: %d, %v", n, err)
	}
	w.Close()
	if n, err := Sink(w).Write([]byte("x")); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %d, %v", n, err)
	}
}

func TestSinkAllocatesNothing(t *testing.T) {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, data := Sink(f), make([]byte, 4096)
	if n := testing.AllocsPerRun(100, func() { w.Write(data) }); n != 0 {
		t.Errorf("%v allocations a write", n)
	}
}

// The command's descriptors block, as programs expect. Of the others it gets
// those that we were started with, and none of ours.
func TestDescriptorsOfTheCommand(t *testing.T) {
	var out bytes.Buffer
	must(t, Spec{Argv: self("flags"), Stdout: &out, Stderr: io.Discard})
	if got, want := out.String(), fmt.Sprintf("0 false\n1 false\n2 false\n%v\n", inheritable()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FAULTS 36
func TestClosedStandardDescriptors(t *testing.T) {
	for _, c := range []struct{ why, redirect, command, out string }{
		{"no stdin: it is empty", "<&-", "cat; echo end", "end\n"},
		{"no stdout: as /dev/null", ">&-", "echo lost", ""},
		{"no stderr: as /dev/null", "2>&-", "echo lost >&2; echo kept", "kept\n"},
		{"none", "<&- >&- 2>&-", "cat", ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			s := launch(t, []string{"sh", "-c", `exec "$0" supervise sh -c "$1" ` + c.redirect, os.Args[0], c.command})
			if got := s.end(0); got != c.out {
				t.Errorf("got %q, want %q", got, c.out)
			}
		})
	}
	var out bytes.Buffer
	must(t, Spec{Argv: []string{"cat"}, Stdout: &out})
	if out.Len() != 0 {
		t.Errorf("nil stdin has %q", &out)
	}
}
