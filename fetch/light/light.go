// Package light lists the stores that live in maskrun itself: local ones, and
// those whose client costs next to nothing at start-up.
package light

import (
	"slices"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/age"
	"github.com/maskrun/maskrun/fetch/ansiblevault"
	"github.com/maskrun/maskrun/fetch/doppler"
	"github.com/maskrun/maskrun/fetch/env"
	"github.com/maskrun/maskrun/fetch/exec"
	"github.com/maskrun/maskrun/fetch/file"
	"github.com/maskrun/maskrun/fetch/infisical"
	"github.com/maskrun/maskrun/fetch/keyring"
	"github.com/maskrun/maskrun/fetch/mounted"
	"github.com/maskrun/maskrun/fetch/onepassword"
	"github.com/maskrun/maskrun/fetch/openssl"
)

// Kinds returns the table, in the order of the documentation. To add a store,
// add a line.
func Kinds() []fetch.Kind {
	return slices.Concat(
		[]fetch.Kind{env.Kind()},
		file.Kinds(),
		mounted.Kinds(),
		[]fetch.Kind{age.Kind(), ansiblevault.Kind(), openssl.Kind(), onepassword.Kind(), doppler.Kind(), infisical.Kind(), keyring.Kind(), exec.Kind()},
	)
}
