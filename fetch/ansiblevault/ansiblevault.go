// Package ansiblevault is the store ansible-vault://FILE#/key: a file that
// ansible-vault encrypted as a whole, or a YAML file of which single values are
// encrypted (!vault), as `ansible-vault encrypt_string` makes them.
//
// Both formats in use are read, 1.1 and 1.2 (with a vault id). Passwords come from
// ANSIBLE_VAULT_PASSWORD, the files and scripts that Ansible's own variables
// name, and the configuration; that of the file's vault id is tried first, then
// the others, as Ansible does.
//
// # Guarantee
//
// Only what the HMAC in the file vouches for is returned. No error holds a byte of
// a password or of the file. Nothing is written to disk.
package ansiblevault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{
		Scheme: "ansible-vault",
		Help:   "a file encrypted with ansible-vault, or a !vault value in a YAML file",
		Open:   open,
	}
}

func open(ctx context.Context, env fetch.Env) (fetch.Source, error) {
	passwords, err := collect(ctx, env)
	if err != nil {
		return nil, fmt.Errorf("ansible-vault password: %w", err)
	}
	return &source{env, passwords}, nil
}

type source struct {
	env       fetch.Env
	passwords []password
}

// Read gives the decrypted file; or, where only values are encrypted, the file as
// it is, with the way to open the value that the reference selects.
func (s *source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	file, err := s.env.ReadFile(path)
	if err != nil {
		return fetch.Document{}, err
	}
	format := fetch.FormatOf(strings.TrimSuffix(path, ".vault"))
	switch {
	case bytes.HasPrefix(file, []byte(magic)):
		plain, err := s.decrypt(ctx, file)
		return fetch.Document{Data: plain, Format: format}, err
	case bytes.Contains(file, []byte("!vault")):
		unseal := func(sealed []byte) ([]byte, error) { return s.decrypt(context.WithoutCancel(ctx), sealed) }
		return fetch.Document{Data: file, Format: fetch.YAML, Unseal: unseal}, nil
	}
	if what := fetch.Sealed(file); what != "" {
		return fetch.Document{}, fmt.Errorf("not made by ansible-vault: the file is %s", what)
	}
	return fetch.Document{}, errors.New("not made by ansible-vault: neither the file nor a value in it is encrypted")
}

// decrypt opens sealed with the first password that fits.
func (s *source) decrypt(ctx context.Context, sealed []byte) ([]byte, error) {
	e, err := parse(sealed)
	if err != nil {
		return nil, err
	}
	for _, p := range inOrder(s.passwords, e.id) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		plain, err := e.open(p.text)
		if !errors.Is(err, errPassword) {
			return plain, err
		}
	}
	return nil, fmt.Errorf("no password at hand opens it%s: %w", e.idText(), fetch.ErrDenied)
}
