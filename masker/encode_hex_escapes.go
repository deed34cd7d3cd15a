package masker

// hexEscapes yields \x4b\x65…: every byte escaped, as C, bash's printf, Python
// and JavaScript read it. (Writers that escape only what cannot be printed are
// rows of the group json.)
func hexEscapes(v []byte, yield func([]byte)) {
	eachCase(v, func(h []byte) { yield(joinHex(h, 2, 0, `\x`, `\x`)) })
}
