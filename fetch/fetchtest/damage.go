package fetchtest

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Damage has open read good and then copies of it that were changed in one place
// each: cut, a byte turned over, taken out, put in, a piece doubled. Good must give
// a document with Canary; a changed one an error that shows nothing of it, or, where
// the change does no harm (a blank, a header), the same document. For a format
// that has no checksum, say so: then a changed file may also give another document.
// FAULTS 96, 97, 99.
func Damage(t *testing.T, good []byte, noChecksum bool, open func(sealed []byte) ([]byte, error)) {
	t.Helper()
	want, err := open(good)
	if err != nil || !bytes.Contains(want, []byte(Canary)) {
		t.Fatalf("the undamaged file: %d bytes, error %v", len(want), err)
	}
	random := rand.New(rand.NewPCG(1, uint64(len(good)))) // the same changes in every run
	refused := 0
	for range damages {
		bad := damaged(good, random)
		got, err := open(bad)
		checkError(t, err)
		switch {
		case err != nil:
			refused++
		case !noChecksum && !bytes.Equal(got, want):
			t.Fatalf("a damaged file gave another document, and no error: %q", bad)
		}
	}
	if refused < damages/4 {
		t.Errorf("only %d of %d damaged files were refused", refused, damages)
	}
}

// damages is how many copies are tried: every file must stay a matter of a second.
const damages = 200

func damaged(good []byte, random *rand.Rand) []byte {
	bad := bytes.Clone(good)
	at := random.IntN(len(bad))
	switch random.IntN(5) {
	case 0:
		return bad[:at]
	case 1:
		bad[at] ^= 1 << random.IntN(8)
		return bad
	case 2:
		return append(bad[:at], bad[at+1:]...)
	case 3:
		return append(bad[:at], append([]byte{byte(random.IntN(256))}, good[at:]...)...)
	}
	return append(bad[:at], good[random.IntN(at+1):]...)
}
