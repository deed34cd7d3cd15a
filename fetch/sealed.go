package fetch

import "bytes"

// A seal is a way to encrypt files, told by the first bytes.
type seal struct {
	begins []string
	what   string
}

// seals are the ways that repositories use, each with what a person can do.
var seals = []seal{
	{[]string{"age-encryption.org/v1\n", "-----BEGIN AGE ENCRYPTED FILE-----"}, "encrypted with age: read it with age://"},
	{[]string{"$ANSIBLE_VAULT;"}, "encrypted with ansible-vault: read it with ansible-vault://"},
	{[]string{"Salted__", "U2FsdGVkX1"}, "encrypted by openssl enc: read it with openssl://"},
	{[]string{"-----BEGIN PGP MESSAGE-----"}, sealedPGP},
	{[]string{gitCrypt}, sealedGitCrypt},
}

const (
	sealedPGP      = "encrypted with OpenPGP, as gpg, BlackBox and pass do: read it with gpg://"
	sealedGitCrypt = "locked by git-crypt: run git-crypt unlock in the checkout first"
	gitCrypt       = "\x00GITCRYPT\x00"
)

// Sealed tells how data is encrypted and what to do about it, in words that go
// into an error after "the file is"; empty when it looks like none of the ways in
// use.
func Sealed(data []byte) string {
	head := bytes.TrimLeft(data, "\t\n\r ")
	for _, s := range seals {
		for _, b := range s.begins {
			if bytes.HasPrefix(head, []byte(b)) {
				return s.what
			}
		}
	}
	switch {
	case IsOpenPGP(data):
		return sealedPGP
	case bytes.Contains(data, []byte("ENC[AES256_GCM,data:")):
		return "encrypted with sops: read it with sops://"
	}
	return ""
}

// IsOpenPGP tells whether data begins with the packet that a binary OpenPGP message
// begins with: a session key for a public key (tag 1) or a passphrase (tag 3), of
// a version in use, under the old header or the new.
func IsOpenPGP(data []byte) bool {
	if len(data) < 6 {
		return false
	}
	version := 0
	switch data[0] {
	case 0x84, 0x8c, 0xc1, 0xc3: // a length of one byte; of two in the new header when it is 192 or more
		version = 2
		if data[0] >= 0xc0 && data[1] >= 192 {
			version = 3
		}
	case 0x85, 0x8d:
		version = 3
	default:
		return false
	}
	return data[version] >= 3 && data[version] <= 6
}
