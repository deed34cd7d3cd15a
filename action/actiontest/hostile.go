package actiontest

import "strings"

// A Case is a value and why it is hostile.
type Case struct{ Why, Value string }

// Hostile lists values that have broken exports somewhere. FAULTS 71, 75, 78.
func Hostile() []Case {
	return []Case{
		{"ordinary", "s3cr3t-value"},
		{"empty", ""},
		{"one byte", "x"},
		{"blanks around", "  value  "},
		{"only blanks", "   "},
		{"line break at the end", "value\n"},
		{"two line breaks at the end", "value\n\n"},
		{"line break at the beginning", "\nvalue"},
		{"only a line break", "\n"},
		{"only line breaks", "\n\n\n"},
		{"CRLF", "one\r\ntwo\r\n"},
		{"CR alone", "one\rtwo"},
		{"CR at the end", "value\r"},
		{"CRCRLF", "one\r\r\ntwo"},
		{"the classic delimiter", "a\nEOF\nPATH=/evil\n"},
		{"the toolkit's delimiter", "a\nghadelimiter_0b0e8e4a-1c0d-4a34-b0a8-3b2a3b5c9f10\nPATH=/evil"},
		{"the library's delimiter", "a\n_GitHubActionsFileCommandDelimeter_\nPATH=/evil"},
		{"what our delimiter looks like", "a\nmaskrun_00000000000000000000000000000000\nPATH=/evil"},
		{"an assignment", "NAME2=x"},
		{"assignments on lines", "a\nNAME2=x\nLD_PRELOAD=/evil.so\nb"},
		{"a heredoc", "a\nNAME2<<X\nevil\nX\n"},
		{"a heredoc at the beginning", "NAME2<<X\nevil\nX"},
		{"a command", "::set-env name=NAME2::evil"},
		{"a command behind a line break", "a\n::add-path::/evil\n"},
		{"an old command", "a ##[set-env name=NAME2]evil"},
		{"stop-commands", "::stop-commands::token\n"},
		{"percent", "100%"},
		{"what looks escaped", "a%0Ab%0Dc%25d%250Ae"},
		{"semicolon and bracket", "a;b]c;issecret=true]x"},
		{"colon and comma", "a:b,c=d"},
		{"quotes", `it's "quoted" \n \\ $HOME $(id) ` + "`id`"},
		{"single quotes", "'; export NAME2=evil; '"},
		{"braces", "${{ secrets.X }} {{ x }} ${X}"},
		{"a private key", "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSj\n-----END KEY-----\n"},
		{"JSON", "{\n  \"key\": \"value-of-key\"\n}\n"},
		{"ANSI", "a\x1b[31mred\x1b[0m"},
		{"control characters", "a\x01\x07\x08\x0b\x0c\x7fb"},
		{"other line ends", "a\u0085b\u2028c\u2029d"},
		{"not ASCII", "pässwörd-日本語-🔑"},
		{"byte order mark", "\uFEFFvalue"},
		{"hash", "value # no comment"},
		{"backslash at the end", `value\`},
		{"equals signs", "===="},
		{"less-than signs", "<<<<EOF"},
		{"a line of a megabyte", strings.Repeat("0123456789abcdef", 1<<16)},
		{"a megabyte of lines", strings.Repeat("0123456789abcde\n", 1<<12)},
	}
}
