package fetch

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// ReadCiphertext reads a file that holds what the key service of a cloud gave: its bytes,
// or base64 of them, as command lines print it. Format is that of what is in it: JSON for
// secrets.json.enc. The service decrypts at most limit bytes; a file that is empty or has
// more of them wraps [ErrDenied].
func (e Env) ReadCiphertext(name string, limit int) (blob []byte, format Format, err error) {
	file, err := e.ReadFile(name)
	if err != nil {
		return nil, Auto, err
	}
	switch blob = withoutBase64(file); {
	case len(blob) == 0:
		return nil, Auto, fmt.Errorf("file %s is empty: %w", name, ErrDenied)
	case len(blob) > limit:
		return nil, Auto, fmt.Errorf("file %s is larger than the key service decrypts: was it encrypted with a data key (sops)?: %w", name, ErrDenied)
	}
	for _, ext := range []string{".b64", ".base64", ".enc", ".encrypted", ".kms"} {
		name = strings.TrimSuffix(name, ext)
	}
	return blob, FormatOf(name), nil
}

// withoutBase64 takes base64, in either alphabet, off a file that is nothing else.
func withoutBase64(file []byte) []byte {
	packed := bytes.TrimRight(bytes.Join(bytes.Fields(file), nil), "=")
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if blob, err := enc.AppendDecode(nil, packed); err == nil && len(blob) > 0 {
			return blob
		}
	}
	return file
}
