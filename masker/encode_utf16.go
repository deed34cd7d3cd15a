package masker

import (
	"unicode/utf16"
	"unicode/utf8"
)

// utf16Forms yields UTF-16, little end first (RFC 2781), as Windows programs
// write it. A value that is not UTF-8 has no such form.
func utf16Forms(v []byte, yield func([]byte)) { yield(utf16LE(v)) }

// utf16LE returns v in UTF-16, little end first, or nil when v is not UTF-8.
func utf16LE(v []byte) []byte {
	if !utf8.Valid(v) {
		return nil
	}
	wide := make([]byte, 0, 2*len(v))
	for _, u := range utf16.Encode([]rune(string(v))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return wide
}
