//go:build !unix

package action

import "os"

const noFollow = 0

// lock does nothing: Windows lets others append meanwhile, and takeBack sees it.
func lock(*os.File) (unlock func()) { return func() {} }
