package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maskrun/maskrun/internal/benchdata"
)

// A program whose start is measured too gets wholeSize of text, so that the start
// is a small part of it; or as much of that as it does in wholeTime.
const (
	wholeSize = 256 << 20
	wholeTime = 8 * time.Second
)

// A whole is a program that is started anew for each run and reads a file.
type whole struct {
	b       *bench
	command func(log string) (*exec.Cmd, error)
}

// choose tells how much text makes a run, from the times of nothing and of a little.
func (w whole) choose(l benchdata.Log) (n int, err error) {
	n = len(l.Text)
	start, err := w.run(l, 0, 1, 0)
	if err != nil {
		return 0, err
	}
	little, err := w.run(l, n, 1, 0)
	for 2*n <= wholeSize && err == nil && start+(little-start)*time.Duration(2*n/len(l.Text)) < wholeTime {
		n *= 2
	}
	return n, err
}

// run takes as much of the log, again and again, as n bytes are.
func (w whole) run(l benchdata.Log, n, reps, _ int) (time.Duration, error) {
	path, err := w.b.path(fmt.Sprintf("%s-%d.whole", l.Name, n), func() []byte {
		return slices.Repeat(l.Text, n/len(l.Text))
	})
	if err != nil {
		return 0, err
	}
	begun := time.Now()
	for range reps {
		if err := w.once(path); err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}

func (w whole) once(path string) error {
	cmd, err := w.command(path)
	if err != nil {
		return err
	}
	var complaint strings.Builder
	cmd.Stderr = &complaint
	err = cmd.Run()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 1 && complaint.Len() == 0 {
		return nil // grep's way to say that nothing was found
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %.200s", cmd.Args[0], err, complaint.String())
	}
	return nil
}

func (w whole) close() {}

func openRipgrep(b *bench, s benchdata.Set) (runner, error) {
	rg, err := exec.LookPath("rg")
	if err != nil {
		return nil, fmt.Errorf("ripgrep is %w: no rg on the PATH", errAbsent)
	}
	needles, err := b.needleFile(s)
	return whole{b, func(log string) (*exec.Cmd, error) {
		return exec.Command(rg, "--no-config", "--passthru", "--text", "--no-line-number", "--no-filename",
			"--color=never", "--no-unicode", "-F", "-f", needles, "-r", "***", log), nil
	}}, err
}

func openMask(b *bench, s benchdata.Set) (runner, error) {
	maskrun, err := b.built("maskrun", "go", "")
	if err != nil {
		return nil, err
	}
	flags, err := benchdata.Flags(b.dir, s.Name)
	return whole{b, func(log string) (*exec.Cmd, error) {
		in, err := os.Open(log)
		cmd := exec.Command(maskrun, append([]string{"mask"}, flags...)...)
		cmd.Stdin = in // left open until the collector finds it: a handful
		return cmd, err
	}}, err
}

// built finds a program that run.sh has built into the scratch directory.
func (b *bench) built(name, tool, want string) (string, error) {
	path := filepath.Join(b.dir, name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s is %w: run.sh could not build it with %s%s", name, errAbsent, tool, want)
	}
	return path, nil
}

// A server is a program of another language that builds its engine once and
// then times runs for us. It is started with the file of needles, says "ready",
// and answers each line "FILE BYTES REPS ARRIVAL" with seconds.
type server struct {
	b    *bench
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	name string
}

func openRust(mode string) func(*bench, benchdata.Set) (runner, error) {
	return func(b *bench, s benchdata.Set) (runner, error) {
		path, err := b.built("rust-peer", "cargo", " and Debian's librust-aho-corasick-dev")
		if err != nil {
			return nil, err
		}
		return b.serve(s, path, mode)
	}
}

func openVectorscan(b *bench, s benchdata.Set) (runner, error) {
	path, err := b.built("vectorscan-peer", "cc", " and Debian's libvectorscan-dev or libhyperscan-dev")
	if err != nil {
		return nil, err
	}
	return b.serve(s, path)
}

func (b *bench) serve(s benchdata.Set, argv ...string) (runner, error) {
	needles, err := b.path("needles-"+s.Name+".bin", func() []byte {
		var out []byte
		for _, n := range s.Needles {
			out = binary.LittleEndian.AppendUint32(out, uint32(len(n)))
			out = append(out, n...)
		}
		return out
	})
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], append(argv[1:], needles)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	v := &server{b, cmd, in, bufio.NewReader(out), filepath.Base(argv[0])}
	if _, err := v.answer(); err != nil {
		v.close()
		return nil, err
	}
	return v, nil
}

func (v *server) answer() (string, error) {
	line, err := v.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s ended early: %w", v.name, err)
	}
	return strings.TrimSpace(line), nil
}

func (v *server) run(l benchdata.Log, n, reps, arrival int) (time.Duration, error) {
	path, err := v.b.path(l.Name+".log", func() []byte { return l.Text })
	if err != nil {
		return 0, err
	}
	if _, err := fmt.Fprintln(v.in, path, n, reps, arrival); err != nil {
		return 0, err
	}
	line, err := v.answer()
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(line, 64)
	return time.Duration(seconds * float64(time.Second)), err
}

func (v *server) close() {
	v.in.Close()
	v.cmd.Wait() //nolint:errcheck // it has answered: how it ends is no matter
}
