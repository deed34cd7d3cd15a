package masker

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// An encoding is one row of the table: one way in which programs spell a value.
type encoding struct {
	group string // what Options.Encodings names
	name  string // what a Hit and a Skip name
	// rank orders the rows that may be dropped when forms get too many: rank 1
	// goes first, 0 never. Rows with a rank are optional: they are also left out
	// for the spellings of a value with other line ends.
	rank int
	// escapes says that letters and digits stand for themselves, so that a value
	// of nothing else has no form here.
	escapes bool
	// derive yields the forms of v that are certain to stand in the encoded text
	// wherever v stands in the plain one. Forms under 8 bytes and repeated ones
	// are dropped by the caller.
	derive func(v []byte, yield func([]byte))
	file   string // where derive is
	rule   string // what defines the forms, for docs/encodings.md
	tools  string // who prints them, for docs/encodings.md
}

// encodings is the table. To add a row: a file encode_….go, a line here, a
// file of vectors made by the foreign tool (testdata/vectors), and
// go test ./masker -run TestEncodingsPage -update for docs/encodings.md.
var encodings = []encoding{
	{"base64", "base64", 0, false, base64Forms, "encode_base64.go",
		"RFC 4648 §4 and §5: both alphabets, at the three alignments the characters that hold bits of the value only; where the value ends the text its last character too, without and with `=`",
		"coreutils `base64`, `openssl base64`, HTTP Basic, Kubernetes secrets, JWTs, every language"},
	{"base64", "base64 twice", 1, false, base64Twice, "encode_base64_twice.go",
		"base64 of base64: three alignments, each at three alignments",
		"`base64 -w0 | base64 -w0`; the tj-actions payload of March 2025"},
	{"base64", "base64 of UTF-16LE", 1, false, base64UTF16, "encode_base64_utf16.go",
		"the value in UTF-16, little end first, then base64 at three alignments",
		"PowerShell `-EncodedCommand`, `[Convert]::ToBase64String` of Unicode bytes"},
	{"base64", "base32", 1, false, base32Forms, "encode_base32.go",
		"RFC 4648 §6: at the five alignments the characters that hold bits of the value only, but for the first",
		"coreutils `base32`, Python `base64.b32encode`"},
	{"hex", "hex", 0, false, hexForms, "encode_hex.go",
		"RFC 4648 §8 in lower and upper case",
		"`xxd -p`, `%x`, Python `bytes.hex`, node `Buffer`"},
	{"hex", `hex \xHH`, 3, false, hexEscapes, "encode_hex_escapes.go",
		"`\\x` before each byte, digits lower or upper",
		"scripts that feed `printf` or a C string; obfuscated JavaScript"},
	{"hex", "hex in groups", 3, false, hexGroups, "encode_hex_groups.go",
		"a blank, a colon or a hyphen between bytes (hyphens upper case only); groups of four digits at both alignments, lower case",
		"`od -An -tx1`, `hexdump`, `xxd`, `openssl` fingerprints, .NET `BitConverter`; a value on one line of the dump only"},
	{"hex", "byte list", 3, false, byteLists, "encode_byte_list.go",
		"each byte as a decimal number, with a blank, or a comma and a blank between them; so compact JSON too, which is the latter without blanks",
		"Go `%v` of `[]byte` (so Kubernetes' secrets in many logs), JSON of node's `Buffer`, Python `list(b)`, Rust `{:?}`"},
	{"percent", "percent", 0, true, percentForms, "encode_percent.go",
		"RFC 3986 §2.1 with the keep-sets of RFC 3986, `encodeURIComponent`, Python `quote`, Go `PathEscape` and `UserPassword`, and URL userinfo; digits upper and lower; `+` for a blank",
		"every HTTP client; connection strings"},
	{"percent", "percent, rare sets", 4, true, percentRare, "encode_percent_rare.go",
		"the keep-sets of `encodeURI`, forms, Java, PHP, .NET, WHATWG URLs, paths and queries of RFC 3986, requests, SQLAlchemy",
		"browsers, node `URL`, `java.net.URLEncoder`, curl, requests"},
	{"percent", "percent twice", 4, true, percentTwice, "encode_percent_twice.go",
		"percent-encoding of percent-encoding, both with one keep-set",
		"a URL as a parameter of a URL: OAuth redirects, signed links"},
	{"command", "GitHub command", 0, true, githubForms, "encode_command_github.go",
		"actions/toolkit `escapeData` (`%25 %0D %0A`) and `escapeProperty` (also `%3A %2C`)",
		"`::add-mask::`, `::error file=…::`"},
	{"command", "Azure command", 0, true, azureForms, "encode_command_azure.go",
		"azure-pipelines-task-lib: `%AZP25 %0D %0A`, in properties also `%3B %5D`; percent signs left alone by older agents",
		"`##vso[task.setvariable …]`"},
	{"json", "JSON", 0, true, jsonForms, "encode_json.go",
		"RFC 8259 §7, the inside of a string: `\\uXXXX` lower and upper for what each writer escapes beyond the standard, `\\/`, DEL, U+2028",
		"jq, Python `json`, `JSON.stringify`, Go, PHP, Gson, Jackson, .NET, Ruby, PowerShell"},
	{"json", "JSON in JSON", 0, true, jsonTwice, "encode_json_twice.go",
		"a JSON string in a JSON string, both in the manner of one writer; three deep for what must be escaped",
		"log records that hold a document; Kubernetes' last-applied annotation"},
	{"json", "Go literal", 0, true, goForms, "encode_go.go",
		"`strconv.Quote` and `QuoteToASCII`, without the quotes",
		"Go `%q`, `%+q`, `%#v`, slog, many Go errors"},
	{"json", "Python literal", 0, true, pythonForms, "encode_python.go",
		"`repr` and `ascii` of str and of bytes, without the quotes, either quote escaped or not",
		"tracebacks, `print` of a dict, list or bytes, `subprocess` errors"},
	{"json", "C literal", 0, true, cForms, "encode_c.go",
		"backslash escapes with octal, `\\xHH` or `\\u{…}` for what cannot be printed, as C, JavaScript, Perl, Ruby and Rust write string literals",
		"node `util.inspect`, git's quoted paths, strace, protobuf text, `Data::Dumper`, Rust `{:?}`"},
	{"json", "YAML double-quoted", 0, true, yamlForms, "encode_yaml.go",
		"YAML 1.2 §5.7: `\\e \\_ \\N \\L \\P` and `\\xHH \\uHHHH`, upper case, for what cannot be printed or is not ASCII",
		"PyYAML, ruamel, Ansible, go-yaml"},
	{"xml", "XML", 0, true, xmlForms, "encode_xml.go",
		"XML 1.0 §2.4 and HTML: `&amp;` and `&lt;` always, the rest and line ends in each usual spelling; non-ASCII as character references; `]]>` between CDATA sections",
		"Python `html.escape` and `saxutils`, Go `html` and `encoding/xml`, PHP, Jinja, JUnit reports"},
	{"xml", "XML in XML", 4, true, xmlTwice, "encode_xml_twice.go",
		"text escaped two times, with the quotes of one writer or left alone",
		"HTML in JUnit reports and feeds, templates that escape twice"},
	{"shell", "shell quotes", 0, true, shellForms, "encode_shell.go",
		"the inside of `'…'` (`'\\''`, `'\"'\"'`) and of `\"…\"`, doubled `$ % ' \" \\`",
		"`set -x` of bash and dash, `shlex.quote`, `${v@Q}`, `declare -p`, make, Compose, SQL, CSV"},
	{"shell", "echo", 0, true, echoForms, "encode_echo.go",
		"backslashes of the value removed, or taken for the escapes of dash's `echo` and bash's `echo -e`",
		"`echo`, `printf %b`, `read` without `-r`, unquoted words"},
	{"shell", "shell $'…'", 0, true, ansiCForms, "encode_ansic.go",
		"the inside of bash's `$'…'`, and coreutils' `'…'$'\\n'…`",
		"`set -x`, `printf %q`, `${v@Q}`, `declare -p` of values with control bytes"},
	{"shell", "backslashes", 0, true, backslashForms, "encode_backslash.go",
		"a backslash before each byte of a set: bash's `printf %q`, `quotemeta`, `re.escape`, Ruby's Shellwords, Java properties, sed",
		"`printf %q`, Perl `\\Q`, Python `re.escape`, `sed` scripts"},
	{"shell", "PowerShell and cmd", 0, true, windowsShellForms, "encode_cmd.go",
		"PowerShell: a backtick before `` ` $ \" `` and as `` `n ``; cmd: `^` before its special characters, inside quotes or not, and carets removed",
		"`Set-PSDebug -Trace 2`, batch files with echo on"},
	{"utf16", "UTF-16LE", 2, false, utf16Forms, "encode_utf16.go",
		"UTF-16, little end first (RFC 2781)",
		"Windows PowerShell redirections, wsl.exe, `reg export`"},
}

