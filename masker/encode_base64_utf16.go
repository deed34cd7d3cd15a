package masker

import "encoding/base64"

// base64UTF16 yields base64 of v in UTF-16LE, as PowerShell's -EncodedCommand
// has it: at three alignments the characters that hold bits of v only. A value
// that is not UTF-8 has no such form.
func base64UTF16(v []byte, yield func([]byte)) {
	wide := utf16LE(v)
	if wide == nil {
		return
	}
	for a := range 3 {
		middle, _, _ := base64At(base64.RawStdEncoding, wide, a)
		yield(middle)
	}
}
