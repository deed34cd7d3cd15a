package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maskrun/maskrun/bench/gen"
)

// wholeSize is how much text a program gets whose start is measured too: enough
// that the start is a small part of it.
const wholeSize = 64 << 20

// A whole is a program that is started anew for each run and reads a file.
type whole struct {
	b       *bench
	command func(log string) (*exec.Cmd, error)
}

// run gives the time of a run as though it had been over n bytes, reps times.
func (w whole) run(l gen.Log, n, reps, _ int) (time.Duration, error) {
	size := min(wholeSize, 8*w.b.size) / len(l.Text) * len(l.Text)
	path, err := w.b.path(l.Name+"-whole.log", func() []byte { return slices.Repeat(l.Text, size/len(l.Text)) })
	if err != nil {
		return 0, err
	}
	cmd, err := w.command(path)
	if err != nil {
		return 0, err
	}
	var complaint strings.Builder
	cmd.Stderr = &complaint
	begun := time.Now()
	err = cmd.Run()
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == 1 && complaint.Len() == 0 {
		err = nil // grep's way to say that nothing was found
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %.200s", cmd.Args[0], err, complaint.String())
	}
	return time.Duration(float64(time.Since(begun)) * float64(n) * float64(reps) / float64(size)), nil
}

func (w whole) close() {}

func openRipgrep(b *bench, s gen.Set) (runner, error) {
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

func openMask(b *bench, s gen.Set) (runner, error) {
	maskrun, err := b.built("maskrun", "go", "")
	if err != nil {
		return nil, err
	}
	values, err := b.path("values-"+s.Name+".json", func() []byte {
		var l []string
		for _, n := range s.Needles {
			l = append(l, string(n))
		}
		data, _ := json.Marshal(l) // strings always marshal
		return data
	})
	return whole{b, func(log string) (*exec.Cmd, error) {
		in, err := os.Open(log)
		cmd := exec.Command(maskrun, "mask", "--mask-env=", "--values-json", values)
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

func openRust(mode string) func(*bench, gen.Set) (runner, error) {
	return func(b *bench, s gen.Set) (runner, error) {
		path, err := b.built("rust-peer", "cargo", " and Debian's librust-aho-corasick-dev")
		if err != nil {
			return nil, err
		}
		return b.serve(s, path, mode)
	}
}

func openVectorscan(b *bench, s gen.Set) (runner, error) {
	path, err := b.built("vectorscan-peer", "cc", " and Debian's libvectorscan-dev or libhyperscan-dev")
	if err != nil {
		return nil, err
	}
	return b.serve(s, path)
}

func (b *bench) serve(s gen.Set, argv ...string) (runner, error) {
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

func (v *server) run(l gen.Log, n, reps, arrival int) (time.Duration, error) {
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
