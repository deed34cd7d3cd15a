package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	bobusumisu "github.com/BobuSumisu/aho-corasick"
	"github.com/cloudflare/ahocorasick"
	"github.com/maskrun/maskrun/internal/benchdata"
	"github.com/maskrun/maskrun/masker"
	petar "github.com/petar-dambovaliev/aho-corasick"
)

// An engine is something that looks for needles: ours, a peer, or memcpy, which
// is what not looking costs.
type engine struct {
	name string
	does string   // what it does with what it finds, for the notes
	sets []string // the sets it is measured with
	logs []string // and the logs

	// open makes it ready for a set. An error says why it cannot be measured here.
	open func(b *bench, s benchdata.Set) (runner, error)
}

// A runner is an engine that is ready for one set.
type runner interface {
	// run passes the first n bytes of a log through, reps times over, in writes of
	// arrival bytes, and tells how long that took.
	run(l benchdata.Log, n, reps, arrival int) (time.Duration, error)
	close()
}

var (
	allSets  = []string{"S1", "S2", "S3", "S4"}
	peerSets = []string{"S1", "S2", "S3"} // S4 is values: what forms they have only we know
	allLogs  = []string{"ci", "ml", "fields", "hit", "adversarial", "periodic", "escapes", "binary"}
	peerLogs = []string{"ci", "ml", "fields", "hit", "adversarial"}
)

// engines are the columns of the table, in order. The first is the yardstick,
// the second is ours.
func engines() []engine {
	return []engine{
		{"memcpy", "copies 64 KiB at a time into one buffer", allSets, allLogs, inProcess(openMemcpy)},
		{"maskrun", "masker.Writer, all three views, the union of overlaps", allSets, allLogs, inProcess(openMaskrun)},
		{"Replacer", "Go's strings.Replacer, one call for each write; misses what a cut between writes parts", peerSets, allLogs, inProcess(openReplacer)},
		{"ripgrep", "rg --passthru -F -f NEEDLES -r '***' FILE, the whole process; lines only, so keys count as their lines", peerSets, peerLogs, openRipgrep},
		{"maskrun mask", "maskrun mask < FILE, the whole process; at S2 the secrets in the groups base64, hex and percent, which are more forms than the needles", []string{"S1", "S2"}, peerLogs, openMask},
		{"Rust find", "Rust aho-corasick, find_iter over the whole text; finds only", peerSets, peerLogs, openRust("find")},
		{"Rust stream", "Rust aho-corasick, stream_replace_all", peerSets, peerLogs, openRust("stream")},
		{"vectorscan", "vectorscan or hyperscan in streaming mode; ends of matches only", peerSets, peerLogs, openVectorscan},
		{"BobuSumisu", "github.com/BobuSumisu/aho-corasick; finds only, each write by itself", peerSets, peerLogs, inProcess(openBobuSumisu)},
		{"petar", "github.com/petar-dambovaliev/aho-corasick, as DFA; finds only, leftmost-longest, each write by itself", []string{"S1", "S2"}, peerLogs, inProcess(openPetar)},
		{"cloudflare", "github.com/cloudflare/ahocorasick; tells which needles occur, without positions, each write by itself; not run at S3 for want of memory: 6 GB", []string{"S1", "S2"}, peerLogs, inProcess(openCloudflare)},
	}
}

func (e engine) runs(set, log string) bool {
	return slices.Contains(e.sets, set) && slices.Contains(e.logs, log)
}

// A pass is an engine in this process: it looks at text in writes of arrival bytes.
type pass func(text []byte, arrival int)

// inProcess makes runners of passes.
func inProcess(open func(benchdata.Set) (pass, error)) func(*bench, benchdata.Set) (runner, error) {
	return func(_ *bench, s benchdata.Set) (runner, error) {
		p, err := open(s)
		if err != nil {
			return nil, err
		}
		return p, nil
	}
}

func (p pass) run(l benchdata.Log, n, reps, arrival int) (time.Duration, error) {
	begun := time.Now()
	for range reps {
		p(l.Text[:n], arrival)
	}
	return time.Since(begun), nil
}

func (p pass) close() {}

func writes(text []byte, arrival int, write func([]byte)) {
	for i := 0; i < len(text); i += arrival {
		write(text[i:min(i+arrival, len(text))])
	}
}

