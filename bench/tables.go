package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/maskrun/maskrun/internal/benchdata"
	"github.com/maskrun/maskrun/masker"
)

// arrivals is how the speed depends on how much comes at once.
func (b *bench) arrivals() error {
	fmt.Print("### Small writes\n\nS2, log ci: maskrun, and memcpy beside it.\n\n| bytes per write | maskrun MB/s | ns per write | memcpy MB/s |\n|---:|---:|---:|---:|\n")
	s := benchdata.Sets()[1]
	all := engines()[:2]
	runners, closeAll := b.open(s, all, map[string]string{})
	defer closeAll()
	l := benchdata.Log{Name: "ci", Text: benchdata.CI(b.size)}
	small := 0.0
	for _, arrival := range []int{16, 80, 4 << 10, 64 << 10} {
		progress("writes of %d bytes", arrival)
		cells, err := b.measureAll(l, arrival, runners)
		if err != nil {
			return err
		}
		ns := float64(arrival) * 1e3 / cells[1].speed()
		fmt.Printf("| %s | %s | %s | %s |\n", number(float64(arrival)), number(cells[1].speed()), number(ns), number(cells[0].speed()))
		if arrival == 80 {
			small = ns
		}
	}
	printLimits(limit{"a write of 80 bytes, ns", 300, small})
	return nil
}

// doubling shows that twice the text takes twice the time, where an engine that
// starts again and again would need four times as much.
func (b *bench) doubling() error {
	const smallest, steps = 2 << 20, 4
	fmt.Print("### Double the text, double the time\n\nS2 and `a^2000 b`, milliseconds for a text of so many MiB in writes of 64 KiB, the best of the rounds; in brackets the multiple of the column before.\n\n| log |")
	for i := range steps {
		fmt.Printf(" %d |", smallest<<i>>20)
	}
	fmt.Print("\n|---|---:|---:|---:|---:|\n")
	s := benchdata.Periodic(benchdata.Sets()[1])
	scan, err := openMaskrun(s)
	if err != nil {
		return err
	}
	for _, l := range benchdata.Logs(smallest<<(steps-1), s) {
		progress("doubling %s", l.Name)
		var took [steps]float64
		for range b.rounds {
			for i := range steps {
				begun := time.Now()
				scan(l.Text[:smallest<<i], 64<<10)
				ms := time.Since(begun).Seconds() * 1e3
				if took[i] == 0 || ms < took[i] { // what disturbs only adds
					took[i] = ms
				}
			}
		}
		fmt.Printf("| %s |", l.Name)
		for i := range steps {
			fmt.Printf(" %s", number(took[i]))
			if i > 0 {
				fmt.Printf(" (%.2f)", took[i]/took[i-1])
			}
			fmt.Print(" |")
		}
		fmt.Println()
	}
	fmt.Println()
	return nil
}

// memory is what sets cost: the time to build, what stays, what is allocated
// meanwhile, and what each stream adds.
func (b *bench) memory() error {
	fmt.Print("### Build and memory\n\n| values | forms | build, ms | stays, KiB | allocated meanwhile, KiB | KiB a value | a stream, KiB |\n|---|---:|---:|---:|---:|---:|---:|\n")
	sets := append([]benchdata.Set{
		{Name: "one token of 40 bytes", Needles: benchdata.Tokens(1, 40), AllForms: true},
		{Name: "1,000 tokens of 40 bytes", Needles: benchdata.Tokens(1000, 40), AllForms: true},
		{Name: "one private key of 3 kB", Needles: [][]byte{benchdata.Key(3000)}, AllForms: true},
		{Name: "one value of 1 MB", Needles: benchdata.Tokens(1, 1<<20), AllForms: true},
	}, benchdata.Sets()...)
	var costs []cost
	for _, s := range sets {
		progress("memory of %s", s.Name)
		c, err := b.cost(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		costs = append(costs, c)
	}
	token, thousand, key, s4 := costs[0], costs[1], costs[2], costs[len(costs)-1]
	printLimits(
		limit{"one token of 40 bytes, KiB", 64, token.stays},
		limit{"1,000 tokens, ms to build", 500, thousand.build},
		limit{"1,000 tokens, KiB", 64 << 10, thousand.stays},
		limit{"one private key of 3 kB, KiB", 4 << 10, key.stays},
		limit{"S4, ms to build", 2000, s4.build},
		limit{"S4, KiB", 256e6 / 1024, s4.stays},
		limit{"a stream at S4, KiB", 1 << 10, s4.stream},
	)
	return nil
}

// enough is when a build that takes long is not repeated any more.
const enough = 10 * time.Second

// A cost is what a set costs: ms to build, KiB that stay, KiB a stream.
type cost struct{ build, stays, stream float64 }

// A limit is a target that is not to be exceeded.
type limit struct {
	what     string
	most, is float64
}

func printLimits(l ...limit) {
	fmt.Print("\n| what | at most | measured | |\n|---|---:|---:|---|\n")
	for _, t := range l {
		verdict := "met"
		if t.is > t.most {
			verdict = "**missed**"
		}
		fmt.Printf("| %s | %s | %s | %s |\n", t.what, number(t.most), number(t.is), verdict)
	}
	fmt.Println()
}

// cost measures one set and prints its row.
func (b *bench) cost(s benchdata.Set) (cost, error) {
	var builds []float64
	for first := time.Now(); len(builds) < b.rounds && (len(builds) == 0 || time.Since(first) < enough); {
		begun := time.Now()
		if _, err := compile(s); err != nil {
			return cost{}, err
		}
		builds = append(builds, time.Since(begun).Seconds()*1e3)
	}
	slices.Sort(builds)
	copies := 1
	if len(s.Needles) == 1 && len(s.Needles[0]) < 4096 {
		copies = 64 // too small to be seen alone
	}
	keep := make([]*masker.Masker, copies)
	before, passed := heap()
	for i := range keep {
		keep[i], _ = compile(s) // it was made before
	}
	after, allocated := heap()
	count := 0
	for _, f := range keep[0].Forms() {
		count += f.Forms
	}
	const kib = 1 << 10
	c := cost{builds[len(builds)/2], float64(after-before) / float64(copies) / kib, stream(keep[0]) / kib}
	fmt.Printf("| %s | %s | %s | %s | %s | %s | %s |\n", s.Name, number(float64(count)), number(c.build), number(c.stays),
		number(float64(allocated-passed)/float64(copies)/kib), number(c.stays/float64(len(s.Needles))), number(c.stream))
	runtime.KeepAlive(keep)
	return c, nil
}

// stream is what one Writer holds after a log without hits.
func stream(m *masker.Masker) float64 {
	const streams = 16
	text := benchdata.CI(1 << 20)
	keep := make([]*masker.Writer, streams)
	before, _ := heap()
	for i := range keep {
		keep[i] = m.NewWriter(io.Discard)
		writes(text, 64<<10, func(p []byte) { keep[i].Write(p) })
	}
	after, _ := heap()
	runtime.KeepAlive(keep)
	runtime.KeepAlive(text)
	runtime.KeepAlive(m)
	return max(0, float64(int64(after)-int64(before))) / streams
}

// heap is what is in use and what has ever been allocated.
func heap() (live, total uint64) {
	settle()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc, m.TotalAlloc
}
