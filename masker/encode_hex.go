package masker

import (
	"bytes"
	"encoding/hex"
)

// hexForms yields hexadecimal digits, lower and upper case: xxd -p, hexdump,
// openssl, %x.
func hexForms(v []byte, yield func([]byte)) {
	eachCase(v, yield)
}

// hexEscapes yields \x4b\x65…, as printf %q, Python's bytes and C have it when
// every byte is escaped.
func hexEscapes(v []byte, yield func([]byte)) {
	eachCase(v, func(h []byte) { yield(joinHex(h, 2, 0, `\x`, `\x`)) })
}

// hexGroups yields digits with a blank or a colon between bytes (od -An -tx1,
// openssl's fingerprints), and in groups of four at either alignment (xxd,
// hexdump).
func hexGroups(v []byte, yield func([]byte)) {
	eachCase(v, func(h []byte) {
		yield(joinHex(h, 2, 0, "", " "))
		yield(joinHex(h, 2, 0, "", ":"))
		yield(joinHex(h, 4, 0, "", " "))
		yield(joinHex(h, 4, 2, "", " "))
	})
}

func eachCase(v []byte, yield func([]byte)) {
	h := hex.AppendEncode(nil, v)
	yield(h)
	yield(bytes.ToUpper(h))
}

// joinHex cuts digits into groups of size, the first one shorter by late digits,
// and puts prefix before the first and sep before the others.
func joinHex(digits []byte, size, late int, prefix, sep string) []byte {
	out := []byte(prefix)
	for i, d := range digits {
		if i > 0 && (i+late)%size == 0 {
			out = append(out, sep...)
		}
		out = append(out, d)
	}
	return out
}
