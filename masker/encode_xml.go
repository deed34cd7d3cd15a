package masker

import "strings"

// The spellings of a quote, an apostrophe and a line end that XML and HTML
// writers choose from; "" leaves the byte as it is.
var (
	xmlQuotes   = []string{"", "&quot;", "&#34;", "&#x22;"}
	xmlApos     = []string{"", "&apos;", "&#39;", "&#x27;", "&#039;"}
	xmlNewlines = []string{"", "&#10;", "&#xA;", "&#xa;"}
)

// xmlForms yields character data and attribute values: & and < always escaped,
// > mostly, quotes and line ends in each spelling (Python html.escape and
// saxutils, Go html and encoding/xml, PHP, Jackson, browsers).
func xmlForms(v []byte, yield func([]byte)) {
	for _, gt := range []string{"&gt;", ""} {
		for _, quote := range xmlQuotes {
			for _, apos := range xmlApos {
				for _, nl := range xmlNewlines {
					yield(xmlEscape(v, gt, quote, apos, nl))
				}
			}
		}
	}
}

// xmlEscape writes tab and carriage return in the manner of nl.
func xmlEscape(v []byte, gt, quote, apos, nl string) []byte {
	pairs := []string{"&", "&amp;", "<", "&lt;"}
	add := func(from, to string) {
		if to != "" {
			pairs = append(pairs, from, to)
		}
	}
	add(">", gt)
	add(`"`, quote)
	add(`'`, apos)
	switch nl {
	case "&#10;":
		pairs = append(pairs, "\n", nl, "\r", "&#13;", "\t", "&#9;")
	case "&#xA;":
		pairs = append(pairs, "\n", nl, "\r", "&#xD;", "\t", "&#x9;")
	case "&#xa;":
		pairs = append(pairs, "\n", nl, "\r", "&#xd;", "\t", "&#x9;")
	}
	return []byte(strings.NewReplacer(pairs...).Replace(string(v)))
}
