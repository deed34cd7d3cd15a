package masker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// A redactionCase is a line of testdata/conformance/cases.jsonl; its README
// says what the fields mean.
type redactionCase struct {
	ID                    string
	Secrets               []string
	SecretsB64            [][]byte `json:"secrets_b64"`
	Chunks                []string
	ChunksB64             [][]byte  `json:"chunks_b64"`
	SplitAll              bool      `json:"split_all"`
	MustNotContain        []string  `json:"must_not_contain"`
	MustNotContainB64     [][]byte  `json:"must_not_contain_b64"`
	MustNotContainVisible []string  `json:"must_not_contain_visible"`
	MustContain           []string  `json:"must_contain"`
	MustContainB64        [][]byte  `json:"must_contain_b64"`
	MustNotCreate         []string  `json:"must_not_create"`
	OutputEqualsInput     bool      `json:"output_equals_input"`
	EmittedAfter          []emitted `json:"emitted_after"`
	AddSecrets            []added   `json:"add_secrets"`
	MustNotContainAfter   []after   `json:"must_not_contain_after"`
}

type emitted struct {
	AfterChunk  int      `json:"after_chunk"`
	MustContain []string `json:"must_contain"`
}

type added struct {
	BeforeChunk int `json:"before_chunk"`
	Secrets     []string
}

type after struct {
	FromChunk int `json:"from_chunk"`
	Strings   []string
}

func TestConformance(t *testing.T) {
	f, err := os.Open("../testdata/conformance/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<24)
	count := 0
	for ; lines.Scan(); count++ {
		var c redactionCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.ID, c.run)
	}
	if lines.Err() != nil || count == 0 {
		t.Fatalf("%d cases read: %v", count, lines.Err())
	}
}

func (c redactionCase) run(t *testing.T) {
	chunks := c.ChunksB64
	for _, s := range c.Chunks {
		chunks = append(chunks, []byte(s))
	}
	whole := c.stream(t, chunks)
	c.judge(t, bytes.Join(chunks, nil), whole)
	if !c.SplitAll {
		return
	}
	in := bytes.Join(chunks, nil)
	for cut := range len(in) + 1 {
		if out := c.stream(t, [][]byte{in[:cut], in[cut:]}); !bytes.Equal(out, whole) {
			t.Fatalf("cut at %d: got %q, want %q", cut, out, whole)
		}
	}
	if out := c.stream(t, bytes.SplitAfter(in, nil)); !bytes.Equal(out, whole) {
		t.Fatalf("byte by byte: got %q, want %q", out, whole)
	}
}

func (c redactionCase) values() []Value {
	var l []Value
	for _, b := range c.SecretsB64 {
		l = append(l, Value{"V", b})
	}
	return append(l, asValues(c.Secrets)...)
}

func asValues(secrets []string) (l []Value) {
	for _, s := range secrets {
		l = append(l, Value{"V", []byte(s)})
	}
	return l
}

// stream writes chunks, adding values and looking at the output between them as
// the case says, and returns the output.
func (c redactionCase) stream(t *testing.T, chunks [][]byte) []byte {
	t.Helper()
	m, err := New(c.values(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := m.NewWriter(&out)
	before := make([]int, len(chunks))
	for i, chunk := range chunks {
		for _, a := range c.AddSecrets {
			if a.BeforeChunk == i {
				if err := m.Add(asValues(a.Secrets)...); err != nil {
					t.Fatal(err)
				}
			}
		}
		before[i] = out.Len()
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
		for _, e := range c.EmittedAfter {
			for _, s := range e.MustContain {
				if e.AfterChunk == i && !bytes.Contains(out.Bytes(), []byte(s)) {
					t.Errorf("after chunk %d %q is not out: %q", i, s, out.Bytes())
				}
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, a := range c.MustNotContainAfter {
		for _, s := range a.Strings {
			if bytes.Contains(out.Bytes()[before[a.FromChunk]:], []byte(s)) {
				t.Errorf("%q is out after chunk %d", s, a.FromChunk)
			}
		}
	}
	return out.Bytes()
}

func (c redactionCase) judge(t *testing.T, in, out []byte) {
	t.Helper()
	if c.OutputEqualsInput && !bytes.Equal(in, out) {
		t.Errorf("output differs from input: %q", out)
	}
	for _, s := range append(c.MustNotContainB64, asBytes(c.MustNotContain)...) {
		if bytes.Contains(out, s) {
			t.Errorf("output has %q: %q", s, out)
		}
	}
	for _, s := range append(c.MustContainB64, asBytes(c.MustContain)...) {
		if !bytes.Contains(out, s) {
			t.Errorf("output lacks %q: %q", s, out)
		}
	}
	for _, s := range c.MustNotCreate {
		if bytes.Contains(out, []byte(s)) && !bytes.Contains(in, []byte(s)) {
			t.Errorf("output creates %q: %q", s, out)
		}
	}
	var visible []byte
	for _, g := range visibleView(out) {
		visible = append(visible, g.b)
	}
	for _, s := range c.MustNotContainVisible {
		if bytes.Contains(visible, []byte(s)) {
			t.Errorf("visible output has %q", s)
		}
	}
}

func asBytes(l []string) (out [][]byte) {
	for _, s := range l {
		out = append(out, []byte(s))
	}
	return out
}
