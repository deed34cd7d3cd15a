package masker

// jsonTwice yields JSON strings in JSON strings: a log record that holds a
// document. Both levels are in the style of one writer, and all styles that
// differ for v are tried, but with lower-case digits only.
func jsonTwice(v []byte, yield func([]byte)) {
	for _, s := range jsonStyles(v) {
		if s.digits == lowerHex {
			yield(s.escape(s.escape(v)))
		}
	}
}
