package masker

import (
	"bytes"
	"strings"
)

// percentTwice yields percent-encoding of percent-encoding, both with one set
// of percentSets: a URL in a URL. A "+" that stands for a blank is encoded as
// any other "+".
func percentTwice(v []byte, yield func([]byte)) {
	for _, keep := range percentSets {
		for _, digits := range []string{upperHex, lowerHex} {
			once := percent(v, keep, digits)
			yield(percent(once, keep, digits))
			if strings.IndexByte(keep, '+') < 0 && bytes.IndexByte(v, ' ') >= 0 {
				plus := bytes.ReplaceAll(once, []byte("%20"), []byte("+"))
				yield(percent(plus, keep, digits))
			}
		}
	}
}
