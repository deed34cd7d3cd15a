package fetch

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// FAULTS 92: a file that grows, or says that it is empty as those of /proc do, is bounded too.
func TestReadBounded(t *testing.T) {
	for _, c := range []struct {
		why  string
		r    io.Reader
		size int
		fail bool
	}{
		{"all of it", strings.NewReader(strings.Repeat("x", MaxDocument)), MaxDocument, false},
		{"one too many", strings.NewReader(strings.Repeat("x", MaxDocument+1)), 0, true},
		{"a byte at a time", iotest.OneByteReader(strings.NewReader("abc")), 3, false},
		{"failing half way", io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(errors.New("disk"))), 0, true},
	} {
		t.Run(c.why, func(t *testing.T) {
			b, err := readBounded(c.r)
			if len(b) != c.size || (err != nil) != c.fail || c.fail && !errors.Is(err, ErrDenied) {
				t.Errorf("got %d bytes, error %v", len(b), err)
			}
		})
	}
}

// FAULTS 92: the name is refused before the file system sees it.
func TestReadFileNeedsAPlace(t *testing.T) {
	for _, path := range []string{"", "a\x00b", "x", "../x", "~/x"} {
		if _, err := (Env{}).ReadFile(path); !errors.Is(err, ErrDenied) {
			t.Errorf("%q: got %v", path, err)
		}
	}
}
