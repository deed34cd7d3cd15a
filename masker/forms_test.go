package masker

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// What a value costs: the number of its forms and their bytes.
func TestFormBudget(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	random := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(base64Digits[rng.IntN(len(base64Digits))])
		}
		return b.String()
	}
	key := "-----BEGIN RSA PRIVATE KEY-----\n" + fold(random(2950), 64, "\n") + "\n-----END RSA PRIVATE KEY-----\n"
	for _, c := range []struct {
		why, value   string
		forms, bytes int
	}{
		{"40 letters and digits", "ghp7Qx2vLr9TfKd3WmZs8HnBc5YtJp1GaEu4RoXi", 40, 3400},
		{"40 characters of base64, + and / among them", "Zq/+" + random(36), 90, 8 << 10},
		{"every quote and reserved character", "a'b\"c`d:/?#[]!$&()*+,;=<>%^|\\{}~ @é77", 900, 64 << 10},
		{"a key of 3 KB", key, 1500, 700 << 10},
	} {
		f, err := derive([]Value{{"V", []byte(c.value)}}, &Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes, %d forms of %d bytes", c.why, len(c.value), len(f.text), f.size)
		if len(f.text) > c.forms || f.size > c.bytes {
			t.Errorf("%s: %d forms of %d bytes, want at most %d and %d", c.why, len(f.text), f.size, c.forms, c.bytes)
		}
		if len(f.skipped) > 0 {
			t.Errorf("%s: skipped %v", c.why, f.skipped)
		}
	}
}

// What a form must not be: no value is worth hiding every blank line, or a word
// that half of all logs have.
func TestFormsThatHideTooMuch(t *testing.T) {
	for _, c := range []struct{ why, value, in string }{
		{"echo -e of line feeds", `\n\n\n\n\n\n\n\n\n\n\n\n`, "a" + strings.Repeat("\n", 20) + "b"},
		{"a stop-listed word, once a shell has read it", `local\host`, "http://localhost:8080/"},
		{"another, once cmd has", "u^nd^efined", "TypeError: undefined is not a function"},
		{"echo -e of blanks and little else", `a\t\t\t\t\t\t\t\t\t`, "a\t\t\t\t\t\t\t\t\t\tb"},
		{"the armour of every key", "-----BEGIN EC PRIVATE KEY-----\n" + strings.Repeat("q7Zx", 12) + "\n-----END EC PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got := stream(t, newMasker(t, nil, c.value), c.in); got != c.in {
				t.Errorf("got %q", got)
			}
		})
	}
}

func BenchmarkDeriveToken(b *testing.B) {
	for b.Loop() {
		if _, err := derive([]Value{{"V", []byte("ghp_Qx2vLr9TfKd3WmZs8HnBc5YtJp1GaEu4RoX")}}, &Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
