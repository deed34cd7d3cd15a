package aws

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
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
	in, set, err := c.input(name, params)
	if err != nil {
		return fetch.Document{}, err
	}
	cfg, err := c.config(ctx, set)
	if err != nil {
		return fetch.Document{}, err
	}
	done, err := c.slot(ctx)
	if err != nil {
		return fetch.Document{}, err
	}
	defer done()
	out, err := kms.NewFromConfig(cfg).Decrypt(ctx, in)
	if err != nil {
		key := "the key of the file"
		if in.KeyId != nil {
			key = *in.KeyId
		}
		return fetch.Document{}, explain(call{"Decrypt", "kms:Decrypt", key, set.who()}, err)
	}
	if out.Plaintext == nil {
		return fetch.Document{}, errors.New("the answer holds no plaintext: is this the address of the store?")
	}
	return fetch.Document{Data: out.Plaintext, Format: plainFormat(name)}, nil
}

// input makes the call for a reference.
func (c ciphertexts) input(name string, params url.Values) (*kms.DecryptInput, settings, error) {
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
	file, err := c.env.ReadFile(name)
	if err != nil {
		return nil, set, err
	}
	if in.CiphertextBlob, err = ciphertext(file); err != nil {
		return nil, set, fmt.Errorf("file %s: %w", name, err)
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

// ciphertext takes base64 off a file that is nothing else. What KMS gives begins with bytes
// that are no letters.
func ciphertext(file []byte) ([]byte, error) {
	packed := bytes.Join(bytes.Fields(file), nil)
	blob, err := base64.StdEncoding.AppendDecode(nil, packed)
	if err != nil || len(blob) == 0 {
		blob = file
	}
	switch {
	case len(blob) == 0:
		return nil, errors.New("is empty")
	case len(blob) > maxCiphertext:
		return nil, fmt.Errorf("larger than the %d bytes that KMS decrypts: was it encrypted with a data key (sops, the Encryption SDK)?: %w", maxCiphertext, fetch.ErrDenied)
	}
	return blob, nil
}

// plainFormat is that of secrets.json for secrets.json.enc.
func plainFormat(name string) fetch.Format {
	for _, ext := range []string{".b64", ".base64", ".enc", ".encrypted", ".kms"} {
		name = strings.TrimSuffix(name, ext)
	}
	return fetch.FormatOf(path.Base(name))
}
