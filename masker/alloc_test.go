package masker

import (
	"io"
	"testing"

	"github.com/maskrun/maskrun/internal/benchdata"
)

// In the steady state a Write allocates nothing, whatever its size.
func TestWriteAllocatesNothing(t *testing.T) {
	m := newMasker(t, nil, "Kestrel-77-vermilion", "first-line-1\nsecond-line-2", "pass")
	text := benchdata.CI(256 << 10)
	for _, size := range []int{16, 80, 4 << 10, 64 << 10} {
		w := m.NewWriter(io.Discard)
		at := 0
		write := func() {
			if at+size > len(text) {
				at = 0
			}
			w.Write(text[at : at+size])
			at += size
		}
		for range 100 {
			write() // let the buffers grow
		}
		if n := testing.AllocsPerRun(100, write); n != 0 {
			t.Errorf("%v allocations a write of %d bytes", n, size)
		}
	}
}
