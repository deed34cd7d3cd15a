package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/maskrun/maskrun/internal/benchdata"
)

// Each run lasts about runTime: long enough for the clock, short enough that ten
// engines, four sets and seven logs fit into ten minutes.
const runTime = 40 * time.Millisecond

// probeSize is what the speed of an engine is estimated with before it is measured.
const probeSize = 256 << 10

// A cell is one engine with one log: how much it is given in a run, and what the
// runs said.
type cell struct {
	r       runner
	n, reps int
	speeds  []float64 // MB/s
}

// prepare warms an engine up and chooses how much text makes a run.
func prepare(r runner, l benchdata.Log, arrival int) (*cell, error) {
	c := &cell{r: r, n: min(probeSize, len(l.Text)), reps: 1}
	if w, ok := r.(whole); ok {
		var err error
		c.n, err = w.choose(l)
		return c, err
	}
	took := time.Hour
	for range 2 {
		d, err := r.run(l, c.n, 1, arrival)
		if err != nil {
			return nil, err
		}
		took = min(took, d)
	}
	want := int(float64(c.n) * float64(runTime) / float64(took+1))
	c.n = min(max(want, c.n), len(l.Text))
	c.reps = max(1, want/c.n)
	return c, nil
}

func (c *cell) measure(l benchdata.Log, arrival int) error {
	took, err := c.r.run(l, c.n, c.reps, arrival)
	if err != nil {
		return err
	}
	c.speeds = append(c.speeds, float64(c.n)*float64(c.reps)/1e6/took.Seconds())
	return nil
}

// speed is the median, and 0 for an engine that was not measured.
func (c *cell) speed() float64 {
	if c == nil || len(c.speeds) == 0 {
		return 0
	}
	slices.Sort(c.speeds)
	return c.speeds[len(c.speeds)/2]
}

// measureAll runs all cells once in each round, so that a bad moment of the
// machine falls upon all of them.
func (b *bench) measureAll(l benchdata.Log, arrival int, runners []runner) ([]*cell, error) {
	cells := make([]*cell, len(runners))
	for i, r := range runners {
		if r == nil {
			continue
		}
		c, err := prepare(r, l, arrival)
		if err != nil {
			return nil, err
		}
		cells[i] = c
	}
	for range b.rounds {
		for _, c := range cells {
			if c == nil {
				continue
			}
			if err := c.measure(l, arrival); err != nil {
				return nil, err
			}
		}
	}
	return cells, nil
}

// open makes the engines ready for a set. What cannot be measured here is nil,
// and skipped tells why.
func (b *bench) open(s benchdata.Set, all []engine, skipped map[string]string) (runners []runner, closeAll func()) {
	for _, e := range all {
		var r runner
		if b.wants(e) && slices.Contains(e.sets, s.Name) {
			var err error
			if r, err = e.open(b, s); err != nil {
				skipped[e.name] = err.Error()
				r = nil
			}
		}
		runners = append(runners, r)
	}
	return runners, func() {
		for _, r := range runners {
			if r != nil {
				r.close()
			}
		}
	}
}

func (b *bench) wants(e engine) bool { return b.only == nil || slices.Contains(b.only, e.name) }

// progress is for the person who waits.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }
