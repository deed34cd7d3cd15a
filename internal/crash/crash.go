// Package crash turns panics into errors that can be shown.
//
// Go prints the value of a panic that nobody recovers, and that may be a secret: a
// slice of what was being redacted, a string that a library made of it. So every
// goroutine that works with values, or for a command that has them, runs under
// [Guard].
package crash

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
)

// Guard calls f and returns its error, or [Error] of its panic. A goroutine that
// f starts needs a Guard of its own.
func Guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = Error(r)
		}
	}()
	return f()
}

// Error says where in this program the panic came from that was recovered as r, and
// only the type of r, never its value. Call it from the deferred function that
// recovered. FAULTS 101.
func Error(r any) error {
	place := ""
	_, origin, _ := strings.Cut(string(debug.Stack()), "\npanic(")
	ours := regexp.MustCompile(`(?m)^(?:github\.com/maskrun/maskrun/|main\.).*\n\t.*?/((?:cmd|fetch|masker|internal|action)/[a-z0-9_/-]+\.go:\d+)`)
	if m := ours.FindStringSubmatch(origin); m != nil {
		place = " at " + m[1]
	}
	return fmt.Errorf("internal error%s (%T): this is a bug, please report it", place, r)
}
