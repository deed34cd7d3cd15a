package masker

import "strconv"

// byteLists yields the bytes as decimal numbers: with a blank between them (Go's
// %v of []byte), and with a comma and a blank (Python's list, JavaScript's and
// Rust's arrays). Without its blanks the latter is also what compact JSON has.
func byteLists(v []byte, yield func([]byte)) {
	for _, sep := range []string{" ", ", "} {
		out := make([]byte, 0, len(v)*(3+len(sep)))
		for i, b := range v {
			if i > 0 {
				out = append(out, sep...)
			}
			out = strconv.AppendUint(out, uint64(b), 10)
		}
		yield(out)
	}
}
