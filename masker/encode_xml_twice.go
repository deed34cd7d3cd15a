package masker

// xmlTwice yields text that was escaped two times: HTML in a report that is XML,
// templates that escape what is escaped already. Both times with one set of
// spellings: quotes left alone, or as Python, Go and PHP have them.
func xmlTwice(v []byte, yield func([]byte)) {
	for _, s := range [][3]string{
		{"&gt;", "", ""},
		{"&gt;", "&quot;", "&#x27;"},
		{"&gt;", "&quot;", "&#39;"},
		{"&gt;", "&#34;", "&#39;"},
		{"&gt;", "&quot;", "&apos;"},
	} {
		yield(xmlEscape(xmlEscape(v, s[0], s[1], s[2], nil), s[0], s[1], s[2], nil))
	}
}
