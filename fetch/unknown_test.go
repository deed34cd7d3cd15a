package fetch

import (
	"net/url"
	"testing"
)

// A typing error is told with what was meant, also of parameters that every store has.
func TestCheckParams(t *testing.T) {
	for _, c := range []struct {
		why, query string
		known      []string
		want       string // empty for none
	}{
		{"none", "", nil, ""},
		{"one of the store's", "version=1", []string{"version", "stage"}, ""},
		{"nearly one of the store's", "verison=1", []string{"version", "stage"}, `unknown parameter "verison": did you mean "version"?`},
		{"nearly one of everybody's", "optinal=true", []string{"version"}, `unknown parameter "optinal": did you mean "optional"?`},
		{"far from all", "zzzzzzzz=1", []string{"version"}, `unknown parameter "zzzzzzzz": known are version, decode, default, optional, trim`},
		{"one of another store's", "stage=1", nil, `unknown parameter "stage": known are decode, default, optional, trim`},
	} {
		params, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := CheckParams(params, c.known...); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
	}
	if got := Unknown("key", "x", nil).Error(); got != `unknown key "x": there is none` {
		t.Error(got)
	}
}
