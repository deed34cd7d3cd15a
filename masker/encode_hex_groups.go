package masker

import (
	"bytes"
	"encoding/hex"
)

// hexGroups yields digits with a blank or a colon between bytes, lower and upper
// case (od -An -tx1, hexdump -C, openssl's fingerprints); with a hyphen, upper
// case (.NET's BitConverter); and in groups of four at either alignment (xxd).
// A dump that goes on over several lines is beyond this: the place of the line's
// end, and what stands there, depend on all that came before.
func hexGroups(v []byte, yield func([]byte)) {
	eachCase(v, func(h []byte) {
		yield(joinHex(h, 2, 0, "", " "))
		yield(joinHex(h, 2, 0, "", ":"))
	})
	lower := hex.AppendEncode(nil, v)
	yield(joinHex(bytes.ToUpper(lower), 2, 0, "", "-"))
	yield(joinHex(lower, 4, 0, "", " "))
	yield(joinHex(lower, 4, 2, "", " "))
}
