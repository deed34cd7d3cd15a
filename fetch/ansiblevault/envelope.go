package ansiblevault

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
)

// magic begins every file and value that ansible-vault made.
const magic = "$ANSIBLE_VAULT;"

// What ansible-vault derives from a password: two keys and the counter's start.
const (
	rounds  = 10000
	keySize = 32
)

var (
	errPassword = errors.New("the password is another one, or the file was changed")
	errDamaged  = errors.New("the ansible-vault file is damaged or cut short")
)

// An envelope is one encrypted file or value.
type envelope struct {
	id              string // vault id; empty in format 1.1
	salt, mac, body []byte
}

// parse reads the header line and, below it, hexadecimal of three lines that are
// hexadecimal themselves: salt, HMAC, ciphertext.
func parse(sealed []byte) (envelope, error) {
	header, rest, _ := bytes.Cut(bytes.TrimSpace(sealed), []byte("\n"))
	id, err := parseHeader(strings.TrimSpace(string(header)))
	if err != nil {
		return envelope{}, err
	}
	outer, err := hex.AppendDecode(nil, bytes.Join(bytes.Fields(rest), nil))
	if err != nil {
		return envelope{}, errDamaged
	}
	parts := bytes.Split(outer, []byte("\n"))
	if len(parts) != 3 {
		return envelope{}, errDamaged
	}
	for i, p := range parts {
		if parts[i], err = hex.AppendDecode(nil, p); err != nil {
			return envelope{}, errDamaged
		}
	}
	e := envelope{id, parts[0], parts[1], parts[2]}
	if len(e.salt) == 0 || len(e.mac) != sha256.Size || len(e.body) == 0 || len(e.body)%aes.BlockSize != 0 {
		return envelope{}, errDamaged
	}
	return e, nil
}

// parseHeader reads $ANSIBLE_VAULT;1.1;AES256 or $ANSIBLE_VAULT;1.2;AES256;ID.
func parseHeader(header string) (id string, err error) {
	fields := strings.Split(header, ";")
	switch {
	case fields[0] != "$ANSIBLE_VAULT" || len(fields) < 3:
		return "", errors.New("not made by ansible-vault: its first line is no header of ansible-vault")
	case fields[2] != "AES256":
		return "", errors.New("the cipher of this ansible-vault file is not AES256: ansible-vault rekey makes one that is")
	case fields[1] == "1.1" && len(fields) == 3:
		return "", nil
	case fields[1] == "1.2" && len(fields) == 4:
		return strings.TrimSpace(fields[3]), nil
	}
	return "", errors.New("the format of this ansible-vault file is neither 1.1 nor 1.2")
}

// open checks the HMAC with the password, and only then decrypts.
func (e envelope) open(password []byte) ([]byte, error) {
	keys, err := pbkdf2.Key(sha256.New, string(password), e.salt, rounds, 2*keySize+aes.BlockSize)
	if err != nil {
		return nil, errDamaged
	}
	defer clear(keys)
	mac := hmac.New(sha256.New, keys[keySize:2*keySize])
	mac.Write(e.body)
	if !hmac.Equal(mac.Sum(nil), e.mac) {
		return nil, errPassword
	}
	block, err := aes.NewCipher(keys[:keySize])
	if err != nil {
		return nil, errDamaged
	}
	plain := make([]byte, len(e.body))
	cipher.NewCTR(block, keys[2*keySize:]).XORKeyStream(plain, e.body)
	return unpad(plain)
}

// unpad removes the padding of PKCS #7. The HMAC has vouched for it: nobody can probe it.
func unpad(plain []byte) ([]byte, error) {
	n := int(plain[len(plain)-1])
	if n == 0 || n > aes.BlockSize || slices.ContainsFunc(plain[len(plain)-n:], func(b byte) bool { return int(b) != n }) {
		clear(plain)
		return nil, errDamaged
	}
	return plain[:len(plain)-n], nil
}

// idText names the vault id for an error, as far as it is a name.
func (e envelope) idText() string {
	if e.id == "" || len(e.id) > 64 || strings.ContainsFunc(e.id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return " (its vault id is " + e.id + ")"
}
