package aws

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/maskrun/maskrun/fetch"
)

// maxCiphertext is the largest that KMS takes.
const maxCiphertext = 6144

// ciphertexts is the store aws-kms.
type ciphertexts struct{ *accounts }

func openCiphertexts(_ context.Context, env fetch.Env) (fetch.Source, error) {
	a, err := openAccounts("aws-kms", env)
	if err != nil {
		return nil, err
	}
	return ciphertexts{a}, nil
}

// Read decrypts the file at name: the bytes that KMS gave, or base64 of them, as the
// command line prints it.
func (c ciphertexts) Read(ctx context.Context, name string, params url.Values) (fetch.Document, error) {
	in, set, err := c.input(params)
	if err != nil {
		return fetch.Document{}, err
	}
	blob, format, err := c.env.ReadCiphertext(name, maxCiphertext)
	if err != nil {
		return fetch.Document{}, err
	}
	in.CiphertextBlob = blob
	data, err := c.decrypt(ctx, in, set)
	return fetch.Document{Data: data, Format: format}, err
}

func (c ciphertexts) decrypt(ctx context.Context, in *kms.DecryptInput, set settings) ([]byte, error) {
	cfg, done, err := c.enter(ctx, set)
	if err != nil {
		return nil, err
	}
	defer done()
	out, err := kms.NewFromConfig(cfg).Decrypt(ctx, in)
	if err != nil {
		key := "the key of the file"
		if in.KeyId != nil {
			key = *in.KeyId
		}
		return nil, explain(call{"Decrypt", "kms:Decrypt", key, set.who()}, err)
	}
	if out.Plaintext == nil {
		return nil, errors.New("the answer holds no plaintext: is this the address of the store?")
	}
	return out.Plaintext, nil
}

// input makes the call for a reference.
func (c ciphertexts) input(params url.Values) (*kms.DecryptInput, settings, error) {
	if err := fetch.CheckParams(params, append(commonParams, "context", "key", "alg")...); err != nil {
		return nil, settings{}, err
	}
	set, err := c.base.with(params)
	if err != nil {
		return nil, set, err
	}
	in := &kms.DecryptInput{EncryptionAlgorithm: types.EncryptionAlgorithmSpec(params.Get("alg"))}
	if key := params.Get("key"); key != "" {
		in.KeyId, set = &key, set.within(key, params)
	}
	if err := set.check(); err != nil {
		return nil, set, err
	}
	if in.EncryptionContext, err = encryptionContext(params.Get("context")); err != nil {
		return nil, set, err
	}
	return in, set, nil
}

// encryptionContext reads ?context=, as JSON or as NAME=VALUE,NAME=VALUE.
func encryptionContext(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	out := map[string]string{}
	if strings.HasPrefix(text, "{") {
		if json.Unmarshal([]byte(text), &out) != nil {
			return nil, errors.New("context: not a JSON object of texts")
		}
		return out, nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		k, v, ok := strings.Cut(pair, "=")
		if !ok || k == "" {
			return nil, errors.New("context: want NAME=VALUE,NAME=VALUE or a JSON object")
		}
		out[k] = v
	}
	return out, nil
}
