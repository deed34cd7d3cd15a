package masker

// jsonTwice yields JSON strings in JSON strings: a log record that holds a
// document. All levels are in the style of one writer, and all styles that
// differ for v are tried, but with lower-case digits only. The first style, which
// escapes no more than it must, also three deep: a record in a record.
func jsonTwice(v []byte, yield func([]byte)) {
	for i, s := range jsonStyles(v) {
		if s.digits != lowerHex {
			continue
		}
		twice := s.escape(s.escape(v))
		yield(twice)
		if i == 0 {
			yield(s.escape(twice))
		}
	}
}
