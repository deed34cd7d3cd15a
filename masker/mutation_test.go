package masker

import (
	"slices"
	"testing"
)

// Every row of the table is needed: without it some vector of a foreign tool
// comes out with its value in it, which TestVectors would report. A row that is
// never dropped may be covered by an optional one (hex by hex in groups, whose
// blanks V2 leaves out): then it must be needed where the optional ones are not.
func TestEveryRowIsNeeded(t *testing.T) {
	if testing.Short() {
		t.Skip("nothing of it is concurrent")
	}
	table := encodings
	t.Cleanup(func() { encodings = table })
	common := slices.DeleteFunc(slices.Clone(table), func(r encoding) bool { return r.rank > 0 })
	values, vectors := readVectors(t)
	values = slices.DeleteFunc(values, func(v vectorValue) bool { return len(v.bytes()) > 200 })
	for _, r := range table {
		vector := leakWithout(t, r, table, values, vectors)
		if vector == "" && r.rank == 0 {
			vector = leakWithout(t, r, common, values, vectors)
		}
		if vector == "" {
			t.Errorf("without row %q (%s) no vector shows its value: it is not needed, or lacks a vector", r.name, r.file)
		}
		t.Logf("without %q: %s", r.name, vector)
	}
}

// leakWithout looks for a vector that shows its value when the row without is
// missing from rows, and does not when it is there.
func leakWithout(t *testing.T, without encoding, rows []encoding, values []vectorValue, vectors map[string][]vector) string {
	for _, v := range values {
		encodings = slices.DeleteFunc(slices.Clone(rows), func(r encoding) bool { return r.name == without.name })
		broken := newMasker(t, nil, string(v.bytes()))
		encodings = rows
		sound := newMasker(t, nil, string(v.bytes()))
		for _, c := range vectors[v.Name] {
			for k := range c.In {
				if c.leaks(v, k, broken) && !c.leaks(v, k, sound) {
					return c.String()
				}
			}
		}
	}
	return ""
}

func (v vector) leaks(value vectorValue, k int, m *Masker) bool {
	return v.leak(value.bytes(), k, m.Mask(v.In[k]), m.cur.Load().marker) != ""
}
