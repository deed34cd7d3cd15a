package gpg

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/maskrun/maskrun/fetch"
)

// loadKeys reads the private keys that somebody named, unlocked.
func loadKeys(env fetch.Env, passphrase []byte) (openpgp.EntityList, error) {
	var all openpgp.EntityList
	add := func(by string, text []byte, err error) error {
		if err == nil {
			var keys openpgp.EntityList
			keys, err = parseKeys(text, passphrase)
			all = append(all, keys...)
			clear(text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", by, err)
		}
		return nil
	}
	if text := env.Getenv("MASKRUN_GPG_KEY"); text != "" {
		if err := add("MASKRUN_GPG_KEY", []byte(text), nil); err != nil {
			return nil, err
		}
	}
	if path := env.Getenv("MASKRUN_GPG_KEY_FILE"); path != "" {
		text, err := env.ReadKeyFile(path)
		if err := add("MASKRUN_GPG_KEY_FILE", text, err); err != nil {
			return nil, err
		}
	}
	if entry, ok := env.Config["key_file"]; ok {
		path, ok := entry.(string)
		if !ok || path == "" {
			return nil, errors.New("stores.gpg.key_file is not a file name")
		}
		text, err := env.ConfiguredFile()(path)
		if err := add("stores.gpg.key_file", text, err); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseKeys reads what gpg --export-secret-keys wrote, armored or not. The parser's
// errors can quote the key: ours do not.
func parseKeys(text, passphrase []byte) (openpgp.EntityList, error) {
	read := openpgp.ReadKeyRing
	if bytes.Contains(text, []byte("-----BEGIN PGP")) {
		read = openpgp.ReadArmoredKeyRing
	}
	keys, err := read(bytes.NewReader(text))
	if err != nil || len(keys) == 0 {
		return nil, fmt.Errorf("not an OpenPGP key, as gpg --export-secret-keys --armor writes it: %w", fetch.ErrDenied)
	}
	private := false
	for _, k := range keys {
		private = private || k.PrivateKey != nil
		if !locked(k) {
			continue
		}
		if passphrase == nil {
			return nil, fmt.Errorf("the key has a passphrase: set MASKRUN_GPG_PASSPHRASE: %w", fetch.ErrDenied)
		}
		if k.DecryptPrivateKeys(passphrase) != nil {
			return nil, fmt.Errorf("the passphrase given does not open the key: %w", fetch.ErrDenied)
		}
	}
	if !private {
		return nil, fmt.Errorf("the key is public: it cannot open anything: %w", fetch.ErrDenied)
	}
	return keys, nil
}

func locked(k *openpgp.Entity) bool {
	is := k.PrivateKey != nil && !k.PrivateKey.Dummy() && k.PrivateKey.Encrypted
	for _, sub := range k.Subkeys {
		is = is || sub.PrivateKey != nil && !sub.PrivateKey.Dummy() && sub.PrivateKey.Encrypted
	}
	return is
}

var errDamaged = errors.New("the OpenPGP message is damaged, or its integrity cannot be checked")

// own opens a message with the keys and the passphrase given to maskrun.
func (s *source) own(sealed []byte) (plain []byte, err error) {
	// A large foreign parser is fed with a stranger's file; what it says in a panic may quote it.
	defer func() {
		if recover() != nil {
			plain, err = nil, errDamaged
		}
	}()
	asked := false
	prompt := func([]openpgp.Key, bool) ([]byte, error) {
		if asked || s.passphrase == nil {
			return nil, pgperrors.ErrKeyIncorrect
		}
		asked = true
		return s.passphrase, nil
	}
	s.using.Lock()
	defer s.using.Unlock()
	limit := int64(fetch.MaxDocument + 1)
	m, err := openpgp.ReadMessage(bytes.NewReader(sealed), s.keys, prompt, &packet.Config{MaxDecompressedMessageSize: &limit})
	switch {
	case errors.Is(err, pgperrors.ErrKeyIncorrect):
		return nil, errNoKey
	case err != nil || !m.IsEncrypted && !m.IsSymmetricallyEncrypted:
		return nil, errDamaged
	}
	return bounded(m.UnverifiedBody)
}

// bounded reads to the end, where the integrity is checked.
func bounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, fetch.MaxDocument+1))
	switch {
	case len(data) > fetch.MaxDocument:
		clear(data)
		return nil, fmt.Errorf("larger than 1 MiB: %w", fetch.ErrDenied)
	case err != nil:
		clear(data)
		return nil, errDamaged
	}
	return data, nil
}
