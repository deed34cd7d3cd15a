package benchdata

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A Log is a text to search in.
type Log struct {
	Name string
	Text []byte
}

// Logs returns the texts, of size bytes each:
//
//	ci           a build: timestamps, colours on one line in four
//	ml           training: bars redrawn with CR, colours, records in JSON
//	fields       a server's logger that colours each field: ten sequences a line
//	hit          ci with a needle in every KB
//	adversarial  nothing but long beginnings of needles
//	periodic     a…a, for the needle a…ab of [Periodic]
//	escapes      control sequences between letters, without end
//	binary       random bytes
func Logs(size int, s Set) []Log {
	return []Log{
		{"ci", ci(size)},
		{"ml", ml(size)},
		{"fields", fields(size)},
		{"hit", hits(size, s.Needles)},
		{"adversarial", prefixes(size, s.Needles)},
		{"periodic", bytes.Repeat([]byte("a"), size)},
		{"escapes", bytes.Repeat([]byte("\x1b[mA\x1b[1mb"), size/9+1)[:size]},
		{"binary", random(rand.New(rand.NewPCG(5, 5)), size)},
	}
}

// CI is the text ci of [Logs].
func CI(size int) []byte { return ci(size) }

var words = strings.Fields(`INFO building module github.com/example/service ok compiled
	warning: unused variable step pull cache hit sha256:4b825dc642cb6eb9a060 in 3.2s
	Downloading https://repo.example/artifact-1.2.3.jar (12 kB) test_login PASSED [ 42%]`)

func ci(size int) []byte {
	r := rand.New(rand.NewPCG(1, 1))
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "2026-11-23T10:%02d:%02d.%07dZ ", r.IntN(60), r.IntN(60), r.IntN(1e7))
		coloured := r.IntN(4) == 0
		if coloured {
			b.WriteString("\x1b[32m")
		}
		for range 4 + r.IntN(6) {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		if coloured {
			b.WriteString("\x1b[0m")
		}
		b.WriteByte('\n')
	}
	return b.Bytes()[:size]
}

func ml(size int) []byte {
	r := rand.New(rand.NewPCG(2, 2))
	var b bytes.Buffer
	for step := 0; b.Len() < size; step++ {
		done := step % 20
		fmt.Fprintf(&b, "\rEpoch %d/90:  %2d%%|\x1b[32m%s\x1b[0m%s| %d/5004 [00:%02d<00:%02d, %.2fit/s]",
			step/100, 5*done, strings.Repeat("█", done), strings.Repeat(" ", 20-done),
			step, r.IntN(60), r.IntN(60), 10*r.Float64())
		if step%10 == 9 {
			fmt.Fprintf(&b, "\n{\"step\": %d, \"loss\": %.6f, \"lr\": %.2e, \"grad_norm\": %.4f, \"gpu_mem\": \"%dMiB\"}\n",
				step, 2*r.Float64(), 1e-3*r.Float64(), r.Float64(), r.IntN(40000))
		}
	}
	return b.Bytes()[:size]
}

func fields(size int) []byte {
	r := rand.New(rand.NewPCG(6, 6))
	levels := []string{"\x1b[34mINFO", "\x1b[33mWARN", "\x1b[36mDEBUG"}
	var b bytes.Buffer
	for b.Len() < size {
		fmt.Fprintf(&b, "\x1b[90m2026-11-23T10:%02d:%02d.%03dZ\x1b[0m %s\x1b[0m server: handled \x1b[36mmethod=\x1b[0mGET \x1b[36mpath=\x1b[0m/api/v1/items/%d \x1b[36mstatus=\x1b[0m200\n",
			r.IntN(60), r.IntN(60), r.IntN(1000), levels[r.IntN(len(levels))], r.IntN(100000))
	}
	return b.Bytes()[:size]
}

func hits(size int, needles [][]byte) []byte {
	r := rand.New(rand.NewPCG(3, 3))
	log := ci(size)
	for i := 0; i+1024 < len(log); i += 1024 {
		copy(log[i:i+1024], needles[r.IntN(len(needles))])
	}
	return log
}

// prefixes takes between a half and all but one byte of a needle, over and over.
func prefixes(size int, needles [][]byte) []byte {
	r := rand.New(rand.NewPCG(4, 4))
	var b bytes.Buffer
	for b.Len() < size {
		n := needles[r.IntN(len(needles))]
		b.Write(n[:len(n)/2+r.IntN(len(n)-len(n)/2)])
	}
	return b.Bytes()[:size]
}