// maxRank is the highest rank in the table.
const maxRank = 4

// dropped reports whether row e is left out once all ranks up to rank are.
func dropped(e encoding, rank int) bool { return e.rank != 0 && e.rank <= rank }

// Groups returns the names that Options.Encodings takes.
func Groups() []string {
	var l []string
	for _, e := range encodings {
		if !slices.Contains(l, e.group) {
			l = append(l, e.group)
		}
	}
	return l
}

// GroupOf returns the group of an encoding, by the name that a Hit, a Skip or a
// FormCount has for it; "" where there is none, as for the value itself.
func GroupOf(encoding string) string {
	for _, e := range encodings {
		if e.name == encoding {
			return e.group
		}
	}
	return ""
}

// enabled returns the rows of the named groups; nil means all.
func enabled(groups []string) ([]encoding, error) {
	if groups == nil {
		return encodings, nil
	}
	var rows []encoding
	for _, g := range groups {
		n := len(rows)
		for _, e := range encodings {
			if e.group == g {
				rows = append(rows, e)
			}
		}
		if len(rows) == n {
			return nil, fmt.Errorf("masker: no group of encodings is called %q: there are %s", g, strings.Join(Groups(), ", "))
		}
	}
	return rows, nil
}

// replace is a strings.Replacer for one use. Most values have nothing of what is
// replaced, and then they come back as they are: to make a Replacer costs more than to look.
func replace(v []byte, pairs ...string) []byte {
	for i := 0; i < len(pairs); i += 2 {
		if bytes.Contains(v, []byte(pairs[i])) {
			return []byte(strings.NewReplacer(pairs...).Replace(string(v)))
		}
	}
	return v
}
