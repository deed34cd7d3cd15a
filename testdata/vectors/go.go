// The forms of Go's standard library; foreign.py says how it is spoken to.
package main

import (
	"bufio"
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html"
	"html/template"
	"log/slog"
	"net/url"
	"os"
	"regexp"
	"strings"
)

type form struct {
	name   string
	align  int
	decode string
	quotes [][2]string
	f      func(s string) string
}

var str = [][2]string{{`"`, `"`}}

var forms = []form{
	{"%q", 1, "", str, func(s string) string { return fmt.Sprintf("%q", s) }},
	{"%+q", 1, "", str, func(s string) string { return fmt.Sprintf("%+q", s) }},
	{"%x", 1, "hex", nil, func(s string) string { return fmt.Sprintf("%x", s) }},
	{"%X", 1, "hex", nil, func(s string) string { return fmt.Sprintf("%X", s) }},
	{"% x", 1, "hex", nil, func(s string) string { return fmt.Sprintf("% x", s) }},
	{"% X", 1, "hex", nil, func(s string) string { return fmt.Sprintf("% X", s) }},
	{"hex.EncodeToString", 1, "hex", nil, func(s string) string { return hex.EncodeToString([]byte(s)) }},
	{"url.QueryEscape", 1, "percent", nil, url.QueryEscape},
	{"url.PathEscape", 1, "percent", nil, url.PathEscape},
	{"url.UserPassword", 1, "percent", [][2]string{{"u:", ""}}, func(s string) string { return url.UserPassword("u", s).String() }},
	{"url.URL path", 1, "percent", [][2]string{{"/", ""}}, func(s string) string { return (&url.URL{Path: "/" + s}).String() }},
	{"url.QueryEscape twice", 1, "", nil, func(s string) string { return url.QueryEscape(url.QueryEscape(s)) }},
	{"html.EscapeString", 1, "", nil, html.EscapeString},
	{"html/template text", 1, "", nil, render(`{{.}}`)},
	{"html/template attribute", 1, "", [][2]string{{`<a b="`, `">`}}, render(`<a b="{{.}}">`)},
	{"xml.EscapeText", 1, "", nil, xmlText},
	{"json.Marshal", 1, "", str, marshal(true)},
	{"json, SetEscapeHTML(false)", 1, "", str, marshal(false)},
	{"json.Marshal twice", 1, "", [][2]string{{`"\"`, `\""`}}, func(s string) string { return marshal(true)(marshal(true)(s)) }},
	{"slog.TextHandler", 1, "", [][2]string{{`k="`, `"`}, {"k=", ""}}, text},
	{"base64.StdEncoding", 3, "base64", nil, func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	{"base64.RawURLEncoding", 3, "base64url", nil, func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }},
	{"base64 twice", 3, "base64 base64", nil, twice},
	{"base32.StdEncoding", 5, "base32", nil, func(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }},
	{"regexp.QuoteMeta", 1, "", nil, regexp.QuoteMeta},
	{"csv.Writer", 1, "", [][2]string{{`"`, `"`}, {"", ""}}, record},
}

func twice(s string) string {
	once := base64.StdEncoding.EncodeToString([]byte(s))
	return base64.StdEncoding.EncodeToString([]byte(once))
}

func render(tmpl string) func(string) string {
	t := template.Must(template.New("").Parse(tmpl))
	return func(s string) string {
		var b strings.Builder
		check(t.Execute(&b, s))
		return b.String()
	}
}

func xmlText(s string) string {
	var b bytes.Buffer
	check(xml.EscapeText(&b, []byte(s)))
	return b.String()
}

func marshal(html bool) func(string) string {
	return func(s string) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(html)
		check(e.Encode(s))
		return strings.TrimSuffix(b.String(), "\n")
	}
}

func text(s string) string {
	var b strings.Builder
	keep := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key != "k" {
			return slog.Attr{}
		}
		return a
	}
	slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: keep})).Info("", "k", s)
	return b.String()
}

func record(s string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	check(w.Write([]string{s}))
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	var head [][]any
	for _, f := range forms {
		if f.quotes == nil {
			f.quotes = [][2]string{}
		}
		head = append(head, []any{f.name, f.align, f.decode, f.quotes})
	}
	answer(head)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		in, err := base64.StdEncoding.DecodeString(lines.Text())
		check(err)
		outs := [][]byte{}
		for _, f := range forms {
			outs = append(outs, []byte(f.f(string(in))))
		}
		answer(outs)
	}
}

func answer(v any) {
	b, err := json.Marshal(v)
	check(err)
	fmt.Printf("%s\n", b)
}
