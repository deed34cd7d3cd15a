package masker

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// One byte at a time, with any pause between them: nothing of a value appears before
// its end, however much of it has come. Time is not an input. FAULTS 9
func TestSlowLoris(t *testing.T) {
	const value = "Kestrel-77-vermilion-and-a-tail-to-make-it-sixty-four-bytes-long"
	m := newMasker(t, nil, value)
	var out bytes.Buffer
	w := m.NewWriter(&out)
	for i, b := range []byte(value) {
		if out.Len() > 0 {
			t.Fatalf("after %d bytes %q is out", i, out.Bytes())
		}
		if _, err := w.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil || out.String() != "***" {
		t.Errorf("%q, %v", out.Bytes(), err)
	}
}

// Ten thousand values, each of them twice, and one of 1 MB: all are hidden. FAULTS 13
func TestManyAndLargeValues(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing of it is concurrent")
	}
	r := rand.New(rand.NewPCG(13, 13))
	letters := make([]byte, 1<<20)
	for i := range letters {
		letters[i] = 'a' + byte(r.IntN(26))
	}
	large := string(letters)
	var values []Value
	for i := range 20000 {
		values = append(values, Value{Name: "V", Bytes: fmt.Appendf(nil, "value-%05d-of-many", i%10000)})
	}
	values = append(values, Value{Name: "LARGE", Bytes: []byte(large)})
	m, err := New(values, &Options{Encodings: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{"value-00000-of-many", "value-09999-of-many", "value-04711-of-many value-04712-of-many", large} {
		if got := string(m.Mask([]byte("<" + in + ">"))); strings.Contains(got, "of-many") || len(got) > 20 || !strings.HasPrefix(got, "<***") {
			t.Errorf("%.60s: %.60q", in, got)
		}
	}
	if got := string(m.Mask([]byte("value-10000-of-many"))); got != "value-10000-of-many" {
		t.Errorf("%q", got)
	}
}
