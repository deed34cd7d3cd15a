package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The variables that make the test binary a stamper, or a burner of one core.
const (
	stampEvery = "MASKRUN_TEST_STAMP_EVERY"
	burnUntil  = "MASKRUN_TEST_BURN"
)

// clock is the time that all processes of the system share.
func clock() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return ts.Nano()
}

// stampSize is the time in hexadecimal and a line end.
const stampSize = 17

// stamp writes the time of each write, one line each, until nobody reads.
func stamp(every time.Duration) {
	line := make([]byte, 0, stampSize)
	for {
		line = fmt.Appendf(line[:0], "%016x\n", clock())
		if _, err := os.Stdout.Write(line); err != nil {
			os.Exit(0)
		}
		time.Sleep(every)
	}
}

// BenchmarkLatency measures the time from a command's write to what comes out of
// maskrun, beside cat in the same place: idle, with a write every millisecond, and with
// two processes a core that only burn time. docs/latency.md has the figures.
//
//	go test ./cmd/maskrun -run '^$' -bench 'Latency|Start'
func BenchmarkLatency(b *testing.B) {
	bin := buildMaskrun(b)
	for _, load := range []string{"idle", "loaded"} {
		for _, through := range []string{"cat", "maskrun"} {
			b.Run(load+"/"+through, func(b *testing.B) {
				if load == "loaded" {
					defer burn(b)()
				}
				measureLatency(b, through, bin)
			})
		}
	}
}

func measureLatency(b *testing.B, through, bin string) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `"$0" | cat`, exe)
	if through == "maskrun" {
		cmd = exec.Command(bin, "run", "--secret", "T=env://SECRET_OF_THE_BENCHMARK", "--", exe)
	}
	cmd.Env = append(os.Environ(), stampEvery+"=1ms", "SECRET_OF_THE_BENCHMARK=Kestrel-77-vermilion-and-more")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	r := bufio.NewReaderSize(out, stampSize) // each line as it comes
	var took []int64
	line := make([]byte, stampSize)
	for i := 0; i < max(b.N, 2000)+100; i++ {
		if _, err := io.ReadFull(r, line); err != nil {
			b.Fatal(err)
		}
		now := clock()
		var at uint64
		if _, err := fmt.Sscanf(string(line), "%x", &at); err != nil {
			b.Fatal(err)
		}
		if i >= 100 {
			took = append(took, now-int64(at))
		}
	}
	out.Close()
	_ = cmd.Wait() // its reader has gone
	summarize(b, took, "us", 1e3)
}

// BenchmarkStart measures maskrun run -- true beside true.
func BenchmarkStart(b *testing.B) {
	bin := buildMaskrun(b)
	for _, c := range []struct {
		name string
		argv []string
	}{{"true", []string{"true"}}, {"maskrun", []string{bin, "run", "--", "true"}}} {
		b.Run(c.name, func(b *testing.B) {
			var took []int64
			for range max(b.N, 100) {
				from := clock()
				if err := exec.Command(c.argv[0], c.argv[1:]...).Run(); err != nil {
					b.Fatal(err)
				}
				took = append(took, clock()-from)
			}
			summarize(b, took, "ms", 1e6)
		})
	}
}

func summarize(b *testing.B, took []int64, unit string, scale float64) {
	slices.Sort(took)
	b.ReportMetric(0, "ns/op") // the mean says nothing here
	b.ReportMetric(float64(took[len(took)/2])/scale, "median-"+unit)
	b.ReportMetric(float64(took[len(took)*99/100])/scale, "p99-"+unit)
}

// burn keeps every core busy twice, until the returned function is called.
func burn(b *testing.B) (stop func()) {
	exe, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	var cmds []*exec.Cmd
	for range 2 * runtime.NumCPU() {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), burnUntil+"=1")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		cmds = append(cmds, cmd)
	}
	return func() {
		for _, cmd := range cmds {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // killed
		}
	}
}

// burnTime counts for a minute at most, should nobody end it.
func burnTime() {
	var sum uint64
	var buf [8]byte
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		for range 1 << 20 {
			binary.LittleEndian.PutUint64(buf[:], sum)
			sum += uint64(buf[3]) + 1
		}
	}
	os.Exit(int(sum & 1))
}

// buildMaskrun builds the program as it is released.
func buildMaskrun(tb testing.TB) string {
	bin := filepath.Join(tb.TempDir(), "maskrun")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// playRole makes the test binary what a benchmark starts it as.
func playRole() {
	if every, err := time.ParseDuration(os.Getenv(stampEvery)); err == nil {
		stamp(every)
	}
	if os.Getenv(burnUntil) != "" {
		burnTime()
	}
}
