//go:build !unix

package fetchtest

import "errors"

func makePipe(string) error { return errors.New("no pipes in the file system") }
