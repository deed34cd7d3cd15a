package masker

import (
	"slices"
	"strings"
	"testing"
)

// The machine of the second view, by what a terminal shows of a text. The same
// machine is in the oracle, written anew; here stands what both must say.
func TestMachine(t *testing.T) {
	digits := func(n int) string { return strings.Repeat("1", n) }
	for _, c := range []struct{ why, in, visible string }{
		{"plain text", "abc", "abc"},
		{"a colour", "a\x1b[31mb", "ab"},
		{"arguments, intermediates and a final byte", "a\x1b[?25;1 @b", "ab"},
		{"64 arguments", "a\x1b[" + digits(64) + "mb", "ab"},
		{"the 65th is visible and ends the sequence", "a\x1b[" + digits(65) + "mb", "a1mb"},
		{"a byte that no sequence has is visible and ends it", "a\x1b[3\nmb", "a\nmb"},
		{"an escape of two bytes", "a\x1bcb", "ab"},
		{"with an intermediate", "a\x1b(Bb", "ab"},
		{"a line feed ends an escape, and is visible", "a\x1b\nb", "a\nb"},
		{"the payload of a hyperlink", "\x1b]8;;http://x\x1b\\y", "8;;http://xy"},
		{"the payload of a title", "\x1b]0;t\x07y", "0;t\x07y"},
		{"ESC in a sequence is visible and ends it", "a\x1b[3\x1b[mb", "a\x1b[mb"},
		{"9B begins one", "a\x9b31mb", "ab"},
		{"9B that UTF-8 announced is a letter", "a\xd1\x9b31mb", "a\xd1\x9b31mb"},
		{"the third of three bytes", "\xe2\x82\x9b1m", "\xe2\x82\x9b1m"},
		{"the fourth of four", "\xf0\x9f\x98\x9b1m", "\xf0\x9f\x98\x9b1m"},
		{"9B behind a whole letter begins one", "\xc3\xa9\x9b1mb", "\xc3\xa9b"},
		{"another byte cancels what was announced", "\xe2a\x9b1mb", "\xe2ab"},
		{"C0 and C1 announce nothing", "\xc1\x9b1mb", "\xc1b"},
	} {
		var m machine
		var got []byte
		for _, b := range []byte(c.in) {
			if m.visible(b) {
				got = append(got, b)
			}
		}
		if string(got) != c.visible {
			t.Errorf("%s: of %q is visible %q, want %q", c.why, c.in, got, c.visible)
		}
		var o []byte
		for _, g := range visibleView([]byte(c.in)) {
			o = append(o, g.b)
		}
		if string(o) != c.visible {
			t.Errorf("%s: the oracle says %q", c.why, o)
		}
	}
}

// What makes a value's forms, rule by rule: each has a case that fails without it.
func TestRulesOfForms(t *testing.T) {
	account := `{"type": "service_account", "private_key_id": "9f8e7d6c5b4a39281706", "admin": "localhost",` +
		`"token_uri": "https://oauth2.googleapis.com/token", "client_email": "ci@project.iam.example.com", "n": ["Kestrel-77-vermilion"]}`
	key := "-----BEGIN PRIV" + "ATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n{\n}\n== == ==\n-----END PRIV" + "ATE KEY-----\n"
	for _, c := range []struct{ why, value, in, want string }{
		{"short lines with other line ends", "abcd\nefgh", "x abcd\r\nefgh y", "x *** y"},
		{"and the reverse", "abcd\r\nefgh", "x abcd\nefgh y", "x *** y"},
		{"a line of a value", key, "MIIEvQIBADANBgkqhkiG9w0BAQEF", "***"},
		{"the armor of a key is public", key, "see -----BEGIN PRIV" + "ATE KEY-----", "see -----BEGIN PRIV" + "ATE KEY-----"},
		{"brackets are no lines", key, "{\n}\n", "{\n}\n"},
		{"six letters or digits at least", key, "== == ==", "== == =="},
		{"the inside of quotes", `"Kestrel-77"`, "it is Kestrel-77.", "it is ***."},
		{"a string of a JSON document", account, "id 9f8e7d6c5b4a39281706", "id ***"},
		{"in a list too", account, "Kestrel-77-vermilion", "***"},
		{"an address without credentials is none", account, "GET https://oauth2.googleapis.com/token", "GET https://oauth2.googleapis.com/token"},
		{"nor is an e-mail address", account, "to ci@project.iam.example.com", "to ci@project.iam.example.com"},
		{"nor a word that is common", account, "at localhost", "at localhost"},
		{"the line end that a value came with, in base64", "Kestrel-77\n", "S2VzdHJlbC03Nwo=", "***"},
		{"a form under 8 bytes is none", "pass/wd", "cGFzcy93ZA==", "cGFzcy93ZA=="},
	} {
		m := newMasker(t, nil, c.value)
		if got := streamAll(t, m, c.in); got != c.want {
			t.Errorf("%s: %q came out as %q, want %q", c.why, c.in, got, c.want)
		}
	}
}

// Of two values that end at one place both are told, the longer one first.
func TestHitsInsideEachOther(t *testing.T) {
	var got []string
	m := newMasker(t, &Options{OnHit: func(h Hit) { got = append(got, h.Name) }}, "vermilion-Kestrel-77", "Kestrel-77")
	for _, in := range []string{"a vermilion-Kestrel-77.", "a vermilion-\x1b[mKestrel-77."} {
		got = nil
		stream(t, m, in)
		if want := []string{"V0", "V1"}; !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}
