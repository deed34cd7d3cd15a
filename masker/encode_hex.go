package masker

import (
	"bytes"
	"encoding/hex"
)

// hexForms yields hexadecimal digits (RFC 4648 §8), lower and upper case.
func hexForms(v []byte, yield func([]byte)) {
	eachCase(v, yield)
}

func eachCase(v []byte, yield func([]byte)) {
	h := hex.AppendEncode(nil, v)
	yield(h)
	yield(bytes.ToUpper(h))
}

// joinHex cuts digits into groups of size, the first one shorter by late digits,
// and puts prefix before the first and sep before the others.
func joinHex(digits []byte, size, late int, prefix, sep string) []byte {
	out := append(make([]byte, 0, len(digits)*(size+len(sep))/size+len(prefix)+1), prefix...)
	for i, d := range digits {
		if i > 0 && (i+late)%size == 0 {
			out = append(out, sep...)
		}
		out = append(out, d)
	}
	return out
}
