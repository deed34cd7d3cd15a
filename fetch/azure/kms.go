package azure

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"

	"github.com/maskrun/maskrun/fetch"
)

// maxCiphertext is more than the largest RSA key takes.
const maxCiphertext = 1024

// ciphertexts is the store azure-kms.
type ciphertexts struct{ *service }

func openCiphertexts(ctx context.Context, env fetch.Env) (fetch.Source, error) {
	s, err := openService(ctx, "azure-kms", env)
	if err != nil {
		return nil, err
	}
	return ciphertexts{s}, nil
}

// Read decrypts the file at name: bytes, or base64 of them in either alphabet, as az prints it.
func (c ciphertexts) Read(ctx context.Context, name string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params, "key", "alg"); err != nil {
		return fetch.Document{}, err
	}
	alg := azkeys.EncryptionAlgorithm(cmp.Or(params.Get("alg"), string(azkeys.EncryptionAlgorithmRSAOAEP256)))
	if !slices.Contains([]azkeys.EncryptionAlgorithm{azkeys.EncryptionAlgorithmRSAOAEP256, azkeys.EncryptionAlgorithmRSAOAEP, azkeys.EncryptionAlgorithmRSA15}, alg) {
		return fetch.Document{}, errors.New("alg: want RSA-OAEP-256, RSA-OAEP or RSA1_5")
	}
	r, err := c.resource(keyPath(cmp.Or(params.Get("key"), c.settings.key)), "")
	if err != nil {
		return fetch.Document{}, fmt.Errorf("key: %w", err)
	}
	file, err := c.env.ReadFile(name)
	if err != nil {
		return fetch.Document{}, err
	}
	blob := ciphertext(file)
	if len(blob) == 0 || len(blob) > maxCiphertext {
		return fetch.Document{}, fmt.Errorf("file %s: is empty, or larger than a key of Key Vault decrypts: was it encrypted with a data key (sops)?: %w", name, fetch.ErrDenied)
	}
	client, err := azkeys.NewClient(r.vault, c.credential, &azkeys.ClientOptions{
		ClientOptions: c.client, DisableChallengeResourceVerification: c.settings.endpoint != ""})
	if err != nil {
		return fetch.Document{}, errors.New("the address of the vault cannot be used")
	}
	out, err := client.Decrypt(ctx, r.name, r.version, azkeys.KeyOperationParameters{Algorithm: &alg, Value: blob}, nil)
	if err != nil {
		return fetch.Document{}, explain(call{"keys/decrypt (role Key Vault Crypto User)", r.short}, err)
	}
	if out.Result == nil {
		return fetch.Document{}, errors.New("the answer holds no plaintext: is this the address of the store?")
	}
	return fetch.Document{Data: out.Result, Format: plainFormat(name)}, nil
}

// keyPath makes VAULT/NAME/VERSION of a key's address too.
func keyPath(key string) string {
	return strings.Replace(strings.TrimPrefix(key, "https://"), "/keys/", "/", 1)
}

// ciphertext takes base64 off a file that is nothing else.
func ciphertext(file []byte) []byte {
	packed := bytes.TrimRight(bytes.Join(bytes.Fields(file), nil), "=")
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if blob, err := enc.AppendDecode(nil, packed); err == nil {
			return blob
		}
	}
	return file
}

// plainFormat is that of secrets.json for secrets.json.enc.
func plainFormat(name string) fetch.Format {
	for _, ext := range []string{".b64", ".base64", ".enc", ".encrypted", ".kms"} {
		name = strings.TrimSuffix(name, ext)
	}
	return fetch.FormatOf(name)
}
