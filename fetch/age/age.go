// Package age is the store age://FILE: a file encrypted with age, armored or not.
//
// Identities come from identity under stores.age (a file or a list of files),
// the files named by MASKRUN_AGE_IDENTITY_FILE and SOPS_AGE_KEY_FILE, the text
// of SOPS_AGE_KEY, and, when none of these is given, sops' own keys.txt. SSH
// keys without a passphrase are identities too. A file that is encrypted with a
// passphrase, or an identity file that is, is opened by MASKRUN_AGE_PASSPHRASE,
// AGE_PASSPHRASE, the files they name with _FILE behind, or passphrase_file under
// stores.age. A field is selected by the
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
	if err != nil && !errors.Is(err, errNone) {
		return nil, fmt.Errorf("age identity: %w", err)
	}
	return source{env, ids, err}, nil
}

type source struct {
	env  fetch.Env
	ids  []age.Identity
	none error // why there is no identity; a file with a passphrase needs none
}

// Read returns the decrypted file.
func (s source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	sealed, err := s.env.ReadFile(path)
	if err != nil {
		return fetch.Document{}, err
	}
	data, err := s.decrypt(ctx, sealed)
	return fetch.Document{Data: data, Format: fetch.FormatOf(strings.TrimSuffix(path, ".age"))}, err
}

// decrypt opens sealed. It returns when ctx ends, even if the work that a
// passphrase makes goes on for a moment.
func (s source) decrypt(ctx context.Context, sealed []byte) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := s.unseal(sealed)
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// unseal decrypts. The errors of package age quote the file, which may not be
// encrypted at all: ours do not.
func (s source) unseal(sealed []byte) ([]byte, error) {
	plain, err := age.Decrypt(dearmor(sealed), append(s.ids[:len(s.ids):len(s.ids)], scrypt{s.env})...)
	var none *age.NoIdentityMatchError
	var ours *passphraseError
	switch {
	case errors.As(err, &ours):
		return nil, ours.err
	case errors.As(err, &none) && s.none != nil:
		return nil, fetch.StoreWide(fmt.Errorf("age identity: %w", s.none))
	case errors.As(err, &none):
		return nil, fmt.Errorf("no age identity at hand opens this file: %w", fetch.ErrDenied)
	case err != nil:
		return nil, notAge(sealed)
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

func notAge(file []byte) error {
	what := fetch.Sealed(file)
	if what == "" || strings.Contains(what, "age://") {
		return errors.New("not an age file, or its header is damaged")
	}
	return fmt.Errorf("not an age file: the file is %s", what)
}

// dearmor reads the binary form whichever form sealed has.
func dearmor(sealed []byte) io.Reader {
	if bytes.HasPrefix(bytes.TrimSpace(sealed), []byte(armor.Header)) {
		return armor.NewReader(bufio.NewReader(bytes.NewReader(sealed)))
	}
	return bytes.NewReader(sealed)
}
