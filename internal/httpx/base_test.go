package httpx_test

import (
	"strings"
	"testing"

	"github.com/maskrun/maskrun/internal/httpx"
)

// FAULTS 88: a token goes where the environment or a trusted configuration says.
func TestBase(t *testing.T) {
	for _, c := range []struct {
		why, config, environ, standard string
		trusted                        bool
		want, err                      string
	}{
		{"the service's own", "", "", "https://api.example.com", false, "https://api.example.com", ""},
		{"the environment's", "", "https://Own.example.com/", "https://api.example.com", false, "https://own.example.com", ""},
		{"a host alone", "", "own.example.com:8443", "", false, "https://own.example.com:8443", ""},
		{"the configuration's, trusted", "https://c.example.com/base/", "https://own.example.com", "", true, "https://c.example.com/base", ""},
		{"the configuration repeats the environment", "https://own.example.com/", "https://own.example.com", "", false, "https://own.example.com", ""},
		{"the configuration repeats the standard", "https://api.example.com", "", "https://api.example.com", false, "https://api.example.com", ""},
		{"the configuration chose it alone", "https://evil.example.com", "", "https://api.example.com", false, "", "set VAR too, or use --trust-config"},
		{"against the environment", "https://evil.example.com", "https://own.example.com", "", false, "", "set VAR too"},
		{"http on this machine", "", "http://127.0.0.1:8080", "", false, "http://127.0.0.1:8080", ""},
		{"http elsewhere", "", "http://own.example.com", "", false, "", "VAR: not an https address"},
		{"with a password", "", "https://u:p@own.example.com", "", false, "", "VAR: not an address"},
		{"with a query", "https://own.example.com?x", "", "", true, "", "KEY: not an address"},
		{"none", "", "", "", true, "", "no address: set VAR, or KEY"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := httpx.Base{Config: c.config, Key: "KEY", Environ: c.environ, Variable: "VAR", Standard: c.standard}.Address(c.trusted)
			if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}
