package fetch

import (
	"fmt"
	"strings"

	"github.com/maskrun/maskrun/internal/nearest"
)

// unknown is the error for a scheme that no store has, with the nearest that one has.
func (r *Resolver) unknown(scheme string) error {
	hint := "known are " + strings.Join(r.Schemes(), ", ")
	if near := nearest.Of(scheme, r.Schemes()); near != "" {
		hint = "did you mean " + near + "://?"
	}
	return StoreWide(fmt.Errorf("unknown scheme: %s", hint))
}
