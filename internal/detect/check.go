package detect

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"strconv"
	"strings"
)

// checks are the conditions that a match must pass beyond its pattern.
var checks = []struct {
	name string
	what string
	pass func(token []byte) bool
}{
	{"crc32-base62", "the last six characters are the CRC-32 of those behind the prefix, in base 62", crcBase62},
	{"crc32-base36", "the last seven characters are the CRC-32 of all before, in base 36, and the two before them the length of the payload", crcBase36},
	{"crc32-hex", "the last eight characters are the CRC-32 of all before the last underscore, in hexadecimal, low byte first", crcHex},
	{"bech32", "the last six characters are a Bech32 checksum", bech32},
	{"jose-header", "the first part decodes to a JSON object that names an algorithm", joseHeader},
	{"snowflake", "the first part decodes to a number of 17 to 20 digits", snowflake},
	{"mixed", "letters and digits, and at least ten different characters behind the prefix", mixed},
	{"scrambled", "capitals, small letters and digits change places at least nine times, as they do not in a name like readLengthPrefixed", scrambled},
	{"not-example", "does not end with EXAMPLE, as in AWS's documentation", notExample},
	{"not-placeholder", "the password is no *** or xxx, no variable, and not the word password", notPlaceholder},
}

// checkNamed returns the check of that name; nil if the name is empty.
func checkNamed(name string) func(token []byte) bool {
	for _, c := range checks {
		if c.name == name {
			return c.pass
		}
	}
	return nil
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// toBase62 writes n with six digits.
func toBase62(n uint32) string {
	var digits [6]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[n%62]
		n /= 62
	}
	return string(digits[:])
}

func crcBase62(token []byte) bool {
	_, body, _ := bytes.Cut(token, []byte("_"))
	if len(body) < 7 {
		return false
	}
	n := len(body) - 6
	return toBase62(crc32.ChecksumIEEE(body[:n])) == string(body[n:])
}

// toBase36 writes n with the given number of digits at least.
func toBase36(n uint64, digits int) string {
	s := strconv.FormatUint(n, 36)
	return strings.Repeat("0", max(0, digits-len(s))) + s
}

func crcBase36(token []byte) bool {
	dot := bytes.IndexByte(token, '.')
	dash := bytes.IndexByte(token, '-')
	n := len(token) - 7
	if dot < 0 || n < 2 {
		return false
	}
	payload := token[dash+1 : dot]
	if payload[0] == 't' && payload[2] == '_' && len(payload) > 29 {
		payload = payload[3:] // a runner's kind, glrt-t1_
	}
	return toBase36(uint64(len(payload)), 2) == string(token[n-2:n]) &&
		toBase36(uint64(crc32.ChecksumIEEE(token[:n])), 7) == string(token[n:])
}

func crcHex(token []byte) bool {
	n := len(token) - 9
	if n < 0 {
		return false
	}
	sum := crc32.ChecksumIEEE(token[:n])
	low := []byte{byte(sum), byte(sum >> 8), byte(sum >> 16), byte(sum >> 24)}
	return hex.EncodeToString(low) == string(token[n+1:])
}

const bech32Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// bech32 checks an upper-case string as BIP 173 describes it.
func bech32(token []byte) bool {
	text := strings.ToLower(string(token))
	one := strings.LastIndexByte(text, '1')
	if one < 1 || len(text)-one < 7 {
		return false
	}
	var values []byte
	for _, b := range []byte(text[:one]) {
		values = append(values, b>>5)
	}
	values = append(values, 0)
	for _, b := range []byte(text[:one]) {
		values = append(values, b&31)
	}
	for _, b := range []byte(text[one+1:]) {
		values = append(values, byte(strings.IndexByte(bech32Alphabet, b)))
	}
	return polymod(values) == 1
}

// polymod is the remainder of BIP 173's code.
func polymod(values []byte) uint32 {
	sum := uint32(1)
	for _, v := range values {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ uint32(v)
		for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}

func joseHeader(token []byte) bool {
	part, _, _ := bytes.Cut(token, []byte("."))
	text, err := base64.RawURLEncoding.DecodeString(string(part))
	if err != nil {
		return false
	}
	var header struct {
		Alg string `json:"alg"`
	}
	return json.Unmarshal(text, &header) == nil && header.Alg != ""
}

func snowflake(token []byte) bool {
	part, _, _ := bytes.Cut(token, []byte("."))
	id, err := base64.RawStdEncoding.DecodeString(string(part))
	if err != nil || len(id) < 17 || len(id) > 20 {
		return false
	}
	_, err = strconv.ParseUint(string(id), 10, 64)
	return err == nil
}

func mixed(token []byte) bool {
	body := token[min(3, len(token)):]
	digits, letters, different := 0, 0, 0
	var seen byteSet
	for _, b := range body {
		if !seen.has(b) {
			seen.addRange(b, b)
			different++
		}
		switch {
		case b >= '0' && b <= '9':
			digits++
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
			letters++
		}
	}
	return digits > 0 && letters > 0 && different >= 10
}

func scrambled(token []byte) bool {
	changes := 0
	for i := 3; i < len(token); i++ {
		if kindOf(token[i]) != kindOf(token[i-1]) {
			changes++
		}
	}
	return changes >= 9
}

func kindOf(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return 0
	case b >= 'A' && b <= 'Z':
		return 1
	}
	return 2
}

func notExample(token []byte) bool { return !bytes.HasSuffix(token, []byte("EXAMPLE")) }

// notPlaceholder looks at the password in ://user:password@h.
func notPlaceholder(token []byte) bool {
	userinfo, _, _ := strings.Cut(strings.TrimPrefix(string(token), "://"), "@")
	_, word, _ := strings.Cut(userinfo, ":")
	if strings.Trim(word, word[:1]) == "" || word[0] == '$' {
		return false
	}
	switch strings.ToLower(word) {
	case "password", "passwd", "pass", "pwd", "secret", "redacted", "masked", "token", "your_password", "yourpassword":
		return false
	}
	return !strings.HasPrefix(word, "%7B") && !strings.HasPrefix(word, "%24") && !strings.HasPrefix(word, "%3C")
}
