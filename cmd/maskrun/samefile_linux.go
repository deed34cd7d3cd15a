package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// sameFile tells whether a and b are one open file, as after 2>&1. The kernel is
// asked; where it will not say (kcmp is often forbidden in containers), two
// descriptors of one pipe, terminal or socket are taken for one: what is written
// to them comes out in one place. Not so regular files: opened twice, each has
// an offset of its own.
func sameFile(a, b *os.File) bool {
	same := false
	err := control(a, func(fa int) error {
		return control(b, func(fb int) error {
			same = sameDescriptor(fa, fb)
			return nil
		})
	})
	return err == nil && same
}

func sameDescriptor(a, b int) bool {
	var sa, sb unix.Stat_t
	if unix.Fstat(a, &sa) != nil || unix.Fstat(b, &sb) != nil {
		return false
	}
	if sa.Dev != sb.Dev || sa.Ino != sb.Ino || sa.Rdev != sb.Rdev {
		return false
	}
	const kcmpFile = 0
	pid := uintptr(os.Getpid())
	order, _, errno := unix.Syscall6(unix.SYS_KCMP, pid, pid, kcmpFile, uintptr(a), uintptr(b), 0)
	if errno == 0 && order == 0 {
		return true
	}
	if sa.Mode&unix.S_IFMT != unix.S_IFREG {
		return true
	}
	return errno != 0 && sharesOffset(a, b)
}

// sharesOffset tells whether two descriptors of a regular file stand at one
// place and append alike: if they do not share their offset, it is by chance.
func sharesOffset(a, b int) bool {
	oa, errA := unix.Seek(a, 0, unix.SEEK_CUR)
	ob, errB := unix.Seek(b, 0, unix.SEEK_CUR)
	fa, errC := unix.FcntlInt(uintptr(a), unix.F_GETFL, 0)
	fb, errD := unix.FcntlInt(uintptr(b), unix.F_GETFL, 0)
	return errA == nil && errB == nil && errC == nil && errD == nil && oa == ob && fa == fb
}
