package azure

import (
	"cmp"
	"context"
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
	blob, format, err := c.env.ReadCiphertext(name, maxCiphertext)
	if err != nil {
		return fetch.Document{}, err
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
	return fetch.Document{Data: out.Result, Format: format}, nil
}

// keyPath makes VAULT/NAME/VERSION of a key's address too.
func keyPath(key string) string {
	return strings.Replace(strings.TrimPrefix(key, "https://"), "/keys/", "/", 1)
}
