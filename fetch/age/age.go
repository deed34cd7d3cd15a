// Package age is the store age://FILE: a file encrypted with age, armored or not.
//
// Identities come from identity under stores.age (a file or a list of files),
// the files named by MASKRUN_AGE_IDENTITY_FILE and SOPS_AGE_KEY_FILE, the text
// of SOPS_AGE_KEY, and, when none of these is given, sops' own keys.txt. SSH
// keys without a passphrase are identities too. A field is selected by the
// extension before .age: secrets.yaml.age is YAML.
package age

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "age", Help: "a file encrypted with age, or a field of it", Open: open}
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	ids, err := identities(env)
	if err != nil {
		return nil, fmt.Errorf("age identity: %w", err)
	}
	return source{env, ids}, nil
}

type source struct {
	env fetch.Env
	ids []age.Identity
}

// Read returns the decrypted file.
func (s source) Read(_ context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	sealed, err := s.env.ReadFile(path)
	if err != nil {
		return fetch.Document{}, err
	}
	data, err := decrypt(sealed, s.ids)
	return fetch.Document{Data: data, Format: fetch.FormatOf(strings.TrimSuffix(path, ".age"))}, err
}

// decrypt opens sealed. The errors of package age quote the file, which may not
// be encrypted at all: ours do not.
func decrypt(sealed []byte, ids []age.Identity) ([]byte, error) {
	plain, err := age.Decrypt(dearmor(sealed), ids...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, fmt.Errorf("no age identity at hand opens this file: %w", fetch.ErrDenied)
	case err != nil:
		return nil, errors.New("not an age file, or its header is damaged")
	}
	data, err := io.ReadAll(io.LimitReader(plain, fetch.MaxDocument+1))
	switch {
	case err != nil:
		clear(data)
		return nil, errors.New("the age file is damaged or cut short")
	case len(data) > fetch.MaxDocument:
		clear(data)
		return nil, fmt.Errorf("larger than 1 MiB: %w", fetch.ErrDenied)
	}
	return data, nil
}

// dearmor reads the binary form whichever form sealed has.
func dearmor(sealed []byte) io.Reader {
	if bytes.HasPrefix(bytes.TrimSpace(sealed), []byte(armor.Header)) {
		return armor.NewReader(bufio.NewReader(bytes.NewReader(sealed)))
	}
	return bytes.NewReader(sealed)
}
