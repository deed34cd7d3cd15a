package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/internal/benchdata"
)

// A row is one set with one log, and the speed of each engine in MB/s.
type row struct {
	set, log string
	speeds   []float64
}

// throughput is the big table: writes of 64 KiB, MB/s, and what ours is of others.
func (b *bench) throughput() error {
	all, skipped := engines(), map[string]string{}
	var rows []row
	for _, s := range benchdata.Sets() {
		for _, set := range []benchdata.Set{s, benchdata.Periodic(s)} {
			periodic := len(set.Needles) > len(s.Needles)
			if periodic && s.AllForms {
				continue // a value of 2,001 bytes in all forms: the row periodic of S4 goes without
			}
			more, err := b.setRows(set, periodic, all, skipped)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
	}
	printThroughput(all, rows, skipped)
	printTargets(all, rows)
	return nil
}

// setRows measures one set: with the periodic log alone, or with all others.
func (b *bench) setRows(s benchdata.Set, periodic bool, all []engine, skipped map[string]string) (rows []row, err error) {
	use := slices.Clone(all)
	if periodic {
		use = slices.DeleteFunc(use, func(e engine) bool { return !slices.Contains(e.logs, "periodic") })
	}
	runners, closeAll := b.open(s, use, skipped)
	defer settle()
	defer closeAll()
	for _, l := range benchdata.Logs(b.size, s) {
		if (l.Name == "periodic") != periodic {
			continue
		}
		// From memory, as a log comes: one that the caches hold would make memcpy three times as fast, and nobody else.
		l.Text = bytes.Repeat(l.Text, max(1, b.whole/len(l.Text)))
		// Texts of one name differ between sets, and the files of programs with them.
		l.Name = s.Name + "-" + l.Name
		r := row{set: s.Name, log: strings.TrimPrefix(l.Name, s.Name+"-"), speeds: make([]float64, len(all))}
		progress("%s", l.Name)
		chosen := slices.Clone(runners)
		for i, e := range use {
			if !e.runs(s.Name, r.log) {
				chosen[i] = nil
			}
		}
		cells, err := b.measureAll(l, 64<<10, chosen)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, err)
		}
		for i, c := range cells {
			r.speeds[slices.IndexFunc(all, func(e engine) bool { return e.name == use[i].name })] = c.speed()
		}
		rows = append(rows, r)
		b.forget(".whole")
	}
	return rows, nil
}

func printThroughput(all []engine, rows []row, skipped map[string]string) {
	fmt.Print("### Throughput\n\nMB/s, one thread, writes of 64 KiB, medians; then maskrun as a multiple of memcpy, of strings.Replacer and of ripgrep.\n\n")
	fmt.Print("| set | log |")
	for _, e := range all {
		fmt.Printf(" %s |", e.name)
	}
	fmt.Print(" × memcpy | × Replacer | × ripgrep |\n|---|---|" + strings.Repeat("---:|", len(all)+3) + "\n")
	for _, r := range rows {
		fmt.Printf("| %s | %s |", r.set, r.log)
		for i, v := range r.speeds {
			if i == 1 {
				fmt.Printf(" **%s** |", number(v))
			} else {
				fmt.Printf(" %s |", number(v))
			}
		}
		for _, name := range []string{"memcpy", "Replacer", "ripgrep"} {
			fmt.Printf(" %s |", number(r.ratio(all, "maskrun", name)))
		}
		fmt.Println()
	}
	fmt.Println("\nWhat each of them does:")
	for _, e := range all {
		why := ""
		if skipped[e.name] != "" {
			why = " **Not measured: " + skipped[e.name] + ".**"
		}
		fmt.Printf("- %s: %s.%s\n", e.name, e.does, why)
	}
	fmt.Println("\nThe sets:")
	for _, s := range benchdata.Sets() {
		total, shortest := 0, len(s.Needles[0])
		for _, n := range s.Needles {
			total, shortest = total+len(n), min(shortest, len(n))
		}
		what := "needles, looked for as they are"
		if s.AllForms {
			what = "values, in all forms that maskrun derives"
		}
		fmt.Printf("- %s: %d %s; %d bytes, the shortest of %d. In the row periodic `a^2000 b` is one more.\n", s.Name, len(s.Needles), what, total, shortest)
	}
	fmt.Println()
}

func (r row) speed(all []engine, name string) float64 {
	return r.speeds[slices.IndexFunc(all, func(e engine) bool { return e.name == name })]
}

// ratio is 0 where one of the two was not measured.
func (r row) ratio(all []engine, a, b string) float64 {
	if of := r.speed(all, b); of > 0 {
		return r.speed(all, a) / of
	}
	return 0
}

// number has three digits, or says that there is none.
func number(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100 && v != float64(int(v)):
		return fmt.Sprintf("%.1f", v)
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// A target is what the project set out to reach.
type target struct {
	what  string
	least float64
	unit  string
	get   func(at func(set, log string) row) float64
}

func targets(all []engine) []target {
	var l []target
	for _, t := range []struct {
		peer  string
		least [4]float64
	}{
		{"memcpy", [4]float64{0.35, 0.20, 0.10, 0.05}},
		{"Replacer", [4]float64{25, 25, 20}},
		{"ripgrep", [4]float64{5, 5, 5}},
	} {
		for i, set := range allSets {
			if t.least[i] > 0 {
				l = append(l, target{set + " ci, multiple of " + t.peer, t.least[i], "×", func(at func(set, log string) row) float64 {
					return at(set, "ci").ratio(all, "maskrun", t.peer)
				}})
			}
		}
	}
	within := func(what, log string, least float64) target {
		return target{what, least, "×", func(at func(set, log string) row) float64 {
			if ci := at("S2", "ci").speed(all, "maskrun"); ci > 0 {
				return at("S2", log).speed(all, "maskrun") / ci
			}
			return 0
		}}
	}
	l = append(l, within("S2 ml, of ci", "ml", 0.7), within("S2 hit, of ci", "hit", 0.25))
	for _, log := range []string{"adversarial", "periodic", "escapes", "binary"} {
		l = append(l, target{"S2 " + log, 100, " MB/s", func(at func(set, log string) row) float64 {
			return at("S2", log).speed(all, "maskrun")
		}})
	}
	return l
}

func printTargets(all []engine, rows []row) {
	at := func(set, log string) row {
		i := slices.IndexFunc(rows, func(r row) bool { return r.set == set && r.log == log })
		if i < 0 {
			return row{speeds: make([]float64, len(all))}
		}
		return rows[i]
	}
	fmt.Print("### Targets\n\n| what | at least | measured | |\n|---|---:|---:|---|\n")
	for _, t := range targets(all) {
		v := t.get(at)
		verdict := "met"
		switch {
		case v == 0:
			verdict = "not measured"
		case v < t.least:
			verdict = "**missed**"
		}
		fmt.Printf("| %s | %s%s | %s%s | %s |\n", t.what, number(t.least), t.unit, number(v), t.unit, verdict)
	}
	fmt.Println()
}
