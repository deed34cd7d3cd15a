package masker

import "strconv"

// goForms yields what stands between the quotes of Go's %q and %+q (strconv
// Quote and QuoteToASCII).
func goForms(v []byte, yield func([]byte)) {
	for _, q := range []string{strconv.Quote(string(v)), strconv.QuoteToASCII(string(v))} {
		yield([]byte(q[1 : len(q)-1]))
	}
}
