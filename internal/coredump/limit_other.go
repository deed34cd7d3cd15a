//go:build !unix

package coredump

type limit struct{}

func lower() (limit, bool, error) { return limit{}, false, ErrSystem }

func raise(limit) {}
