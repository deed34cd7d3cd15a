package gcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"strconv"

	"github.com/maskrun/maskrun/fetch"
)

// maxCiphertext is the largest that Cloud KMS takes: 64 KiB of plaintext, and a little.
const maxCiphertext = 65<<10 + 512

// ciphertexts is the store gcp-kms.
type ciphertexts struct{ *service }

func openCiphertexts(ctx context.Context, env fetch.Env) (fetch.Source, error) {
	s, err := openService(ctx, "gcp-kms", env)
	if err != nil {
		return nil, err
	}
	return ciphertexts{s}, nil
}

// Read decrypts the file at name: the bytes that Cloud KMS gave, or base64 of them.
func (c ciphertexts) Read(ctx context.Context, name string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params, "key", "aad"); err != nil {
		return fetch.Document{}, err
	}
	key := cmp.Or(params.Get("key"), c.settings.key)
	if !keyRule().MatchString(key) {
		return fetch.Document{}, errors.New("no key: want ?key=projects/P/locations/L/keyRings/R/cryptoKeys/K, or key in the configuration")
	}
	blob, format, err := c.env.ReadCiphertext(name, maxCiphertext)
	if err != nil {
		return fetch.Document{}, err
	}
	aad := []byte(params.Get("aad"))
	in := map[string]any{"ciphertext": blob, "ciphertextCrc32c": sum(blob)}
	if len(aad) > 0 {
		in["additionalAuthenticatedData"], in["additionalAuthenticatedDataCrc32c"] = aad, sum(aad)
	}
	data, err := c.decrypt(ctx, key, in)
	return fetch.Document{Data: data, Format: format}, err
}

func (c ciphertexts) decrypt(ctx context.Context, key string, in map[string]any) ([]byte, error) {
	var out struct {
		Plaintext       []byte
		PlaintextCrc32c number
	}
	request := call{address(cmp.Or(c.settings.endpoint, "https://cloudkms.googleapis.com"), key, ":decrypt"), in,
		"cloudkms.cryptoKeyVersions.useToDecrypt (roles/cloudkms.cryptoKeyDecrypter)", key}
	err := c.do(ctx, request, &out)
	switch {
	case errors.Is(err, fetch.ErrNotFound): // the key, not the document
		return nil, fmt.Errorf("there is no such key: %w", fetch.ErrDenied)
	case err != nil:
		return nil, err
	case out.PlaintextCrc32c == "":
		return nil, errors.New("the answer holds no plaintext: is this the address of the store?")
	case !out.PlaintextCrc32c.matches(out.Plaintext):
		return nil, errDamaged
	}
	return out.Plaintext, nil
}

// sum is the CRC32C of b, as Google wants it: with it a file that was damaged on its way there is refused.
func sum(b []byte) string {
	return strconv.FormatUint(uint64(crc32.Checksum(b, castagnoli)), 10)
}
