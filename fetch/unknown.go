package fetch

import (
	"fmt"
	"strings"

	"github.com/maskrun/maskrun/internal/nearest"
)

// Unknown is the error for a name that is none of the known: what is "key" or
// "parameter". It says which was probably meant, or else which there are.
func Unknown(what, name string, known []string) error {
	if near := nearest.Of(name, known); near != "" {
		return fmt.Errorf("unknown %s %q: did you mean %q?", what, name, near)
	}
	if len(known) == 0 {
		return fmt.Errorf("unknown %s %q: there is none", what, name)
	}
	return fmt.Errorf("unknown %s %q: known are %s", what, name, strings.Join(known, ", "))
}
