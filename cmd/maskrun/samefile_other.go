//go:build !linux

package main

import "os"

// sameFile tells whether a and b are one open file, as after 2>&1, as far as
// this system says: two descriptors of one file that is not a regular one.
func sameFile(a, b *os.File) bool {
	sa, errA := a.Stat()
	sb, errB := b.Stat()
	return errA == nil && errB == nil && os.SameFile(sa, sb) && !sa.Mode().IsRegular()
}
