//go:build servers

package openssl_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// Files that the real openssl makes now, around the size of a block.
func TestRealOpenSSL(t *testing.T) {
	for _, c := range []struct{ why, text, args, query string }{
		{"nothing", "", "-aes-256-cbc -pbkdf2", ""},
		{"15 bytes", strings.Repeat("x", 15), "-aes-256-cbc -pbkdf2", ""},
		{"16 bytes", strings.Repeat("\x10", 16), "-aes-256-cbc -pbkdf2", ""},
		{"17 bytes", strings.Repeat("x", 17), "-aes-256-cbc -pbkdf2 -salt", ""},
		{"long, base64", strings.Repeat("ä line\n", 9999), "-aes-256-cbc -pbkdf2 -a", ""},
		{"base64 on one line", "text", "-aes-256-cbc -pbkdf2 -a -A", ""},
		{"rounds", "text", "-aes-256-cbc -pbkdf2 -iter 100000", "iter=100000"},
		{"sha1", "text", "-aes-192-cbc -pbkdf2 -md sha1", "md=sha1&cipher=aes-192-cbc"},
		{"sha384", "text", "-aes-128-cbc -pbkdf2 -md sha384", "md=sha384&cipher=aes-128-cbc"},
	} {
		t.Run(c.why, func(t *testing.T) {
			cmd := exec.Command("openssl", append(append([]string{"enc"}, strings.Fields(c.args)...), "-pass", "env:WORD")...)
			cmd.Env = append(cmd.Environ(), "WORD=pässword ")
			cmd.Stdin = strings.NewReader(c.text)
			var sealed bytes.Buffer
			cmd.Stdout = &sealed
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			vars := map[string]string{"MASKRUN_OPENSSL_PASSWORD": "pässword "}
			got, err := read(t, fetch.Env{Root: fetchtest.Root(t, map[string][]byte{"f": sealed.Bytes()}), Getenv: fetchtest.Getenv(vars)}, "f", c.query)
			if err != nil || got != c.text {
				t.Errorf("another text, error %v", err)
			}
		})
	}
}
