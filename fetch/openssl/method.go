package openssl

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strconv"

	"github.com/maskrun/maskrun/fetch"
)

// A method is what `openssl enc` was told on its command line.
type method struct {
	rounds  int
	digest  func() hash.Hash
	keySize int
}

// What -iter has where it is not given, and what takes too long to be meant:
// 10 million rounds take some seconds.
const (
	standardRounds = 10000
	maxRounds      = 10_000_000
)

var digests = map[string]func() hash.Hash{
	"": sha256.New, "sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

var keySizes = map[string]int{"": 32, "aes-128-cbc": 16, "aes-192-cbc": 24, "aes-256-cbc": 32}

func parseMethod(params url.Values) (method, error) {
	if err := fetch.CheckParams(params, "iter", "md", "cipher", "binary"); err != nil {
		return method{}, err
	}
	m := method{standardRounds, digests[params.Get("md")], keySizes[params.Get("cipher")]}
	if text := params.Get("iter"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxRounds {
			return method{}, fmt.Errorf("parameter iter: want a number from 1 to %d", maxRounds)
		}
		m.rounds = n
	}
	switch {
	case m.digest == nil:
		return method{}, errors.New("parameter md: want sha1, sha256, sha384 or sha512")
	case m.keySize == 0:
		return method{}, errors.New("parameter cipher: want aes-128-cbc, aes-192-cbc or aes-256-cbc")
	case params.Has("binary") && !slices.Contains([]string{"true", "false"}, params.Get("binary")):
		return method{}, errors.New("parameter binary: want true or false")
	}
	return m, nil
}

// open decrypts body. The derivation cannot be stopped: when ctx ends it is left to itself.
func (m method) open(ctx context.Context, password, salt, body []byte) ([]byte, error) {
	type result struct {
		plain []byte
		err   error
	}
	done := make(chan result, 1)
	go func() {
		plain, err := m.decrypt(password, salt, body)
		done <- result{plain, err}
	}()
	select {
	case r := <-done:
		return r.plain, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m method) decrypt(password, salt, body []byte) ([]byte, error) {
	keys, err := pbkdf2.Key(m.digest, string(password), salt, m.rounds, m.keySize+aes.BlockSize)
	if err != nil {
		return nil, errWrong
	}
	defer clear(keys)
	block, err := aes.NewCipher(keys[:m.keySize])
	if err != nil {
		return nil, errWrong
	}
	plain := make([]byte, len(body))
	cipher.NewCBCDecrypter(block, keys[m.keySize:]).CryptBlocks(plain, body)
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize || slices.ContainsFunc(plain[len(plain)-n:], func(b byte) bool { return int(b) != n }) {
		clear(plain)
		return nil, errWrong
	}
	return plain[:len(plain)-n], nil
}
