package masker

import (
	"io"
	"testing"

	"github.com/maskrun/maskrun/internal/benchdata"
)

// In the steady state a Write allocates nothing, whatever its size.
func TestWriteAllocatesNothing(t *testing.T) {
	m := newMasker(t, nil, "Kestrel-77-vermilion", "first-line-1\nsecond-line-2", "pass")
	for _, log := range benchdata.Logs(256<<10, benchdata.Sets()[0])[:3] { // those without hits
		for _, size := range []int{16, 80, 4 << 10, 64 << 10} {
			w := m.NewWriter(io.Discard)
			at := 0
			write := func() {
				if at+size > len(log.Text) {
					at = 0
				}
				w.Write(log.Text[at : at+size])
				at += size
			}
			for range 100 {
				write() // let the buffers grow
			}
			if n := testing.AllocsPerRun(100, write); n != 0 {
				t.Errorf("%s: %v allocations a write of %d bytes", log.Name, n, size)
			}
		}
	}
}
