package gcp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"net/url"
	"strconv"
	"strings"

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
	file, err := c.env.ReadFile(name)
	if err != nil {
		return fetch.Document{}, err
	}
	blob := ciphertext(file)
	if len(blob) == 0 || len(blob) > maxCiphertext {
		return fetch.Document{}, fmt.Errorf("file %s: is empty, or larger than Cloud KMS decrypts: %w", name, fetch.ErrDenied)
	}
	aad := []byte(params.Get("aad"))
	in := map[string]any{"ciphertext": blob, "ciphertextCrc32c": sum(blob)}
	if len(aad) > 0 {
		in["additionalAuthenticatedData"], in["additionalAuthenticatedDataCrc32c"] = aad, sum(aad)
	}
	return c.decrypt(ctx, name, key, in)
}

func (c ciphertexts) decrypt(ctx context.Context, name, key string, in map[string]any) (fetch.Document, error) {
	var out struct {
		Plaintext       []byte
		PlaintextCrc32c number
	}
	request := call{address(cmp.Or(c.settings.endpoint, "https://cloudkms.googleapis.com"), key, ":decrypt"), in,
		"cloudkms.cryptoKeyVersions.useToDecrypt (roles/cloudkms.cryptoKeyDecrypter)", key}
	err := c.do(ctx, request, &out)
	switch {
	case errors.Is(err, fetch.ErrNotFound): // the key, not the document
		return fetch.Document{}, fmt.Errorf("there is no such key: %w", fetch.ErrDenied)
	case err != nil:
		return fetch.Document{}, err
	case out.PlaintextCrc32c == "":
		return fetch.Document{}, errors.New("the answer holds no plaintext: is this the address of the store?")
	case !out.PlaintextCrc32c.matches(out.Plaintext):
		return fetch.Document{}, errDamaged
	}
	return fetch.Document{Data: out.Plaintext, Format: plainFormat(name)}, nil
}

// sum is the CRC32C of b, as Google wants it: with it a file that was damaged on its way there is refused.
func sum(b []byte) string {
	return strconv.FormatUint(uint64(crc32.Checksum(b, castagnoli)), 10)
}

// ciphertext takes base64 off a file that is nothing else.
func ciphertext(file []byte) []byte {
	blob, err := base64.StdEncoding.AppendDecode(nil, bytes.Join(bytes.Fields(file), nil))
	if err != nil {
		return file
	}
	return blob
}

// plainFormat is that of secrets.json for secrets.json.enc.
func plainFormat(name string) fetch.Format {
	for _, ext := range []string{".b64", ".base64", ".enc", ".encrypted", ".kms"} {
		name = strings.TrimSuffix(name, ext)
	}
	return fetch.FormatOf(name)
}
