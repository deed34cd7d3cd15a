// Package openssl is the store openssl://FILE: a file that
// `openssl enc -aes-256-cbc -pbkdf2` encrypted with a password, in base64 (-a) or not.
//
// Parameters say what the file does not: iter=N (10000 if left out, as in openssl),
// md=sha1|sha256|sha384|sha512 (sha256), cipher=aes-128-cbc|aes-192-cbc|aes-256-cbc.
//
// # Guarantee
//
// The format has no checksum. A wrong password or a damaged file is an error where
// the padding is wrong, which it is in 255 of 256 cases, or where the text is not
// UTF-8, which leaves next to none; binary=true turns the second check off. What
// somebody changed on purpose cannot be detected: for secrets in a repository that
// others write to, age and sops are safer. No error holds a byte of the password or
// the file.
package openssl

import (
	"bytes"
	"context"
	"crypto/aes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "openssl", Help: "a file made by openssl enc -aes-256-cbc -pbkdf2, or a field of it", Open: open}
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	password, err := env.Passphrase(fetch.Passphrase{Variables: []string{"MASKRUN_OPENSSL_PASSWORD"}, Block: "openssl", Key: "password_file"})
	if err != nil {
		return nil, fmt.Errorf("openssl password: %w", err)
	}
	return source{env, password}, nil
}

type source struct {
	env      fetch.Env
	password []byte
}

// Read gives the decrypted file.
func (s source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	m, err := parseMethod(params)
	if err != nil {
		return fetch.Document{}, err
	}
	file, err := s.env.ReadFile(path)
	if err != nil {
		return fetch.Document{}, err
	}
	salt, body, err := split(file)
	if err != nil {
		return fetch.Document{}, err
	}
	plain, err := m.open(ctx, s.password, salt, body)
	if err != nil {
		return fetch.Document{}, err
	}
	if params.Get("binary") != "true" && !utf8.Valid(plain) {
		clear(plain)
		return fetch.Document{}, errWrong
	}
	return fetch.Document{Data: plain, Format: fetch.FormatOf(strings.TrimSuffix(path, ".enc"))}, nil
}

// errWrong: which of these it is, the format cannot tell.
var errWrong = fmt.Errorf("the password, iter, md or cipher is another one, or the file is damaged (or is no text: binary=true): %w", fetch.ErrDenied)

// magic begins the file; the salt follows.
const magic = "Salted__"

const saltSize = 8

// split takes the file apart, its base64 undone if need be.
func split(file []byte) (salt, body []byte, err error) {
	packed := file
	if !bytes.HasPrefix(file, []byte(magic)) {
		packed, err = base64.StdEncoding.AppendDecode(nil, bytes.Join(bytes.Fields(file), nil))
	}
	rest, ok := bytes.CutPrefix(packed, []byte(magic))
	what := fetch.Sealed(file)
	switch {
	case err == nil && ok && len(rest) > saltSize && (len(rest)-saltSize)%aes.BlockSize == 0:
		return rest[:saltSize], rest[saltSize:], nil
	case err == nil && ok, strings.Contains(what, "openssl://"):
		return nil, nil, errors.New("the openssl file is damaged or cut short")
	case what != "":
		return nil, nil, fmt.Errorf("not made by openssl enc: the file is %s", what)
	}
	return nil, nil, errors.New("not made by openssl enc with a password: it does not begin with Salted__")
}
