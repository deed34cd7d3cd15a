package masker

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/internal/benchdata"
)

// compileSet makes the redactor of a set as bench/ does: the needles of S1 to S3 are looked for as
// they are.
func compileSet(b *testing.B, s benchdata.Set) *Masker {
	o := &Options{Encodings: []string{}}
	if s.AllForms {
		o = nil
	}
	m, err := New(benchValues(s.Needles...), o)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func benchValues(l ...[]byte) (values []Value) {
	for i, v := range l {
		values = append(values, Value{fmt.Sprint("V", i), v})
	}
	return values
}

func BenchmarkWriter(b *testing.B) {
	for _, s := range benchdata.Sets() {
		b.Run(s.Name, func(b *testing.B) {
			m := compileSet(b, benchdata.Periodic(s))
			for _, l := range benchdata.Logs(8<<20, s) {
				b.Run(l.Name, func(b *testing.B) { benchWrites(b, m, l.Text, 64<<10) })
			}
		})
	}
}

func BenchmarkArrivals(b *testing.B) {
	m := compileSet(b, benchdata.Sets()[1])
	log := benchdata.CI(8 << 20)
	for _, size := range []int{16, 80, 4 << 10, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) { benchWrites(b, m, log, size) })
	}
}

// BenchmarkTraps has values that repeat themselves and texts in which they nearly stand,
// interrupted or not: where a careless search goes through a whole value for each byte.
func BenchmarkTraps(b *testing.B) {
	rep := strings.Repeat
	for _, c := range []struct {
		name   string
		values []string
		text   string
	}{
		{"a period", []string{rep("a", 2000) + "b"}, "a"},
		{"a period that holds a value", []string{rep("a", 8), rep("a", 2000) + "b"}, "a"},
		{"a long period that holds a value", []string{rep("aaaaaaaab", 300) + "b", "aaaaaaaabaaaaaaaa"}, "aaaaaaaab"},
		{"a period with blanks", []string{rep("a ", 1000) + "b"}, "a "},
		{"words and blanks", []string{rep("abcdefgh ", 200) + "b"}, "abcdefgh "},
		{"lines", []string{rep("abcdefghijklmnop\n", 200) + "b", rep("abcdefghijklmnop", 200) + "c"}, "abcdefghijklmnop\n"},
		{"lines of a period", []string{rep("aaaaaaaaaaaaaaaa\n", 200) + "b", rep("a", 2000) + "c"}, "aaaaaaaaaaaaaaaa\n"},
		{"a period with colours", []string{rep("a", 2000) + "b"}, rep("a", 31) + "\x1b[0m"},
		{"a period with colours and blanks", []string{rep("a", 2000) + "b"}, "aaaaaaaa \x1b[0m"},
	} {
		b.Run(c.name, func(b *testing.B) {
			var set benchdata.Set
			for _, v := range c.values {
				set.Needles = append(set.Needles, []byte(v))
			}
			m := compileSet(b, set)
			benchWrites(b, m, []byte(rep(c.text, 1<<20/len(c.text))), 64<<10)
		})
	}
}

func benchWrites(b *testing.B, m *Masker, text []byte, size int) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	w := m.NewWriter(io.Discard)
	for b.Loop() {
		for i := 0; i < len(text); i += size {
			w.Write(text[i:min(i+size, len(text))])
		}
	}
	w.Close()
}

func BenchmarkMemcpy(b *testing.B) {
	text := benchdata.CI(64 << 20)
	to := make([]byte, 64<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for i := 0; i < len(text); i += len(to) {
			copy(to, text[i:])
		}
	}
}

func BenchmarkReplacer(b *testing.B) {
	for _, s := range benchdata.Sets()[:3] {
		var pairs []string
		for _, n := range s.Needles {
			pairs = append(pairs, string(n), "***")
		}
		r := strings.NewReplacer(pairs...)
		text := string(benchdata.CI(2 << 20))
		b.Run(s.Name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				for i := 0; i < len(text); i += 64 << 10 {
					r.WriteString(io.Discard, text[i:min(i+64<<10, len(text))])
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, s := range benchdata.Sets() {
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			a := compileSet(b, s).cur.Load().auto
			b.Logf("%d words, %d nodes", len(a.allWords()), len(a.label))
			for b.Loop() {
				compileSet(b, s)
			}
		})
	}
}

// BenchmarkMemory reports what values keep (automaton, filter, and all) and take to build: a plain
// token of 40 bytes, a thousand of them, a key of 3 kB, a value of 1 MB, and S4. What a
// Masker of no values keeps is told apart.
func BenchmarkMemory(b *testing.B) {
	empty := memoryOf(b, nil)
	for _, c := range []struct {
		name   string
		values [][]byte
	}{
		{"token", benchdata.Tokens(1, 40)},
		{"thousand tokens", benchdata.Tokens(1000, 40)},
		{"key of 3 kB", [][]byte{benchdata.Key(3000)}},
		{"1 MB", benchdata.Tokens(1, 1<<20)},
		{"S4", benchdata.Sets()[3].Needles},
	} {
		values := benchValues(c.values...)
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := New(values, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(memoryOf(b, values)-empty)/1024, "KiB")
			b.ReportMetric(float64(empty)/1024, "KiB-fixed")
		})
	}
}

// memoryOf returns how many bytes a Masker of values keeps.
func memoryOf(b *testing.B, values []Value) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	m, err := New(values, nil)
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(m)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}
