package masker

// rareSets are those of functions met less often in logs.
var rareSets = []string{
	unreserved + ";,/?:@&=+$#!'()*",         // JavaScript encodeURI
	unreserved + "!#$%&'()*+,/:;=?@[]",      // Python requests, requote_uri
	unreserved + " +",                       // SQLAlchemy 2, password in URL.render_as_string
	unreserved + "$&+,/:;=@",                // Go url.URL's path
	"-._*",                                  // application/x-www-form-urlencoded (WHATWG URL §5), Java URLEncoder
	"-._",                                   // PHP urlencode
	"-._!*()",                               // .NET HttpUtility.UrlEncode
	unreserved + "!$%&'()*+,",               // WHATWG userinfo: "%" is left alone
	unreserved + "!$%&'()*+,/:;=@[\\]|",     // WHATWG path
	unreserved + "!$%&()*+,/:;=?@[\\]^`{|}", // WHATWG query of a special URL
	unreserved + "!$&'()*+,;=:@/",           // RFC 3986 path
	unreserved + "!$&'()*+,;=:@/?",          // RFC 3986 query and fragment
	unreserved + "!$&'()*+,;=:@/?[]",        // curl and others that keep brackets
	"",                                      // everything but letters and digits
}

// percentRare yields percent-encoding with each set of rareSets, digits upper
// and lower case, and with "+" for a blank.
func percentRare(v []byte, yield func([]byte)) { percentAll(v, rareSets, yield) }
