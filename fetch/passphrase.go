package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// A Passphrase says where the passphrase of a store comes from. The first place
// that has one counts.
type Passphrase struct {
	// Variables hold the passphrase itself; the variable of the same name with
	// _FILE behind it names a file that does.
	Variables []string
	// Block and Key name the entry of the configuration that names a file:
	// stores.Block.Key.
	Block, Key string
}

// A PassphraseError says that a store needs a passphrase that nobody gave. A
// command that a person runs at a terminal may ask for it, and resolve again with
// Variable set. It is [ErrDenied], and [IsStoreWide].
type PassphraseError struct {
	Variable string
	Other    string // the other places, for the message
}

// Error says where a passphrase can be put.
func (e *PassphraseError) Error() string {
	return "no passphrase is given: set " + e.Variable + e.Other
}

// Unwrap makes it ErrDenied.
func (e *PassphraseError) Unwrap() error { return ErrDenied }

// Passphrase returns the passphrase that p leads to, the caller's to clear; a
// [*PassphraseError] when no place has one. The line break at the end of a file
// is no part of it. A file that an untrusted configuration names lies in Root.
func (e Env) Passphrase(p Passphrase) ([]byte, error) {
	for _, name := range p.Variables {
		if text := e.Getenv(name); text != "" {
			return []byte(text), nil
		}
		if path := e.Getenv(name + "_FILE"); path != "" {
			return passphraseFile(name+"_FILE", path, e.ReadKeyFile)
		}
	}
	entry, ok := e.Config[p.Key]
	if !ok || p.Key == "" {
		return nil, &PassphraseError{Variable: p.Variables[0], Other: p.places()}
	}
	path, ok := entry.(string)
	if !ok || path == "" {
		return nil, fmt.Errorf("stores.%s.%s is not a file name", p.Block, p.Key)
	}
	return passphraseFile("stores."+p.Block+"."+p.Key, path, e.ConfiguredFile())
}

// ConfiguredFile is how a key file is read whose name comes from the
// configuration: an untrusted one may name those of its own directory only.
func (e Env) ConfiguredFile() func(path string) ([]byte, error) {
	if e.ConfigTrusted {
		return e.ReadKeyFile
	}
	return Env{Root: e.Root, Getenv: e.Getenv}.ReadFile // whatever the reference may do
}

func (p Passphrase) places() string {
	var b strings.Builder
	for _, name := range p.Variables {
		b.WriteString(", " + name + "_FILE")
	}
	if p.Key != "" {
		fmt.Fprintf(&b, " or stores.%s.%s", p.Block, p.Key)
	}
	return b.String()
}

func passphraseFile(by, path string, read func(string) ([]byte, error)) ([]byte, error) {
	data, err := read(path)
	switch {
	case errors.Is(err, ErrNotFound): // of the passphrase, not of the secret: nothing forgives it
		return nil, fmt.Errorf("%s: %s: %w", by, err, ErrDenied)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", by, err)
	}
	data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	if len(data) == 0 {
		return nil, fmt.Errorf("%s: file %s is empty: %w", by, path, ErrDenied)
	}
	return data, nil
}
