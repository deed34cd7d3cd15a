//go:build unix && !linux

package child

// block does nothing: only Linux tests ask for it.
func block([]int) error { return nil }

// helpShell has no part here: job control under PTY is Linux's alone.
func helpShell([]string) int { return 93 }
func helpAsk([]string) int   { return 93 }
