package nearest_test

import (
	"strings"
	"testing"

	"github.com/maskrun/maskrun/internal/nearest"
)

func TestOf(t *testing.T) {
	words := []string{"run", "mask", "get", "version", "plan"}
	for word, want := range map[string]string{"rnu": "run", "maks": "mask", "verison": "version", "RUN": "run", "x": "", "deploy": "", "": "", strings.Repeat("run", 99): ""} {
		if got := nearest.Of(word, words); got != want {
			t.Errorf("Of(%q) = %q, want %q", word, got, want)
		}
	}
}
