package masker

import (
	"bytes"
	"strings"
)

// unreserved is RFC 3986 §2.3 without letters and digits, which every set keeps.
const unreserved = "-._~"

// percentSets are the bytes that common functions leave as they are, besides
// letters and digits.
var percentSets = []string{
	unreserved,                  // RFC 3986; Python quote(safe=''), quote_plus; Go QueryEscape; jq @uri since 1.7; curl
	unreserved + "!'()*",        // JavaScript encodeURIComponent; jq @uri up to 1.6; Perl URI::Escape
	unreserved + "/",            // Python quote
	unreserved + "$&+=:@",       // Go PathEscape
	unreserved + "!$&'()*+,;=",  // RFC 3986 §3.2.1 userinfo without its colon
	unreserved + "$&+,;=",       // Go url.UserPassword
	unreserved + "!$&'()*+,;=:", // RFC 3986 §3.2.1 userinfo
}

// percentForms yields percent-encoding (RFC 3986 §2.1) with each set of
// percentSets, digits upper and lower case, and with "+" for a blank.
func percentForms(v []byte, yield func([]byte)) { percentAll(v, percentSets, yield) }

func percentAll(v []byte, sets []string, yield func([]byte)) {
	for _, keep := range sets {
		for _, digits := range []string{upperHex, lowerHex} {
			p := percent(v, keep, digits)
			yield(p)
			if bytes.IndexByte(v, ' ') >= 0 {
				yield(bytes.ReplaceAll(p, []byte("%20"), []byte("+")))
			}
		}
	}
}

func percent(v []byte, keep, digits string) []byte {
	out := make([]byte, 0, len(v)+len(v)/4)
	for _, b := range v {
		if isAlnum(b) || strings.IndexByte(keep, b) >= 0 {
			out = append(out, b)
		} else {
			out = append(out, '%', digits[b>>4], digits[b&15])
		}
	}
	return out
}
