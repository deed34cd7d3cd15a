package masker

import "bytes"

// windowsShellForms yields the quoting of PowerShell and of cmd.
//
// PowerShell (about_Quoting_Rules, about_Special_Characters): between double
// quotes a backtick before backtick, dollar and quote, and `n for a line feed;
// between single quotes the quote doubled, curly ones too. cmd: a caret before
// its special characters, all of them or only those outside parentheses, and
// what it makes of a value that is not quoted: the carets go.
func windowsShellForms(v []byte, yield func([]byte)) {
	tick := prefix(v, "`$\"", '`')
	yield(tick)
	yield(replace(tick, "\n", "`n", "\r", "`r", "\t", "`t"))
	yield(replace(v, "'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛"))
	yield(prefix(v, `&|<>^()%!"`, '^'))
	yield(prefix(v, `&|<>^`, '^'))
	yield(prefix(v, `&|<>^"`, '^'))
	if bytes.IndexByte(v, '^') >= 0 {
		yield(unescape(v, '^'))
		yield(bytes.ReplaceAll(v, []byte("^"), nil)) // passed through cmd twice
	}
}
