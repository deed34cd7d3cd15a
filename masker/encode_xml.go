package masker

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// The spellings that XML and HTML writers choose from; "" leaves the byte as
// it is.
var (
	xmlGreater = []string{"&gt;", ""}
	xmlQuotes  = []string{"", "&quot;", "&#34;", "&#x22;"}
	xmlApos    = []string{"", "&apos;", "&#39;", "&#x27;", "&#039;"}
)

// xmlLines are the spellings of tab, line feed and carriage return: as they are;
// with the carriage return only (character data, where a reader would drop it);
// all three (attributes), in decimal, and in hexadecimal as Go, .NET and Java have it;
// and attributes whose tab is left alone.
var xmlLines = [][]string{
	{},
	{"\r", "&#13;"},
	{"\r", "&#xD;"},
	{"\t", "&#9;", "\n", "&#10;", "\r", "&#13;"},
	{"\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;"},
	{"\t", "&#x9;", "\n", "&#xa;", "\r", "&#xd;"},
	{"\t", "&#09;", "\n", "&#10;", "\r", "&#13;"}, // ElementTree
	{"\n", "&#10;", "\r", "&#13;"},
	{"\n", "&#xA;", "\r", "&#xD;"},
}

// htmlTemplates are template engines with pairs of their own: Go's html/template;
// Handlebars; mustache.js.
var htmlTemplates = [][]string{
	{"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "+", "&#43;"},
	{"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;", "`", "&#x60;", "=", "&#x3D;"},
	{"&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "`", "&#x60;", "=", "&#x3D;", "/", "&#x2F;"},
}

// xmlForms yields character data and attribute values (XML 1.0 §2.4, §3.3.3):
// & and < always escaped, the others and line ends in each spelling, all but
// ASCII as it is or as character references; and "]]>" as writers of CDATA
// sections divide it.
func xmlForms(v []byte, yield func([]byte)) {
	each := func(special string, all []string) []string {
		if bytes.Contains(v, []byte(special)) {
			return all
		}
		return all[:1]
	}
	lines := xmlLines
	if !bytes.ContainsAny(v, "\t\n\r") {
		lines = xmlLines[:1]
	}
	for _, gt := range each(">", xmlGreater) {
		for _, quote := range each(`"`, xmlQuotes) {
			for _, apos := range each("'", xmlApos) {
				for _, l := range lines {
					yieldWide(xmlEscape(v, gt, quote, apos, l), yield)
				}
			}
		}
	}
	for _, pairs := range htmlTemplates {
		yield(replace(v, pairs...))
	}
	if end := []byte("]]>"); bytes.Contains(v, end) {
		yield(bytes.ReplaceAll(v, end, []byte("]]]]><![CDATA[>")))
		yield(bytes.ReplaceAll(v, end, []byte("]]]]>]]&gt;<![CDATA[")))
	}
}

func xmlEscape(v []byte, gt, quote, apos string, lines []string) []byte {
	pairs := append([]string{"&", "&amp;", "<", "&lt;"}, lines...)
	for i, from := range []string{">", `"`, `'`} {
		if to := []string{gt, quote, apos}[i]; to != "" {
			pairs = append(pairs, from, to)
		}
	}
	return replace(v, pairs...)
}

// yieldWide yields v, and with all but ASCII as character references: decimal
// (Python's xmlcharrefreplace, ElementTree, libxml2), hexadecimal.
func yieldWide(v []byte, yield func([]byte)) {
	yield(v)
	if !bytes.ContainsFunc(v, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return
	}
	for _, format := range []string{"&#%d;", "&#x%X;", "&#x%x;"} {
		var out []byte
		for _, r := range string(v) {
			if r < utf8.RuneSelf {
				out = append(out, byte(r))
			} else {
				out = fmt.Appendf(out, format, r)
			}
		}
		yield(out)
	}
}
