package masker

import "encoding/base32"

// base32Forms yields base32 (RFC 4648 §6) of any text that contains v.
//
// As in base64, but 5 bytes make 8 characters of 5 bits: v stands at an offset a
// of 0 to 4 bytes, and the characters from ceil(8a/5) up to floor((8a+8n)/5)
// hold bits of v only. The first of them is left out: a program that prints one
// letter at a time (conformance J05) should not wait for so rare a form, and five
// bits help nobody.
func base32Forms(v []byte, yield func([]byte)) {
	alphabet := base32.StdEncoding.WithPadding(base32.NoPadding)
	for a := range 5 {
		all := alphabet.AppendEncode(nil, append(make([]byte, a), v...))
		if first, last := (8*a+4)/5+1, 8*(a+len(v))/5; first < last {
			yield(all[first:last])
		}
	}
}
