package masker

import "encoding/base64"

// base64Forms yields base64 (RFC 4648 §4 and §5) of any text that contains v.
//
// Such a text has v at an offset of 0, 1 or 2 bytes modulo 3. At offset a, v's n
// bytes are bits 8a to 8a+8n of a run of quanta, and character k holds bits 6k
// to 6k+6. The characters from ceil(8a/6) up to floor((8a+8n)/6) hold bits of v
// only, so they are the same whatever stands around v: that is the first form.
//
// Where v ends the text, the last character, its low bits zero, and the padding
// are certain too: two more forms, without and with "=". The first of them also
// serves text in which a line feed follows v (echo "$TOKEN" | base64): the high
// four bits of 0A, like the low bits of the last character, are zero.
func base64Forms(v []byte, yield func([]byte)) {
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for a := range 3 {
			middle, ending, pad := base64At(alphabet, v, a)
			yield(middle)
			if pad != "" {
				yield(ending)
				yield(append(ending, pad...))
			}
		}
	}
}

// base64At encodes v at offset a: the characters that hold bits of v only; those
// and the last one where v ends the text; and its padding.
func base64At(alphabet *base64.Encoding, v []byte, a int) (middle, ending []byte, pad string) {
	all := alphabet.AppendEncode(nil, append(make([]byte, a), v...))
	first, last := (8*a+5)/6, 8*(a+len(v))/6
	if first >= last {
		return nil, nil, ""
	}
	return all[first:last:last], all[first:len(all):len(all)], []string{"", "==", "="}[(a+len(v))%3]
}
