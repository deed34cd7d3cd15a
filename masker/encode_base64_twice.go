package masker

import "encoding/base64"

// base64Twice yields base64 of base64: the three alignments of v's certain
// characters, each at three alignments: nine forms, of which any text with v
// in it, encoded twice, has one. The inner text must not be wrapped inside v.
// (In March 2025 a stolen action printed secrets so, because runners mask only
// the first.)
func base64Twice(v []byte, yield func([]byte)) {
	for a := range 3 {
		inner, _, _ := base64At(base64.RawStdEncoding, v, a)
		for b := range 3 {
			outer, _, _ := base64At(base64.RawStdEncoding, inner, b)
			yield(outer)
		}
	}
}
