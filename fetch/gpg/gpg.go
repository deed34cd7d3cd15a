// Package gpg is the store gpg://FILE: a file encrypted with OpenPGP, armored or
// not, for a key or with a passphrase, as gpg, BlackBox and pass write it.
//
// A key given to maskrun (MASKRUN_GPG_KEY, MASKRUN_GPG_KEY_FILE, key_file under
// stores.gpg) opens it without gpg. Else the program gpg is run, with the keys of
// GNUPGHOME and its agent. The .gpg at the end of a name may be left out, as in
// BlackBox; a field is selected by the extension before it.
//
// # Guarantee
//
// Only a message that is encrypted and whose integrity was checked gives a
// document. No error holds a byte of a key, a passphrase or a file. Nothing is
// written to disk.
package gpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "gpg", Help: "a file encrypted with OpenPGP (gpg, BlackBox, pass), or a field of it", Open: open}
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	secret, err := passphrase(env)
	if err != nil {
		return nil, err
	}
	keys, err := loadKeys(env, secret)
	if err != nil {
		return nil, fmt.Errorf("gpg key: %w", err)
	}
	return &source{env: env, keys: keys, passphrase: secret}, nil
}

// passphrase is for the key, and for files that have one; nil when none is given.
func passphrase(env fetch.Env) ([]byte, error) {
	secret, err := env.Passphrase(fetch.Passphrase{Variables: []string{"MASKRUN_GPG_PASSPHRASE"}, Block: "gpg", Key: "passphrase_file"})
	var none *fetch.PassphraseError
	if errors.As(err, &none) {
		return nil, nil
	}
	return secret, err
}

type source struct {
	env        fetch.Env
	keys       openpgp.EntityList
	using      sync.Mutex // the library notes in keys what it has verified of them
	passphrase []byte
}

// errNoKey: what was tried does not open the file, and something else may.
var errNoKey = fmt.Errorf("no key or passphrase at hand opens it: %w", fetch.ErrDenied)

// Read gives the decrypted file.
func (s *source) Read(ctx context.Context, name string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	name, file, err := s.find(name)
	if err != nil {
		return fetch.Document{}, err
	}
	sealed, err := message(file)
	if err != nil {
		return fetch.Document{}, err
	}
	plain, err := s.decrypt(ctx, sealed)
	if errors.Is(err, errNoKey) {
		err = fmt.Errorf("%w%s", err, s.recipients(name))
	}
	return fetch.Document{Data: plain, Format: fetch.FormatOf(strings.TrimSuffix(name, path.Ext(name)))}, err
}

// endings are those of encrypted files.
var endings = []string{".gpg", ".asc", ".pgp"}

// find reads the file. A name without one of the endings is, as in BlackBox, that
// of the plain file, which may lie there too, decrypted for an editor.
func (s *source) find(name string) (string, []byte, error) {
	if slices.Contains(endings, path.Ext(name)) {
		file, err := s.env.ReadFile(name)
		return name, file, err
	}
	file, err := s.env.ReadFile(name + endings[0])
	if err == nil || !errors.Is(err, fetch.ErrNotFound) {
		return name + endings[0], file, err
	}
	file, err = s.env.ReadFile(name)
	return name, file, err
}

// message gives the binary form of an encrypted message.
func message(file []byte) ([]byte, error) {
	sealed := file
	if block, err := armor.Decode(bytes.NewReader(file)); err == nil && block.Type == openpgp.MessageType {
		if sealed, err = bounded(block.Body); err != nil {
			return nil, errors.New("the armor of the OpenPGP message is damaged")
		}
	}
	switch what := fetch.Sealed(file); {
	case fetch.IsOpenPGP(sealed):
		return sealed, nil
	case what != "" && !bytes.Contains(file, []byte("BEGIN PGP")):
		return nil, fmt.Errorf("not an OpenPGP message: the file is %s", what)
	}
	return nil, errors.New("not an encrypted OpenPGP message, or a damaged one")
}

// decrypt tries what was given to maskrun, then gpg.
func (s *source) decrypt(ctx context.Context, sealed []byte) ([]byte, error) {
	if len(s.keys) > 0 || s.passphrase != nil {
		plain, err := s.own(sealed)
		if !errors.Is(err, errNoKey) {
			return plain, err
		}
	}
	return run(ctx, sealed)
}

// lists are the files in which tools name those who can open a file, looked for
// in its directory and above.
var lists = []struct{ name, hint string }{
	{".blackbox/blackbox-admins.txt", "the admins of this BlackBox can, and can add a key with blackbox_addadmin and blackbox_update_all_files"},
	{"keyrings/live/blackbox-admins.txt", "the admins of this BlackBox can, and can add a key with blackbox_addadmin and blackbox_update_all_files"},
	{".gpg-id", "an entry of pass: the keys named there can, and pass init adds one"},
}

// recipients says who can open a file, for an error; empty when no list is found.
func (s *source) recipients(name string) string {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		for _, l := range lists {
			list := path.Join(dir, l.name)
			if _, err := s.env.ReadFile(list); err == nil {
				return fmt.Sprintf(" (see %s: %s)", list, l.hint)
			}
		}
		if dir == path.Dir(dir) {
			return ""
		}
	}
}
