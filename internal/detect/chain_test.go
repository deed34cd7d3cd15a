package detect_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/internal/detect"
	"github.com/maskrun/maskrun/masker"
)

// token is invented: 64 hexadecimal digits behind the prefix of DigitalOcean.
func token(rng *rand.Rand) string {
	return fmt.Sprintf("do"+"p_v1_%016x%016x%016x%016x", rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64())
}

// The chain of a run: child, masker, detect, log. What the masker hid is left
// alone, whatever the cuts, and a registered value inside a token is no way out.
func TestBehindTheMasker(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	secret, found := "hunter2hunter2", token(rng)
	mixed := token(rng)
	m, err := masker.New([]masker.Value{{Name: "A", Bytes: []byte(secret)}, {Name: "B", Bytes: []byte(mixed[20:40])}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d, err := detect.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	in := "a " + secret + " b " + found + " c https://u:" + secret + "@h/ " + secret + found + "\n"
	want := "a *** b *** c https://u:***@h/ ***" + "***" + "\n"
	for _, size := range []int{1, 3, 16, len(in)} {
		var out bytes.Buffer
		behind := d.NewWriter(&out)
		w := m.NewWriter(behind)
		for rest := in; rest != ""; {
			n := min(size, len(rest))
			io.WriteString(w, rest[:n]) //nolint:errcheck // a bytes.Buffer does not fail
			rest = rest[n:]
		}
		w.Close()
		behind.Close()
		if out.String() != want {
			t.Errorf("cut by %d\n got %q\nwant %q", size, out.String(), want)
		}
	}
}

func ExampleDetector_NewWriter() {
	d, err := detect.New(&detect.Options{OnHit: func(h detect.Hit) {
		fmt.Printf("%s on line %d\n", h.Rule, h.Line)
	}})
	if err != nil {
		panic(err)
	}
	var log strings.Builder
	w := d.NewWriter(&log)
	fmt.Fprintf(w, "first\nthe token is %s.\n", token(rand.New(rand.NewPCG(1, 1))))
	w.Close()
	fmt.Print(log.String())
	// Output:
	// digitalocean on line 2
	// first
	// the token is ***.
}