func openMemcpy(benchdata.Set) (pass, error) {
	to := make([]byte, 64<<10)
	return func(text []byte, arrival int) {
		writes(text, min(arrival, len(to)), func(p []byte) { copy(to, p) })
	}, nil
}

// compile makes our redactor for a set. The needles of S1 to S3 are looked for
// as they are, to be the same set for everybody.
func compile(s benchdata.Set) (*masker.Masker, error) {
	var values []masker.Value
	for i, n := range s.Needles {
		values = append(values, masker.Value{Name: fmt.Sprintf("V%d", i), Bytes: n})
	}
	if s.AllForms {
		return masker.New(values, nil)
	}
	return masker.New(values, &masker.Options{Encodings: []string{}})
}

func openMaskrun(s benchdata.Set) (pass, error) {
	m, err := compile(s)
	if err != nil {
		return nil, err
	}
	return func(text []byte, arrival int) {
		w := m.NewWriter(io.Discard)
		writes(text, arrival, func(p []byte) { w.Write(p) })
		w.Close()
	}, nil
}

func openReplacer(s benchdata.Set) (pass, error) {
	var pairs []string
	for _, n := range s.Needles {
		pairs = append(pairs, string(n), "***")
	}
	r := strings.NewReplacer(pairs...)
	r.Replace(pairs[0]) // it builds itself at the first use
	var from []byte
	var text string // the same bytes, converted outside what is timed but once
	return func(b []byte, arrival int) {
		if len(from) != len(b) || &from[0] != &b[0] {
			from, text = b, string(b)
		}
		for i := 0; i < len(text); i += arrival {
			r.WriteString(io.Discard, text[i:min(i+arrival, len(text))])
		}
	}, nil
}

func openBobuSumisu(s benchdata.Set) (pass, error) {
	trie := bobusumisu.NewTrieBuilder().AddPatterns(s.Needles).Build()
	return func(text []byte, arrival int) {
		writes(text, arrival, func(p []byte) { trie.Walk(p, func(_, _, _ int64) bool { return true }) })
	}, nil
}

func openPetar(s benchdata.Set) (pass, error) {
	b := petar.NewAhoCorasickBuilder(petar.Opts{MatchKind: petar.LeftMostLongestMatch, DFA: true})
	ac := b.BuildByte(s.Needles)
	return func(text []byte, arrival int) {
		writes(text, arrival, func(p []byte) {
			for it := ac.IterByte(p); it.Next() != nil; {
			}
		})
	}, nil
}

func openCloudflare(s benchdata.Set) (pass, error) {
	m := ahocorasick.NewMatcher(s.Needles)
	return func(text []byte, arrival int) {
		writes(text, arrival, func(p []byte) { m.Match(p) })
	}, nil
}

// errAbsent is the reason of an engine that is not on this machine.
var errAbsent = errors.New("not here")

// A bench is one run of the benchmarks: the scratch directory and the programs
// that were built into it.
type bench struct {
	dir    string
	rounds int
	size   int // of the texts
	whole  int // the same, repeated for the table of throughput
	only   []string
}

// path names a file of the scratch directory and writes it, if it is new.
func (b *bench) path(name string, make func() []byte) (string, error) {
	path := filepath.Join(b.dir, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, os.WriteFile(path, make(), 0o600)
}

// forget removes the files whose names end so.
func (b *bench) forget(suffix string) {
	files, _ := filepath.Glob(filepath.Join(b.dir, "*"+suffix)) // the pattern is sound
	for _, f := range files {
		os.Remove(f)
	}
}

// needleFile holds the needles, one on a line: those with line breaks as their lines.
func (b *bench) needleFile(s benchdata.Set) (string, error) {
	return b.path("needles-"+s.Name+".txt", func() []byte {
		seen := map[string]bool{"": true}
		var out bytes.Buffer
		for _, n := range s.Needles {
			for line := range bytes.SplitSeq(n, []byte{'\n'}) {
				// A NUL makes rg take the list for binary, and so refuse it.
				if !seen[string(line)] && !bytes.Contains(line, []byte{0}) {
					seen[string(line)] = true
					out.Write(line)
					out.WriteByte('\n')
				}
			}
		}
		return out.Bytes()
	})
}

// settle gives the memory of engines that are done back before the next is measured.
func settle() {
	runtime.GC()
	runtime.GC()
}
