//go:build !unix

package coredump

import "errors"

type limit struct{}

var errSystem = errors.New("this system has no way to turn them off for one process")

func lower() (limit, bool, error) { return limit{}, false, errSystem }

func raise(limit) {}
