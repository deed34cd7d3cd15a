// Command bench measures maskrun's redactor beside its peers, in one run, and
// prints Markdown. Start it with run.sh, which also builds the peers that are
// written in other languages. See docs/performance.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	b := &bench{}
	tables := flag.String("tables", strings.Join(tableNames(), ","), "print these `TABLES`")
	only := flag.String("engines", "", "measure only these `ENGINES` beside memcpy and maskrun (default: all)")
	flag.IntVar(&b.rounds, "rounds", 5, "take the median of this `MANY` rounds")
	flag.IntVar(&b.size, "size", 8<<20, "make texts of this many `BYTES`")
	flag.IntVar(&b.whole, "whole", 64<<20, "and repeat them up to this many `BYTES` for the table of throughput")
	flag.StringVar(&b.dir, "dir", "", "`DIRECTORY` for files, with the peers that run.sh has built")
	flag.Parse()
	if *only != "" {
		b.only = append(strings.Split(*only, ","), "memcpy", "maskrun")
	}
	if err := b.main(strings.Split(*tables, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// tables are what can be printed, in order.
var tables = []struct {
	name  string
	print func(*bench) error
}{
	{"throughput", (*bench).throughput},
	{"arrivals", (*bench).arrivals},
	{"doubling", (*bench).doubling},
	{"memory", (*bench).memory},
}

func tableNames() (names []string) {
	for _, t := range tables {
		names = append(names, t.name)
	}
	return names
}

func (b *bench) main(names []string) error {
	for _, n := range names {
		if !slices.Contains(tableNames(), n) {
			return fmt.Errorf("no table %q; there are: %s", n, strings.Join(tableNames(), " "))
		}
	}
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "maskrun-bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.dir = dir
	}
	for _, t := range tables {
		if !slices.Contains(names, t.name) {
			continue
		}
		if err := t.print(b); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}
