package masker

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const vectorsDir = "../testdata/vectors/"

// vectorBytes is a string of a vectors file: text, or U+0000 and base64.
type vectorBytes []byte

func (b *vectorBytes) UnmarshalJSON(j []byte) error {
	var s string
	if err := json.Unmarshal(j, &s); err != nil {
		return err
	}
	if s, ok := strings.CutPrefix(s, "\x00"); ok {
		var err error
		*b, err = base64.StdEncoding.DecodeString(s)
		return err
	}
	*b = []byte(s)
	return nil
}

// A vectorLine is a line of a vectors file: the head of a form or a vector.
// testdata/vectors/vectors.py says what the fields mean.
type vectorLine struct {
	Tool, Version, Form, Decode string
	Align                       int
	Value                       string
	In                          []vectorBytes
	Alone                       []json.RawMessage
	Rest                        []int
}

// A vector is what one tool put out for one value in three texts.
type vector struct {
	vectorLine
	head  *vectorLine
	alone [][]byte // what must not be seen
}

func (v vector) String() string { return fmt.Sprintf("%s, %s, %s", v.head.Tool, v.head.Form, v.Value) }

type vectorValue struct {
	Name, Why, Text string
	Base64          []byte
}

func (v vectorValue) bytes() []byte {
	if v.Base64 != nil {
		return v.Base64
	}
	return []byte(v.Text)
}

// jsonLines calls f with each line of a file of JSON Lines.
func jsonLines[T any](t testing.TB, file string, f func(T)) {
	t.Helper()
	data, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	lines := bufio.NewScanner(data)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var l T
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		f(l)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
}

// readVectors returns the values and, by value, the vectors of all tools.
func readVectors(t testing.TB) (values []vectorValue, vectors map[string][]vector) {
	t.Helper()
	jsonLines(t, vectorsDir+"values.jsonl", func(v vectorValue) { values = append(values, v) })
	files, err := filepath.Glob(vectorsDir + "*.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	vectors = map[string][]vector{}
	for _, file := range files {
		if filepath.Base(file) == "values.jsonl" {
			continue
		}
		var head *vectorLine
		jsonLines(t, file, func(l vectorLine) {
			if l.Form != "" {
				head = &l
				return
			}
			vectors[l.Value] = append(vectors[l.Value], vector{l, head, l.readAlone(t)})
		})
	}
	return values, vectors
}

func (l vectorLine) readAlone(t testing.TB) (alone [][]byte) {
	for _, j := range l.Alone {
		var place [2]int
		var b vectorBytes
		if json.Unmarshal(j, &place) == nil {
			b = l.In[0][place[0]:place[1]]
		} else if err := json.Unmarshal(j, &b); err != nil {
			t.Fatal(err)
		}
		alone = append(alone, b)
	}
	return alone
}

// The tools' own encodings, each of a value in three texts, come out without it:
// whole, byte by byte and cut at random. FAULTS 16, 17.
func TestVectors(t *testing.T) {
	values, vectors := readVectors(t)
	count := 0
	for i, v := range values {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			m := newMasker(t, nil, string(v.bytes()))
			rng := rand.New(rand.NewPCG(uint64(i), 1))
			for _, c := range vectors[v.Name] {
				for k := range c.In {
					out := c.stream(t, m, k, rng)
					if leak := c.leak(v.bytes(), k, out, m.cur.Load().marker); leak != "" {
						t.Errorf("%s, text %d: %s:\n in %q\nout %q", c, k, leak, head(c.In[k]), head(out))
					}
				}
			}
		})
		count += len(vectors[v.Name])
	}
	if len(values) < 40 || count < 5000 {
		t.Errorf("%d values, %d vectors", len(values), count)
	}
	t.Logf("%d values, %d vectors, %d streams", len(values), count, 3*3*count)
}

func head(b []byte) []byte { return b[:min(len(b), 400)] }

// stream returns output k as it comes out, after checking that cuts do not matter.
func (v vector) stream(t *testing.T, m *Masker, k int, rng *rand.Rand) []byte {
	t.Helper()
	in := v.In[k]
	whole := m.Mask(in)
	for _, longest := range []int{1, 40} {
		var out bytes.Buffer
		w := m.NewWriter(&out)
		for rest := []byte(in); len(rest) > 0; {
			n := min(len(rest), 1+rng.IntN(longest))
			w.Write(rest[:n])
			rest = rest[n:]
		}
		w.Close()
		if !bytes.Equal(out.Bytes(), whole) {
			t.Fatalf("%s, text %d: cut to at most %d bytes: got %q, whole %q", v, k, longest, head(out.Bytes()), head(whole))
		}
	}
	return whole
}

