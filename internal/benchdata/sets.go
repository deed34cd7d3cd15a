// Package benchdata makes the texts and the needles of the benchmarks. Everything has
// a fixed seed: two runs, on two machines, measure the same bytes.
package benchdata

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"unicode/utf16"
)

// A Set is what is looked for.
type Set struct {
	Name    string
	Needles [][]byte

	// AllForms tells that the needles are values, to be looked for in all forms
	// that maskrun derives. No peer derives any.
	AllForms bool
}

// Sets returns S1: 10 values of at least 16 bytes; S2: 100 secrets in about 12
// forms each, the shortest of 8 bytes; S3: 1,000 secrets likewise; S4: 1,000
// secrets in all forms.
func Sets() []Set {
	return []Set{
		{Name: "S1", Needles: secrets(10, 16)},
		{Name: "S2", Needles: twelveForms(secrets(100, 8))},
		{Name: "S3", Needles: twelveForms(secrets(1000, 8))},
		{Name: "S4", Needles: secrets(1000, 8), AllForms: true},
	}
}

// Periodic returns s with the needle a…ab of 2,001 bytes, the classic trap for
// whoever starts a verification anew at every byte of a text a…a.
func Periodic(s Set) Set {
	needles := append([][]byte(nil), s.Needles...)
	s.Needles = append(needles, []byte(strings.Repeat("a", 2000)+"b"))
	return s
}

// Tokens returns n random values of size bytes.
func Tokens(n, size int) [][]byte {
	r := rand.New(rand.NewPCG(uint64(n), uint64(size)))
	var l [][]byte
	for range n {
		l = append(l, token(r, size))
	}
	return l
}

// Key returns a private key of about size bytes, in lines of 64.
func Key(size int) []byte { return key(rand.New(rand.NewPCG(uint64(size), 9)), size) }

// secrets is a mixture as jobs have it: tokens, connection strings, keys of
// several lines, and passwords if they may be as short as that.
func secrets(n, shortest int) [][]byte {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	var l [][]byte
	for i := range n {
		v := token(r, 16+r.IntN(40))
		switch {
		case i%10 == 3:
			v = fmt.Appendf(nil, "postgres://svc:%s@db-%d.example:5432/app", url.QueryEscape(string(v)), i)
		case i%50 == 7 && n > 10:
			v = key(r, 1700)
		case i%10 == 9 && shortest < 16:
			v = v[:shortest+r.IntN(16-shortest)]
		}
		l = append(l, v)
	}
	return l
}

const tokenBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

func token(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = tokenBytes[r.IntN(len(tokenBytes))]
	}
	return b
}

func key(r *rand.Rand, size int) []byte {
	body := base64.StdEncoding.EncodeToString(random(r, size*3/4))
	var b strings.Builder
	b.WriteString("-----BEGIN PRIVATE KEY-----\n")
	for len(body) > 64 {
		b.WriteString(body[:64] + "\n")
		body = body[64:]
	}
	b.WriteString(body + "\n-----END PRIVATE KEY-----\n")
	return []byte(b.String())
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// twelveForms spells each value in the ways that logs show most: as it is, in
// hex of five kinds, in base64 whole, at each alignment and in both alphabets, in
// percent and in UTF-16. Spellings that are equal count once.
func twelveForms(values [][]byte) (needles [][]byte) {
	seen := map[string]bool{}
	for _, v := range values {
		for _, f := range forms(v) {
			if len(f) >= 8 && !seen[f] {
				seen[f] = true
				needles = append(needles, []byte(f))
			}
		}
	}
	return needles
}

func forms(v []byte) []string {
	lower := hex.EncodeToString(v)
	l := []string{
		string(v), lower, strings.ToUpper(lower),
		byByte(lower, "", ":"), byByte(lower, "", " "), byByte(lower, `\x`, ""), byByte(strings.ToUpper(lower), "%", ""),
		base64.StdEncoding.EncodeToString(v), url.QueryEscape(string(v)), wide(v),
	}
	for offset := range 3 {
		std := aligned(v, offset)
		l = append(l, std, strings.NewReplacer("+", "-", "/", "_").Replace(std))
	}
	return l
}

// byByte puts something before each byte's two digits, and something between.
func byByte(digits, before, between string) string {
	var l []string
	for i := 0; i < len(digits); i += 2 {
		l = append(l, before+digits[i:i+2])
	}
	return strings.Join(l, between)
}

// aligned is what v is sure to look like in base64 when offset bytes stand
// before it: the characters that v alone determines.
func aligned(v []byte, offset int) string {
	s := base64.RawStdEncoding.EncodeToString(append(make([]byte, offset), v...))
	from := (8*offset + 5) / 6
	to := 8 * (offset + len(v)) / 6
	return s[from:to]
}

func wide(v []byte) string {
	var b bytes.Buffer
	for _, u := range utf16.Encode([]rune(string(v))) {
		b.Write([]byte{byte(u), byte(u >> 8)})
	}
	return b.String()
}
