// Command e2e measures maskrun as a user meets it: a program that prints, maskrun
// around or behind it, and a reader; beside cat in the same place. Start it with
// e2e.sh. It runs on Linux, whose pipes can be resized.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"github.com/maskrun/maskrun/internal/benchdata"
)

// chunk is how much the producer writes at once.
const chunk = 64 << 10

// large is the pipe size that maskrun asks for, and the most that Linux grants
// without privileges.
const large = 1 << 20

func main() {
	produce := flag.Int64("produce", 0, "be the producer of so many `MB`")
	total := flag.Int64("mb", 2000, "send this many `MB` through")
	rounds := flag.Int("rounds", 5, "take the median of this `MANY` rounds")
	dir := flag.String("dir", "", "`DIRECTORY` with the program maskrun and for files")
	flag.Parse()
	var err error
	if *produce > 0 {
		err = print(os.Stdout, *produce*1e6)
	} else {
		err = compare(*dir, *total, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

// print writes the log ci, over and over.
func print(w io.Writer, total int64) error {
	text := benchdata.CI(8 << 20)
	for i := 0; total > 0; i = (i + chunk) % len(text) {
		n, err := w.Write(text[i : i+int(min(chunk, total))])
		if err != nil {
			return err
		}
		total -= int64(n)
	}
	return nil
}

// A way is how the bytes go from the producer to the reader.
type way struct {
	name   string
	pipe   int      // the size of all pipes we make; 0 leaves the default, 64 KiB
	filter []string // stands between two pipes; none: the producer writes to the reader
	wrap   []string // stands before the producer's command
}

func compare(dir string, total int64, rounds int) error {
	secrets, err := benchdata.Flags(dir, "S2")
	if err != nil {
		return err
	}
	mask := append([]string{dir + "/maskrun", "mask"}, secrets...)
	run := append(append([]string{dir + "/maskrun", "run"}, secrets...), "--")
	ways := []way{
		{name: "no wrapper, default pipes"},
		{name: "no wrapper, 1 MiB pipes", pipe: large},
		{name: "cat, default pipes", filter: []string{"cat"}},
		{name: "cat, 1 MiB pipes", filter: []string{"cat"}, pipe: large},
		{name: "maskrun mask", filter: mask},
		{name: "maskrun run", wrap: run},
	}
	speeds := make([][]float64, len(ways))
	for round := range rounds {
		for i, w := range ways {
			fmt.Fprintf(os.Stderr, "e2e: round %d, %s\n", round+1, w.name)
			took, err := w.run(total)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			speeds[i] = append(speeds[i], float64(total)/took.Seconds())
		}
	}
	report(ways, speeds, total)
	return nil
}

// run sends total MB through and checks that all of them arrive.
func (w way) run(total int64) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	producer := append(slices.Clone(w.wrap), self, "-produce", fmt.Sprint(total))
	in, out, err := w.pipes()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	cmds := []*exec.Cmd{w.command(producer, nil, out)}
	if w.filter != nil {
		r, wr, err := w.pipes()
		if err != nil {
			return 0, err
		}
		defer r.Close()
		defer wr.Close()
		cmds = []*exec.Cmd{w.command(producer, nil, wr), w.command(w.filter, r, out)}
	}
	begun := time.Now()
	for _, c := range cmds {
		if err := c.Start(); err != nil {
			return 0, err
		}
		// Our copies must go, or no reader would see an end.
		c.Stdout.(*os.File).Close()
		if c.Stdin != nil {
			c.Stdin.(*os.File).Close()
		}
	}
	got, err := sink(in)
	took := time.Since(begun)
	for _, c := range cmds {
		if e := c.Wait(); e != nil {
			return 0, e
		}
	}
	if err == nil && got != total*1e6 {
		err = fmt.Errorf("%d bytes arrived", got)
	}
	return took, err
}

func (w way) command(argv []string, in, out *os.File) *exec.Cmd {
	c := exec.Command(argv[0], argv[1:]...)
	if in != nil {
		c.Stdin = in
	}
	c.Stdout, c.Stderr = out, os.Stderr
	return c
}

// pipes makes a pipe of blocking ends, as a shell does.
func (w way) pipes() (r, wr *os.File, err error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return nil, nil, err
	}
	const setPipeSize = 1031 // F_SETPIPE_SZ, which package syscall does not name
	if w.pipe > 0 {
		if _, _, e := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fds[0]), setPipeSize, uintptr(w.pipe)); e != 0 {
			return nil, nil, fmt.Errorf("pipes of %d bytes: %w", w.pipe, e)
		}
	}
	return os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe"), nil
}

// sink reads to the end and throws away.
func sink(r io.Reader) (got int64, err error) {
	buf := make([]byte, 256<<10)
	for {
		n, err := r.Read(buf)
		got += int64(n)
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
	}
}

func report(ways []way, speeds [][]float64, total int64) {
	median := map[string]float64{}
	for i, w := range ways {
		slices.Sort(speeds[i])
		median[w.name] = speeds[i][len(speeds[i])/2]
	}
	fmt.Printf("### End to end\n\n%d MB of the log ci in writes of 64 KiB, 100 secrets in base64, hex and percent; MB/s, start and end of all programs included.\n\n", total)
	fmt.Print("| way | MB/s | of cat, 1 MiB pipes | of cat, default pipes |\n|---|---:|---:|---:|\n")
	for _, w := range ways {
		m := median[w.name]
		fmt.Printf("| %s | %.0f | %.2f | %.2f |\n", w.name, m, m/median["cat, 1 MiB pipes"], m/median["cat, default pipes"])
	}
	fmt.Print("\n| what | at least | measured | |\n|---|---:|---:|---|\n")
	for _, w := range []string{"maskrun mask", "maskrun run"} {
		verdict(w+", of cat with the same pipes", 0.9, median[w]/median["cat, 1 MiB pipes"])
		verdict(w+", of cat with default pipes", 0.65, median[w]/median["cat, default pipes"])
	}
	fmt.Println("\nmaskrun widens its pipes to 1 MiB itself, as far as the user's quota goes.")
}

func verdict(what string, least, is float64) {
	word := "met"
	if is < least {
		word = "**missed**"
	}
	fmt.Printf("| %s | %.2f | %.2f | %s |\n", what, least, is, word)
}
