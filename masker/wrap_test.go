package masker

import (
	"encoding/base64"
	"strings"
	"testing"
)

const (
	wrapToken = "Kestrel77vermilion-Q4dZ9xWm2LtYb8RcUf3HsJ6nPk0Ga5Ve" // 51 bytes
	wrapLines = "first-line-of-the-key-77\nsecond-line-of-the-key-88\nthird-line-of-the-key-99"
)

// fold breaks s every width bytes, as coreutils fold and a narrow console do.
func fold(s string, width int, end string) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + end)
		s = s[width:]
	}
	return b.String() + s
}

// each writes every byte of s between before and after.
func each(s, before, after string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString(before + s[i:i+1] + after)
	}
	return b.String()
}

func indent(s, by string) string { return by + strings.ReplaceAll(s, "\n", "\n"+by) }

// Output that was wrapped, folded, indented, put in tables or coloured on its way.
// DESIGN §2.1; FAULTS 15, 16, 18.
func TestWrapped(t *testing.T) {
	long := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 9) + wrapToken + wrapToken[:9]))
	alone := base64.StdEncoding.EncodeToString([]byte(wrapToken))
	esc := func(s string) string { return strings.ReplaceAll(s, "␛", "\x1b") }
	for _, c := range []struct{ why, value, in, want string }{
		{"base64 -w64", wrapToken, fold(alone, 64, "\n") + "\n", "***\n"},
		{"base64 -w76, other text before and after", wrapToken, fold(long, 76, "\n") + "\n", "eHh4eHh4eHh4***S2VzdHJlbDc3\n"},
		{"base64 -w64, CRLF", wrapToken, fold(long, 64, "\r\n") + "\r\n", "eHh4eHh4eHh4***S2VzdHJlbDc3\r\n"},
		{"echo $V | base64: no character of the value is left", wrapToken, base64.StdEncoding.EncodeToString([]byte(wrapToken + "\n")), "***Cg=="},
		{"the same behind one byte more", wrapToken, base64.StdEncoding.EncodeToString([]byte("x" + wrapToken + "\n")), "eE***o="},
		{"and two", wrapToken, base64.StdEncoding.EncodeToString([]byte("xx" + wrapToken + "\n")), "eHh***K"},
		{"base64 -w20: narrower than any tool", wrapToken, fold(alone, 20, "\n") + "\n", "***\n"},
		{"fold -w 40", wrapToken, fold("token="+wrapToken+" next", 40, "\n"), "token=*** next"},
		{"fold -w 80", wrapToken, fold(strings.Repeat(".", 50)+wrapToken+" next", 80, "\n"), strings.Repeat(".", 50) + "*** next"},
		{"fold -w 120", wrapToken, fold(strings.Repeat(".", 100)+wrapToken+" next", 120, "\n"), strings.Repeat(".", 100) + "*** next"},
		{"fold -w 80: the break is in the first 8 bytes, which stay", wrapToken, fold(strings.Repeat(".", 75)+wrapToken+" next", 80, "\n"), strings.Repeat(".", 75) + "Kestr\nel7*** next"},
		{"a console of 80 columns wraps with CRLF", wrapToken, fold("$ echo "+strings.Repeat("=", 40)+wrapToken, 80, "\r\n"), "$ echo " + strings.Repeat("=", 40) + "***"},
		{"a console that redraws: blank and CR at the edge", wrapToken, fold("$ echo "+strings.Repeat("=", 40)+wrapToken, 80, " \r"), "$ echo " + strings.Repeat("=", 40) + "***"},
		{"a YAML block", wrapLines, "key: |\n" + indent(wrapLines, "  ") + "\nnext: 1\n", "key: |\n  ***\nnext: 1\n"},
		{"a YAML block deeper down, CRLF", wrapLines, "a:\r\n  key: |-\r\n" + strings.ReplaceAll(indent(wrapLines, "      "), "\n", "\r\n") + "\r\n", "a:\r\n  key: |-\r\n      ***\r\n"},
		{"YAML folded: blank lines between", wrapLines, "key: '" + strings.ReplaceAll(wrapLines, "\n", "\n\n  ") + "'\n", "key: '***'\n"},
		{"a key as one line", wrapLines, "echo " + strings.ReplaceAll(wrapLines, "\n", " ") + "\n", "echo ***\n"},
		{"kubectl's table", wrapToken, "NAME    TYPE     DATA\ntoken   Opaque   " + wrapToken + "\n", "NAME    TYPE     DATA\ntoken   Opaque   ***\n"},
		{"a table with frames, each line by its own form", wrapLines, "| " + strings.ReplaceAll(wrapLines, "\n", " |\n| ") + " |\n", "| *** |\n| *** |\n| *** |\n"},
		{"docker-compose's prefixes", wrapLines, indent(wrapLines, "web-1  | ") + "\n", "web-1  | ***\nweb-1  | ***\nweb-1  | ***\n"},
		{"the same in colour", wrapLines, indent(wrapLines, "\x1b[36mweb-1  | \x1b[0m") + "\n", esc("␛[36mweb-1  | ␛[0m***\n␛[36mweb-1  | ␛[0m***\n␛[36mweb-1  | ␛[0m***\n")},
		{"time stamps before each line", wrapLines, indent(wrapLines, "2026-03-01T12:00:00.0000000Z ") + "\n", "2026-03-01T12:00:00.0000000Z ***\n2026-03-01T12:00:00.0000000Z ***\n2026-03-01T12:00:00.0000000Z ***\n"},
		{"a diff", wrapLines, indent(wrapLines, "+"), "+***\n+***\n+***"},
		{"grep --color in the middle", wrapToken, "x " + wrapToken[:9] + "\x1b[01;31m\x1b[K" + wrapToken[9:18] + "\x1b[m\x1b[K" + wrapToken[18:] + " y", "x *** y"},
		{"grep --color at its start", wrapToken, "x \x1b[01;31m\x1b[K" + wrapToken[:7] + "\x1b[m\x1b[K" + wrapToken[7:] + " y", esc("x ␛[01;31m␛[K*** y")},
		{"ls --color, the end in the colour", wrapToken, "\x1b[0m\x1b[01;34m" + wrapToken + "\x1b[0m  b\n", esc("␛[0m␛[01;34m***␛[0m  b\n")},
		{"lolcat: a colour for each byte", wrapToken, each(wrapToken, "\x1b[38;5;154m", "\x1b[39m") + "\n", esc("␛[38;5;154m***␛[39m\n")},
		{"lolcat in 24 bits, no reset", wrapToken, each(wrapToken, "\x1b[38;2;255;127;9m", "") + "\x1b[0m\n", esc("␛[38;2;255;127;9m***␛[0m\n")},
		{"the same in base64, wrapped", wrapToken, fold(each(alone, "\x1b[31m", ""), 6*30, "\r\n"), esc("␛[31m***")},
		{"an OSC 8 hyperlink: in the target", wrapToken, "\x1b]8;;https://x/?t=" + wrapToken + "\x1b\\link\x1b]8;;\x1b\\", esc("␛]8;;https://x/?t=***␛\\link␛]8;;␛\\")},
		{"an OSC 8 hyperlink: in the text, ended by BEL", wrapToken, "\x1b]8;;https://x/\x07" + wrapToken + "\x1b]8;;\x07", esc("␛]8;;https://x/\x07***␛]8;;\x07")},
		{"a window title", wrapToken, "\x1b]0;" + wrapToken + "\x07$ ", esc("␛]0;***\x07$ ")},
		{"a progress line redrawn with CR", wrapToken, "10% " + wrapToken + "\r20% " + wrapToken + "\r\x1b[Kdone\n", esc("10% ***\r20% ***\r␛[Kdone\n")},
		{"a progress line cleared and redrawn inside the value", wrapToken, wrapToken[:30] + "\x1b[K\r" + wrapToken[30:], "***"},
		{"cursor movement inside", wrapToken, wrapToken[:20] + "\x1b[1C\x1b[2;3H" + wrapToken[20:], "***"},
		{"character sets and keypad modes inside", wrapToken, wrapToken[:20] + "\x1b(B\x1b=" + wrapToken[20:], "***"},
		{"bold by BS overstrike is no form", wrapToken, "x\by", "x\by"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got := streamAll(t, newMasker(t, nil, c.value), c.in); got != c.want {
				t.Errorf("in   %q\ngot  %q\nwant %q", c.in, got, c.want)
			}
		})
	}
}
