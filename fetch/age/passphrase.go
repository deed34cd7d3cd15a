package age

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"

	"github.com/maskrun/maskrun/fetch"
)

// maxWorkFactor bounds what a file may ask of us: age itself writes 18, a second
// and 256 MiB; 20 is four times that.
const maxWorkFactor = 20

// A scrypt is the identity for files with a passphrase, which is looked for only
// when a file wants one: a person may be asked for it.
type scrypt struct{ env fetch.Env }

// Unwrap implements age.Identity.
func (s scrypt) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != "scrypt" {
		return nil, age.ErrIncorrectIdentity
	}
	passphrase, err := s.env.Passphrase(fetch.Passphrase{
		Variables: []string{"MASKRUN_AGE_PASSPHRASE", "AGE_PASSPHRASE"}, Block: "age", Key: "passphrase_file",
	})
	if err != nil {
		return nil, &passphraseError{err}
	}
	defer clear(passphrase)
	id, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, &passphraseError{errors.New("the passphrase is empty")}
	}
	id.SetMaxWorkFactor(maxWorkFactor)
	key, err := id.Unwrap(stanzas)
	switch {
	case errors.Is(err, age.ErrIncorrectIdentity):
		return nil, &passphraseError{fmt.Errorf("the passphrase given does not open this file: %w", fetch.ErrDenied)}
	case err != nil:
		return nil, &passphraseError{fmt.Errorf("the passphrase part of its header is damaged, or asks for more work than age does: %w", fetch.ErrDenied)}
	}
	return key, nil
}

// A passphraseError is one of ours: its words may be shown.
type passphraseError struct{ err error }

func (e *passphraseError) Error() string { return e.err.Error() }
func (e *passphraseError) Unwrap() error { return e.err }

// unlock opens an identity file that is encrypted with a passphrase itself.
func unlock(text []byte, env fetch.Env) ([]age.Identity, error) {
	plain, err := age.Decrypt(dearmor(text), scrypt{env})
	var ours *passphraseError
	switch {
	case errors.As(err, &ours):
		return nil, fmt.Errorf("the identity is itself encrypted: %w", ours.err)
	case err != nil:
		return nil, fmt.Errorf("the identity is itself encrypted, and not with a passphrase: %w", fetch.ErrDenied)
	}
	inner, err := io.ReadAll(io.LimitReader(plain, fetch.MaxDocument))
	defer clear(inner)
	if err != nil {
		return nil, errors.New("the encrypted identity is damaged or cut short")
	}
	ids, err := age.ParseIdentities(bytes.NewReader(inner))
	if err != nil {
		return nil, fmt.Errorf("not age identities, inside of the encrypted file: %w", fetch.ErrDenied)
	}
	return ids, nil
}
