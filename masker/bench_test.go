package masker

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

// The sets of the benchmarks, with fixed seeds. S1: 10 values of 16 bytes and
// more, as they are. S2 and S3: 100 and 1,000 values in about 12 forms each,
// given as values of their own. S4: 1,000 values in all forms.
func benchSets() []benchSet {
	return []benchSet{
		{"S1", benchValues(10), &Options{Encodings: []string{}}},
		{"S2", twelveForms(benchValues(100)), &Options{Encodings: []string{}}},
		{"S3", twelveForms(benchValues(1000)), &Options{Encodings: []string{}}},
		{"S4", benchValues(1000), nil},
	}
}

type benchSet struct {
	name   string
	values []Value
	opts   *Options
}

// twelveForms spells each value as the rows base64, hex and percent do.
func twelveForms(values []Value) (l []Value) {
	for _, v := range values {
		l = append(l, v)
		for _, derive := range []func([]byte, func([]byte)){base64Forms, hexForms, percentForms} {
			derive(v.Bytes, func(b []byte) { l = append(l, Value{v.Name, bytes.Clone(b)}) })
		}
	}
	return l
}

const tokenBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

func randomToken(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = tokenBytes[r.IntN(len(tokenBytes))]
	}
	return b
}

// benchValues is a mixture as jobs have it: tokens, connection strings, keys of several lines.
func benchValues(n int) []Value {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	var l []Value
	for i := range n {
		v := randomToken(r, 16+r.IntN(40))
		switch {
		case i%10 == 3:
			v = fmt.Appendf(nil, "postgres://svc:%s@db-%d.example:5432/app", url.QueryEscape(string(v)), i)
		case i%50 == 7:
			v = benchKey(r)
		}
		l = append(l, Value{fmt.Sprintf("V%d", i), v})
	}
	return l
}

func benchKey(r *rand.Rand) []byte {
	raw := make([]byte, 1200)
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	s := base64.StdEncoding.EncodeToString(raw)
	var b strings.Builder
	b.WriteString("-----BEGIN PRIVATE KEY-----\n")
	for len(s) > 64 {
		b.WriteString(s[:64] + "\n")
		s = s[64:]
	}
	b.WriteString(s + "\n-----END PRIVATE KEY-----\n")
	return []byte(b.String())
}

// benchLogs are the texts, of about size bytes each.
func benchLogs(size int, values []Value) []struct {
	name string
	text []byte
} {
	return []struct {
		name string
		text []byte
	}{
		{"ci", ciLog(size)},
		{"ml", mlLog(size)},
		{"hit", hitLog(size, values)},
		{"adversarial", prefixLog(size, values)},
		{"periodic", bytes.Repeat([]byte("a"), size)},
		{"escapes", bytes.Repeat([]byte("\x1b[mA\x1b[1mb"), size/9)},
		{"binary", binaryLog(size)},
	}
}

var ciWords = strings.Fields(`INFO building module github.com/example/service ok compiled
	warning: unused variable step pull cache hit sha256:4b825dc642cb6eb9a060 in 3.2s
	Downloading https://repo.example/artifact-1.2.3.jar (12 kB) test_login PASSED [ 42%]`)

