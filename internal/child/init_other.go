//go:build !linux

package child

import "errors"

// Init is for process 1 of a container, of which there is none here.
func Init(i InitSpec) (Status, error) {
	return failed(startError(Spec{Argv: i.Argv}, codeOwn, errors.ErrUnsupported))
}
