package fetch

import (
	"regexp"
	"sync"
)

// Pattern returns a function that gives expr, compiled when it is first wanted: a
// program that links every store must not pay for the rules of those it does not use.
// It may be called by several goroutines. expr is of RE2; a wrong one panics, then.
func Pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