// ciLog has timestamps, and colours on one line in four.
func ciLog(size int) []byte {
	r := rand.New(rand.NewPCG(1, 1))
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "2026-11-23T10:%02d:%02d.%07dZ ", r.IntN(60), r.IntN(60), r.IntN(1e7))
		colour := r.IntN(4) == 0
		if colour {
			b.WriteString("\x1b[32m")
		}
		for range 4 + r.IntN(6) {
			b.WriteString(ciWords[r.IntN(len(ciWords))] + " ")
		}
		if colour {
			b.WriteString("\x1b[0m")
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// mlLog has progress bars redrawn with CR, colours, and records in JSON.
func mlLog(size int) []byte {
	r := rand.New(rand.NewPCG(2, 2))
	var b bytes.Buffer
	for step := 0; b.Len() < size; step++ {
		fmt.Fprintf(&b, "\rEpoch %d/90:  %2d%%|\x1b[32m%s\x1b[0m%s| %d/5004 [00:%02d<00:%02d, %.2fit/s]", step/100, step%100,
			strings.Repeat("█", step%20), strings.Repeat(" ", 20-step%20), step, r.IntN(60), r.IntN(60), 10*r.Float64())
		if step%10 == 9 {
			fmt.Fprintf(&b, "\n{\"step\": %d, \"loss\": %.6f, \"lr\": %.2e, \"grad_norm\": %.4f, \"gpu_mem\": \"%dMiB\"}\n", step, 2*r.Float64(), 1e-3*r.Float64(), r.Float64(), r.IntN(40000))
		}
	}
	return b.Bytes()
}

// hitLog has a value in every KB.
func hitLog(size int, values []Value) []byte {
	r := rand.New(rand.NewPCG(3, 3))
	log := ciLog(size)
	for i := 0; i+1024 < len(log); i += 1024 {
		copy(log[i:i+1024], values[r.IntN(len(values))].Bytes)
	}
	return log
}

// prefixLog is made of beginnings of values.
func prefixLog(size int, values []Value) []byte {
	r := rand.New(rand.NewPCG(4, 4))
	var b bytes.Buffer
	for b.Len() < size {
		v := values[r.IntN(len(values))].Bytes
		b.Write(v[:len(v)/2+r.IntN(len(v)-len(v)/2-1)])
	}
	return b.Bytes()
}

func binaryLog(size int) []byte {
	r := rand.New(rand.NewPCG(5, 5))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func BenchmarkWriter(b *testing.B) {
	for _, s := range benchSets() {
		b.Run(s.name, func(b *testing.B) {
			m, err := New(append(s.values, Value{"P", []byte(strings.Repeat("a", 2000) + "b")}), s.opts)
			if err != nil {
				b.Fatal(err)
			}
			for _, l := range benchLogs(32<<20, s.values) {
				b.Run(l.name, func(b *testing.B) { benchWrites(b, m, l.text, 64<<10) })
			}
		})
	}
}

func BenchmarkArrivals(b *testing.B) {
	s := benchSets()[1]
	m, err := New(s.values, s.opts)
	if err != nil {
		b.Fatal(err)
	}
	log := ciLog(32 << 20)
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
			var values []Value
			for i, v := range c.values {
				values = append(values, Value{fmt.Sprint("V", i), []byte(v)})
			}
			m, err := New(values, &Options{Encodings: []string{}})
			if err != nil {
				b.Fatal(err)
			}
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
	text := ciLog(32 << 20)
	to := make([]byte, 64<<10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		for i := 0; i < len(text); i += len(to) {
			copy(to, text[i:])
		}
	}
}

func BenchmarkReplacer(b *testing.B) {
	for _, s := range benchSets()[:3] {
		m, err := New(s.values, s.opts)
		if err != nil {
			b.Fatal(err)
		}
		var pairs []string
		for _, w := range m.cur.Load().auto.allWords() {
			if w.kind&wordText != 0 {
				pairs = append(pairs, string(w.bytes), "***")
			}
		}
		r := strings.NewReplacer(pairs...)
		text := ciLog(2 << 20)
		b.Run(s.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				for i := 0; i < len(text); i += 64 << 10 {
					r.WriteString(io.Discard, string(text[i:min(i+64<<10, len(text))]))
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, s := range benchSets() {
		b.Run(s.name, func(b *testing.B) {
			b.ReportAllocs()
			m, _ := New(s.values, s.opts)
			b.Logf("%d words, %d nodes", len(m.cur.Load().auto.allWords()), len(m.cur.Load().auto.label))
			for b.Loop() {
				if _, err := New(s.values, s.opts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMemory reports what values keep (automaton, filter, and all) and take to build: a plain
// token of 40 bytes, a thousand of them, a key of 3 kB, a value of 1 MB, and S4. What a
// Masker of no values keeps is told apart.
func BenchmarkMemory(b *testing.B) {
	tokens := func(n int) (l []Value) {
		r := rand.New(rand.NewPCG(9, 9))
		for i := range n {
			l = append(l, Value{fmt.Sprint("T", i), randomToken(r, 40)})
		}
		return l
	}
	r := rand.New(rand.NewPCG(8, 8))
	empty := memoryOf(b, nil)
	for _, c := range []struct {
		name   string
		values []Value
	}{
		{"token", tokens(1)},
		{"thousand tokens", tokens(1000)},
		{"key of 3 kB", []Value{{"K", append(benchKey(r), benchKey(r)[:1400]...)}}},
		{"1 MB", []Value{{"M", randomToken(r, 1<<20)}}},
		{"S4", benchValues(1000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := New(c.values, nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(memoryOf(b, c.values)-empty)/1024, "KiB")
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
