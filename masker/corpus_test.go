package masker

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A logMaker writes ordinary logs without end: blocks of lines of the samples in
// testdata/corpus, in which each digit and each letter of a hash is another one.
// One seed makes one log.
type logMaker struct {
	rng     *rand.Rand
	samples [][][]byte // lines of each
}

func newLogMaker(t testing.TB, seed uint64) *logMaker {
	t.Helper()
	files, err := filepath.Glob("../testdata/corpus/*.log")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d samples: %v", len(files), err)
	}
	m := &logMaker{rng: rand.New(rand.NewPCG(seed, 77))}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m.samples = append(m.samples, bytes.SplitAfter(data, []byte("\n")))
	}
	return m
}

// block appends some lines of one sample.
func (m *logMaker) block(out []byte) []byte {
	lines := m.samples[m.rng.IntN(len(m.samples))]
	from := m.rng.IntN(len(lines))
	for _, line := range lines[from:min(len(lines), from+1+m.rng.IntN(12))] {
		out = m.vary(out, line)
	}
	return out
}

// vary appends line with other digits, and other letters in what looks like a
// hash, an identifier or base64: runs of 16 and more letters and digits, both in it.
// Control sequences stay.
func (m *logMaker) vary(out, line []byte) []byte {
	for i := 0; i < len(line); {
		n := 0
		for i+n < len(line) && isWord(line[i+n]) && line[i+n] != '_' {
			n++
		}
		word := line[i : i+max(n, 1)]
		hash := n >= 16 && bytes.ContainsAny(word, "0123456789")
		escaped := i > 0 && strings.IndexByte("[;\\%", line[i-1]) >= 0
		for _, b := range word {
			switch {
			case b >= '0' && b <= '9' && !escaped:
				b = byte('0' + m.rng.IntN(10))
			case hash && b >= 'a' && b <= 'f':
				b = byte('a' + m.rng.IntN(6))
			case hash && b >= 'g' && b <= 'z':
				b = byte('g' + m.rng.IntN(20))
			case hash && b >= 'A' && b <= 'Z':
				b = byte('A' + m.rng.IntN(26))
			}
			out = append(out, b)
		}
		i += len(word)
	}
	return out
}

// corpusValues are 200 values of every shape that occurs: tokens of 4 to 64
// characters, hexadecimal digits, UUIDs, base64, pass phrases, URLs, JSON, keys of
// several lines. None is in the samples.
func corpusValues() (l []Value) {
	rng := rand.New(rand.NewPCG(20, 26))
	from := func(alphabet string, n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = alphabet[rng.IntN(len(alphabet))]
		}
		return string(b)
	}
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	random := func(n int) []byte { return []byte(from(alnum, n)) }
	words := strings.Fields("kestrel vermilion copper lantern gravel orbit juniper quartz harbour meadow")
	shapes := []func(i int) string{
		func(i int) string { return from(alnum, []int{8, 12, 16, 20, 32, 40, 64}[i%7]) },
		func(i int) string { return "ghp_" + from(alnum, 36) },
		func(i int) string { return from("0123456789abcdef", 16+8*(i%7)) },
		func(i int) string {
			return fmt.Sprintf("%x-%x-4%x-a%x-%x", random(4), random(2), random(2)[:1], random(1), random(6))
		},
		func(i int) string { return base64.StdEncoding.EncodeToString(random(15 + i%20)) },
		func(i int) string {
			return fmt.Sprintf("%s-%s-%d-%s", words[rng.IntN(10)], words[rng.IntN(10)], rng.IntN(1000), words[rng.IntN(10)])
		},
		func(i int) string {
			return fmt.Sprintf("postgres://app:%s@db-%s.internal/prod", from(alnum, 18), from(alnum, 5))
		},
		func(i int) string {
			return fmt.Sprintf(`{"token":"%s","user":"%s","url":"https://example.com/"}`, from(alnum, 30), from(alnum, 9))
		},
		func(i int) string { return from(alnum+"!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", 12+i%30) },
		func(i int) string {
			return from("ABCDEFGHJKLMNPQRSTUVWXYZ", 2) + from(alnum, 1+i%4) + from("abcdefghijkmnopqrstuvwxyz", 1) + from(alnum, 3)[:i%2]
		},
		func(i int) string {
			key := base64.StdEncoding.EncodeToString(random(400))
			return "-----BEGIN PRIVATE KEY-----\n" + fold(key, 64, "\n") + "\n-----END PRIVATE KEY-----\n"
		},
	}
	for i := range 200 {
		shape := shapes[i%(len(shapes)-1)]
		if i%40 == 39 {
			shape = shapes[len(shapes)-1]
		}
		l = append(l, Value{fmt.Sprint("V", i), []byte(shape(i / 10))})
	}
	return l
}

// Ordinary logs pass as they are: no over-masking. Some 4 MB, or 64 MB with
// MASKRUN_EXHAUSTIVE=full.
func TestOrdinaryLogsExhaustive(t *testing.T) {
	size := 4 << 20
	if full() {
		size = 64 << 20
	}
	m, err := New(corpusValues(), nil)
	if err != nil {
		t.Fatal(err)
	}
	check := &equalWriter{t: t}
	w := m.NewWriter(check)
	logs := newLogMaker(t, 1)
	written := 0
	for written < size {
		block := logs.block(nil)
		check.want = append(check.want, block...)
		for rest := block; len(rest) > 0; {
			n := min(len(rest), 1+logs.rng.IntN(4096))
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		written += len(block)
	}
	if err := w.Close(); err != nil || len(check.want) > 0 {
		t.Fatalf("%d bytes are missing: %v", len(check.want), err)
	}
	t.Logf("%d bytes, %d values", written, len(corpusValues()))
}

// An equalWriter wants what is written to be what it is told to want.
type equalWriter struct {
	t    *testing.T
	want []byte
	done int
}

func (w *equalWriter) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(w.want, p) {
		n := 0
		for n < min(len(p), len(w.want)) && p[n] == w.want[n] {
			n++
		}
		w.t.Errorf("byte %d: got %q, want %q", w.done+n, head(p[max(0, n-40):]), head(w.want[max(0, n-40):]))
		return 0, io.ErrShortWrite
	}
	w.want = append(w.want[:0:0], w.want[len(p):]...)
	w.done += len(p)
	return len(p), nil
}

// The generator is worth its name: the same seed makes the same log, and a value
// put into it is hidden.
func TestOrdinaryLogsNotice(t *testing.T) {
	a, b := newLogMaker(t, 3), newLogMaker(t, 3)
	log := a.block(nil)
	if !bytes.Equal(log, b.block(nil)) {
		t.Error("one seed makes two logs")
	}
	values := corpusValues()
	m, err := New(values, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		in := append(append(bytes.Clone(log), "\n("+string(v.Bytes)+")\n"...), log...)
		if bytes.Contains(m.Mask(in), v.Bytes) {
			t.Errorf("%s is not hidden", v.Name)
		}
	}
	if len(values) != 200 {
		t.Errorf("%d values", len(values))
	}
}
