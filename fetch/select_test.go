package fetch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const jsonDoc = `{
  "s": "text\u00e4\n", "n": 1.10, "big": 12345678901234567890123, "exp": 1e400, "t": true, "null": null, "": "empty key",
  "o": {"b": 1, "a": [1, "x<y", {"k": null}]}, "a/b": "slash", "m~n": "tilde", "list": ["zero", {"k": "one"}]
}`

const yamlDocument = `
s: "text\n"
n: 1.10
oct: 007
under: 1_000
t: true
yes: yes
date: 2026-01-02
null: ~
empty:
lit: |
  line 1
  line 2
fold: >-
  a
  b
1: number key
o: {b: 1, a: [1, "x<y", {k: ~}], n: 0x1F, q: '1'}
base: &base {host: h, port: 1}
db:
  <<: *base
  port: 2
ref: *base
tag: !!str 12
bin: !!binary aGVs bG8=
cert: &pem |
  -----BEGIN
again: *pem
a/b: slash
hash: a#b # comment
`

const iniDoc = `
top = level
[DEFAULT]
shared = all
[db]
user = me ; and # this
Pass: "quo ted" %(user)s ${x}
empty =
cert = line 1
    line 2
back = a\
other = b
[a/b]
k = slash
`

// FAULTS 96.
func TestSelect(t *testing.T) {
	for _, c := range []struct {
		why       string
		format    Format
		doc       string
		field     string
		want      string
		wantError string // empty: none; "missing": ErrNotFound
	}{
		{"whole", Auto, "x\n", "", "x\n", ""},
		{"whole JSON as it is", JSON, `{ "a":1 }`, "", `{ "a":1 }`, ""},
		{"string", JSON, jsonDoc, "s", "textä\n", ""},
		{"number as written", JSON, jsonDoc, "/n", "1.10", ""},
		{"number beyond float64", JSON, jsonDoc, "/big", "12345678901234567890123", ""},
		{"number beyond any", JSON, jsonDoc, "exp", "1e400", ""},
		{"boolean", JSON, jsonDoc, "t", "true", ""},
		{"null", JSON, jsonDoc, "null", "", "is null"},
		{"empty key", JSON, jsonDoc, "/", "empty key", ""},
		{"object is compact and in order", JSON, jsonDoc, "o", `{"b":1,"a":[1,"x<y",{"k":null}]}`, ""},
		{"path", JSON, jsonDoc, "/list/1/k", "one", ""},
		{"index", JSON, jsonDoc, "/list/0", "zero", ""},
		{"index beyond", JSON, jsonDoc, "/list/2", "", "missing"},
		{"negative index", JSON, jsonDoc, "/list/-1", "", "missing"},
		{"key of a string", JSON, jsonDoc, "/s/x", "", "missing"},
		{"no such key", JSON, jsonDoc, "/o/zz", "", "missing"},
		{"slash in a key, bare", JSON, jsonDoc, "a/b", "slash", ""},
		{"slash in a key, escaped", JSON, jsonDoc, "/a~1b", "slash", ""},
		{"tilde", JSON, jsonDoc, "/m~0n", "tilde", ""},
		{"case counts", JSON, jsonDoc, "S", "", "missing"},
		{"BOM", JSON, "\ufeff{\"a\":\"b\"}", "a", "b", ""},
		{"key twice", JSON, `{"a":"` + canary + `","a":"2"}`, "a", "", "twice"},
		{"key twice, spelled otherwise", JSON, `{"a":1,"\u0061":2}`, "a", "", "twice"},
		{"key twice, elsewhere", JSON, `{"a":1,"b":[{"c":1,"c":2}]}`, "a", "", "twice"},
		{"not JSON", JSON, canary, "a", "", "not a JSON"},
		{"JSON cut short", JSON, `{"a":"` + canary, "a", "", "not a JSON"},
		{"text after it", JSON, `{"a":1} ` + canary, "a", "", "not a JSON"},
		{"not UTF-8: would be changed in silence", JSON, "{\"a\":\"\xff\"}", "a", "", "UTF-8"},
		{"empty", JSON, "", "a", "", "not a JSON"},

		{"string", YAML, yamlDocument, "s", "text\n", ""},
		{"number as written", YAML, yamlDocument, "n", "1.10", ""},
		{"octal as written", YAML, yamlDocument, "oct", "007", ""},
		{"underscore as written", YAML, yamlDocument, "under", "1_000", ""},
		{"boolean", YAML, yamlDocument, "t", "true", ""},
		{"yes is a word", YAML, yamlDocument, "yes", "yes", ""},
		{"date as written", YAML, yamlDocument, "date", "2026-01-02", ""},
		{"empty is null", YAML, yamlDocument, "empty", "", "is null"},
		{"literal", YAML, yamlDocument, "lit", "line 1\nline 2\n", ""},
		{"folded", YAML, yamlDocument, "fold", "a b", ""},
		{"number as key", YAML, yamlDocument, "1", "number key", ""},
		{"mapping is JSON", YAML, yamlDocument, "o", `{"b":1,"a":[1,"x<y",{"k":null}],"n":"0x1F","q":"1"}`, ""},
		{"path", YAML, yamlDocument, "/o/a/1", "x<y", ""},
		{"merge, own key wins", YAML, yamlDocument, "/db/port", "2", ""},
		{"merge", YAML, yamlDocument, "/db/host", "h", ""},
		{"alias", YAML, yamlDocument, "/ref/port", "1", ""},
		{"alias of a literal", YAML, yamlDocument, "again", "-----BEGIN\n", ""},
		{"merged mapping as JSON", YAML, yamlDocument, "db", `{"port":2,"host":"h"}`, ""},
		{"tag", YAML, yamlDocument, "tag", "12", ""},
		{"binary", YAML, yamlDocument, "bin", "hello", ""},
		{"slash in a key", YAML, yamlDocument, "/a~1b", "slash", ""},
		{"hash", YAML, yamlDocument, "hash", "a#b", ""},
		{"no such key", YAML, yamlDocument, "/db/zz", "", "missing"},
		{"key of a string", YAML, yamlDocument, "/s/x", "", "missing"},
		{"CRLF and BOM", YAML, "\ufeffa: |\r\n  x\r\n  y\r\nb: c\r\n", "a", "x\ny\n", ""},
		{"key twice", YAML, "a: " + canary + "\na: 2\n", "a", "", "twice"},
		{"key twice, elsewhere and quoted", YAML, "a: 1\nb: [{c: 1, 'c': 2}]\n", "a", "", "twice"},
		{"brackets without end", YAML, strings.Repeat("[", 100_000), "a", "", "nested"},
		{"not YAML", YAML, "a: [" + canary, "a", "", "not a YAML"},
		{"two documents", YAML, "a: 1\n---\na: 2\n", "a", "", "more than one"},
		{"empty", YAML, "# nothing\n", "a", "", "missing"},
		{"alias without anchor", YAML, "a: *" + canary, "a", "", "anchor"},
		{"anchor that holds itself", YAML, "a: &a [*a]", "a", "", "too large"},
		{"laughs", YAML, laughs(), "z", "", "too large"},

		{"Auto finds JSON", Auto, `{"a":"b"}`, "a", "b", ""},
		{"Auto finds YAML", Auto, "a: b", "a", "b", ""},
		{"Auto and a key twice", Auto, `{"a":1,"a":2}`, "a", "", "twice"},
		{"Binary has none", Binary, `{"a":"b"}`, "a", "", "no fields"},

		{"section/key", INI, iniDoc, "db/user", "me ; and # this", ""},
		{"pointer", INI, iniDoc, "/db/user", "me ; and # this", ""},
		{"nothing is interpolated or unquoted; keys in any case", INI, iniDoc, "db/pass", `"quo ted" %(user)s ${x}`, ""},
		{"empty", INI, iniDoc, "db/empty", "", ""},
		{"indented lines continue", INI, iniDoc, "db/cert", "line 1\nline 2", ""},
		{"a backslash does not", INI, iniDoc, "db/back", `a\`, ""},
		{"no section", INI, iniDoc, "top", "level", ""},
		{"DEFAULT shows through", INI, iniDoc, "db/shared", "all", ""},
		{"slash in the section", INI, iniDoc, "a/b/k", "slash", ""},
		{"no such key", INI, iniDoc, "db/zz", "", "missing"},
		{"no such section", INI, iniDoc, "zz/user", "", "missing"},
		{"too deep", INI, iniDoc, "/db/user/x", "", "missing"},
		{"BOM and CRLF", INI, "\ufeff[s]\r\na=b\r\n", "s/a", "b", ""},
		{"key twice", INI, "[s]\na=1\na=2\n", "s/a", "", "twice"},
		{"not INI", INI, "[s]\n" + canary + "\n", "s/a", "", "not an INI"},

		{"key", Dotenv, "A=1\nexport B='${A}'\n", "B", "${A}", ""},
		{"pointer", Dotenv, "A=1\n", "/A", "1", ""},
		{"no such key", Dotenv, "A=1\n", "B", "", "missing"},
		{"not dotenv", Dotenv, "A=1\n" + canary + "\n", "A", "", "line 2"},
	} {
		t.Run(string(c.format)+" "+c.why, func(t *testing.T) {
			got, err := (&reading{doc: Document{Data: []byte(c.doc), Format: c.format}}).field(Ref{Field: c.field})
			if !matches(err, c.wantError) || string(got) != c.want {
				t.Errorf("got %q, error %v", got, err)
			}
			if err != nil {
				noCanary(t, "error", err.Error())
			}
		})
	}
}

func matches(err error, want string) bool {
	switch want {
	case "":
		return err == nil
	case "missing":
		return errors.Is(err, ErrNotFound)
	}
	return err != nil && strings.Contains(err.Error(), want) && !errors.Is(err, ErrNotFound)
}

// laughs is a document of a few hundred bytes that stands for 10⁹ words.
func laughs() string {
	var b strings.Builder
	b.WriteString("a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol,lol]\n")
	for c := 'b'; c <= 'j'; c++ {
		prev := "*" + string(c-1)
		b.WriteString(string(c) + ": &" + string(c) + " [" + strings.Repeat(prev+",", 9) + prev + "]\n")
	}
	return b.String() + "z: *j\n"
}

func TestMissingSaysHowToWriteAPath(t *testing.T) {
	_, err := (&reading{doc: Document{Data: []byte(`{"a":{"b":1}}`)}}).field(Ref{Field: "a/b"})
	if err == nil || !strings.Contains(err.Error(), "#/a/b") {
		t.Errorf("got %v", err)
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{
		"a/b.json": JSON, "B.YML": YAML, "x.yaml": YAML, "pip.conf": INI, "setup.cfg": INI, "a.ini": INI,
		".env": Dotenv, "prod.env": Dotenv, "/x/.env.local": Dotenv, "token": Auto, "x.json/token": Auto,
	} {
		if got := FormatOf(name); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ why, encoding, in, want string }{
		{"padded", "base64", "aGk=", "hi"},
		{"not padded", "base64", "aGk", "hi"},
		{"padding too much", "base64", "aGk===", "hi"},
		{"url alphabet", "base64", "-_-_", "\xfb\xff\xbf"},
		{"std alphabet", "base64", "+/+/", "\xfb\xff\xbf"},
		{"wrapped", "base64", " aG\r\nk=\n", "hi"},
		{"not base64", "base64", "a*k=", "!"},
		{"both alphabets", "base64", "+_+/", "!"},
		{"cut short", "base64", "aGkaG", "!"},
		{"hex", "hex", "6869\n", "hi"},
		{"hex in capitals, spaced", "hex", "6A 6b", "jk"},
		{"odd", "hex", "686", "!"},
		{"none", "", "x\n", "x\n"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := decodeValue([]byte(c.in), c.encoding)
			if (err != nil) != (c.want == "!") || err == nil && string(got) != c.want {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}

// FuzzSelect: whatever a document holds, selecting ends, and its errors do not
// quote it; and JSON is read alike as JSON and as Auto.
func FuzzSelect(f *testing.F) {
	for _, doc := range []string{jsonDoc, yamlDocument, iniDoc, laughs(), "a: &a [*a]", "a: {<<: *a}", "? a\n: - b\n", "a:\n - !!binary x\n", "%YAML 1.2\n---\na: |2-\n   x\n"} {
		f.Add(doc, "a")
		f.Add(doc, "/o/a/1")
	}
	f.Fuzz(func(t *testing.T, doc, field string) {
		if field == "" || len(doc) > 1<<12 {
			return
		}
		got := map[Format]string{}
		for _, format := range []Format{JSON, YAML, INI, Dotenv, Auto} {
			value, err := (&reading{doc: Document{Data: []byte(doc), Format: format}}).field(Ref{Field: field})
			if err == nil {
				got[format] = string(value)
				continue
			}
			if len(doc) > 40 && !strings.Contains(doc, field) && strings.Contains(err.Error(), doc[len(doc)/2:]) {
				t.Errorf("%s: error quotes the document: %v", format, err)
			}
		}
		if asJSON, ok := got[JSON]; ok && asJSON != got[Auto] {
			t.Errorf("JSON gives %q, Auto %q", asJSON, got[Auto])
		}
	})
}

// A document is read once, however many fields are wanted: with a reading for each
// field this would take minutes.
func TestManyFields(t *testing.T) {
	const n = 4000
	line := map[Format]string{JSON: "%q:%q,\n", YAML: "%s: %q\n", INI: "%s = %s\n", Dotenv: "%s=%s\n"}
	for format, pattern := range line {
		t.Run(string(format), func(t *testing.T) {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, pattern, fmt.Sprintf("K%d", i), strings.Repeat("v", 200)+fmt.Sprint(i))
			}
			text := b.String()
			if format == JSON {
				text = "{" + strings.TrimSuffix(text, ",\n") + "}"
			}
			store := newFake(func(context.Context, string, int) (Document, error) {
				return Document{Data: []byte(text), Format: format}, nil
			})
			var refs []string
			for i := range n {
				refs = append(refs, fmt.Sprintf("s://d#K%d", i))
			}
			secrets, err := NewResolver(Env{}, store.kind("s")).Resolve(t.Context(), requests(t, refs...))
			if err != nil || len(secrets) != n || !strings.HasSuffix(string(secrets[n-1].Value.Reveal()), "v"+fmt.Sprint(n-1)) || store.reads["d?"] != 1 {
				t.Errorf("%d secrets, %d reads, error %v", len(secrets), store.reads["d?"], err)
			}
		})
	}
}
