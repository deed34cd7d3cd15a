package fetch

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
)

// decodeValue undoes the encoding named by the decode parameter. Blanks and line
// breaks are passed over: tools wrap. Base64 may be of either alphabet, padded or not.
func decodeValue(v []byte, encoding string) ([]byte, error) {
	switch encoding {
	case "base64":
		return decodeBase64(v)
	case "hex":
		packed := withoutBlanks(v)
		out, err := hex.AppendDecode(nil, packed)
		if err != nil {
			return nil, errors.New("decode=hex: the value is not hexadecimal")
		}
		return out, nil
	}
	return v, nil
}

func decodeBase64(v []byte) ([]byte, error) {
	packed := bytes.TrimRight(withoutBlanks(v), "=")
	enc := base64.RawStdEncoding
	if bytes.ContainsAny(packed, "-_") {
		enc = base64.RawURLEncoding
	}
	out, err := enc.AppendDecode(nil, packed)
	if err != nil {
		return nil, errors.New("decode=base64: the value is not base64")
	}
	return out, nil
}

func withoutBlanks(v []byte) []byte {
	return bytes.Join(bytes.Fields(v), nil)
}

// trimNewlines removes line breaks at the end, as $(…) does.
func trimNewlines(v []byte) []byte { return bytes.TrimRight(v, "\n") }

// trimBlanks removes ASCII whitespace at both ends.
func trimBlanks(v []byte) []byte { return bytes.Trim(v, "\t\n\v\f\r ") }