// around is text that the vectors have around values, and some values too.
const around = "mysql://app:@db.example.com:3306/x?a=1"

// leak says what of value is in out, the tool's output k after masking: nothing
// may be that the tool makes of the value alone; nothing that decodes to a
// telling piece of it; and not more than the tool makes of the text around it,
// but for the bytes of the value that every key has.
func (v vector) leak(value []byte, k int, out, marker []byte) string {
	bare := withoutSpace(bytes.Clone(out))
	for _, a := range v.alone {
		if a = withoutSpace(bytes.Clone(a)); len(a) >= longLength && bytes.Contains(bare, a) {
			return fmt.Sprintf("%q is in it", head(a))
		}
	}
	seen := [][]byte{out}
	for _, piece := range bytes.Split(out, marker) {
		seen = append(seen, decodings(v.head.Decode, piece)...)
	}
	for _, s := range seen {
		for _, p := range tellingPieces(value) {
			if bytes.Contains(s, p) && !strings.Contains(around, string(p)) {
				return fmt.Sprintf("it shows %q", p)
			}
		}
	}
	shown := len(bytes.ReplaceAll(out, marker, nil))
	if max := v.Rest[k] + slackOf(value, bytes.Count(out, marker)); shown > max {
		return fmt.Sprintf("%d bytes are left, of other text there are %d", shown, max)
	}
	return ""
}

// slackOf is how much more than the text around it may be left: a character of
// base64 on either side of each hidden run, other quotes, blanks around the value;
// and, where lines are hidden one by one, what is not worth hiding: armour and
// short lines, several times longer when encoded.
func slackOf(value []byte, runs int) int {
	n := 8 + 4*(len(value)-len(bytes.TrimFunc(value, isSpaceRune)))
	if bytes.ContainsAny(value, "'\"") {
		n += 6 * len("&quot;") // the text around it may stand in other quotes than alone
	}
	if runs > 1 {
		for _, line := range bytes.Split(value, []byte("\n")) {
			if line = bytes.TrimFunc(line, isSpaceRune); !telling(line) {
				n += 6 * len(line)
			}
			n += 12
		}
	}
	return n
}

// tellingPieces returns all pieces of 12 bytes of the lines of value that are
// worth hiding.
func tellingPieces(value []byte) (l [][]byte) {
	for _, line := range bytes.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = bytes.TrimFunc(line, isSpaceRune); !telling(line) {
			continue
		}
		for i := range len(line) - 11 {
			l = append(l, line[i:i+12])
		}
	}
	return l
}

// The alphabets of the encodings that pack bits, by the names in the vectors.
var alphabets = map[string]string{
	"base64":    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"base64url": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	"base32":    "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
	"hex":       "0123456789abcdef",
}

// decodings returns what a piece of an output may stand for, at every alignment.
// how names one encoding, or the outer and the inner one.
func decodings(how string, piece []byte) (l [][]byte) {
	how, inner, twice := strings.Cut(how, " ")
	switch how {
	case "":
		return nil
	case "percent":
		return [][]byte{unpercent(piece)}
	case "hex":
		piece = bytes.ToLower(piece)
	}
	for _, b := range unpack(piece, alphabets[how]) {
		if l = append(l, b); twice {
			l = append(l, decodings(inner, b)...)
		}
	}
	return l
}

// unpack decodes the bits of text beginning at each of its first 8 characters;
// bytes outside the alphabet are left out.
func unpack(text []byte, alphabet string) (l [][]byte) {
	size := map[int]int{16: 4, 32: 5, 64: 6}[len(alphabet)]
	var digits []int
	for _, b := range text {
		if d := strings.IndexByte(alphabet, b); d >= 0 {
			digits = append(digits, d)
		}
	}
	for first := range min(8, len(digits)) {
		var out []byte
		acc, bits := 0, 0
		for _, d := range digits[first:] {
			acc, bits = acc<<size|d, bits+size
			if bits >= 8 {
				bits -= 8
				out = append(out, byte(acc>>bits))
				acc &= 1<<bits - 1
			}
		}
		l = append(l, out)
	}
	return l
}

func unpercent(b []byte) (out []byte) {
	for len(b) > 0 {
		var c byte
		if n, _ := fmt.Sscanf(string(b[:min(3, len(b))]), "%%%02x", &c); n == 1 && len(b) >= 3 {
			out, b = append(out, c), b[3:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}
