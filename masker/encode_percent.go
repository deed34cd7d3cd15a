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
	unreserved,                  // RFC 3986; Python quote(safe=''), quote_plus; Go QueryEscape
	unreserved + "!'()*",        // JavaScript encodeURIComponent
	unreserved + "/",            // Python quote
	unreserved + "$&+=:@",       // Go PathEscape
	unreserved + "!$&'()*+,;=",  // RFC 3986 userinfo
	unreserved + "$&+,;=",       // Go url.UserPassword
	unreserved + "!$&'()*+,;=:", // RFC 3986 userinfo with a password's colon
}

// rareSets are those of functions met less often in logs.
var rareSets = []string{
	unreserved + ";,/?:@&=+$#!'()*",  // JavaScript encodeURI
	"-._*",                           // application/x-www-form-urlencoded (WHATWG URL §1.3), Java URLEncoder
	"-._",                            // PHP urlencode
	unreserved + "!$&'()*+,%",        // WHATWG userinfo: "%" is left alone
	unreserved + "!$&'()*+,;=:@/",    // RFC 3986 path
	unreserved + "!$&'()*+,;=:@/?",   // RFC 3986 query and fragment
	unreserved + "!$&'()*+,;=:@/?[]", // curl and others that keep brackets
	"",                               // everything but letters and digits: jq @uri of old, ASP
}

// percentForms yields percent-encoding (RFC 3986 §2.1) with each set of
// percentSets, upper and lower case, and with "+" for a blank.
func percentForms(v []byte, yield func([]byte)) { percentAll(v, percentSets, yield) }

// percentRare does so with rareSets.
func percentRare(v []byte, yield func([]byte)) { percentAll(v, rareSets, yield) }

// percentTwice yields percent-encoding of percent-encoding: a URL in a URL.
func percentTwice(v []byte, yield func([]byte)) {
	percentAll(v, percentSets, func(once []byte) {
		if bytes.IndexByte(once, '%') >= 0 {
			yield(bytes.ReplaceAll(once, []byte("%"), []byte("%25")))
		}
	})
}

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
	out := make([]byte, 0, len(v))
	for _, b := range v {
		if isWord(b) && b != '_' || strings.IndexByte(keep, b) >= 0 {
			out = append(out, b)
		} else {
			out = append(out, '%', digits[b>>4], digits[b&15])
		}
	}
	return out
}
