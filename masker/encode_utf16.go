package masker

// utf16Forms yields UTF-16, little end first, as Windows programs write it.
func utf16Forms(v []byte, yield func([]byte)) { yield(utf16LE(v)) }
