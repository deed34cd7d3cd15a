// Package dotenv parses files of KEY=value lines.
//
// It exists because every library at hand expands ${VAR}: a password with a
// dollar sign must come out as it stands.
//
// # Format
//
//	# a comment
//	KEY=value             # a comment after a blank; value#1 keeps its #
//	export KEY='as $it stands, over lines too'
//	KEY="with \n \t \r \" \\ \$ escapes, over lines too"
//
// Blanks around the key and an unquoted value are dropped. Nothing is expanded.
// A byte order mark is passed over and line ends may be CRLF; a line end inside
// quotes is LF. A key given twice is an error.
package dotenv

import (
	"errors"
	"fmt"
	"strings"
)

// A Pair is one assignment. It prints without its value.
type Pair struct {
	Key, Value string
	Line       int // of its key, from 1
}

// String yields KEY=[redacted].
func (p Pair) String() string { return p.Key + "=[redacted]" }

// GoString is String.
func (p Pair) GoString() string { return p.String() }

// Parse returns the assignments of b in their order. Errors name the line and
// show nothing of it.
func Parse(b []byte) ([]Pair, error) {
	text := strings.TrimPrefix(string(b), "\ufeff")
	p := parser{rest: strings.ReplaceAll(text, "\r\n", "\n"), line: 1, seen: map[string]int{}}
	for p.rest != "" {
		if err := p.assignment(); err != nil {
			return nil, err
		}
	}
	return p.pairs, nil
}

// parser reads one assignment after the other from rest.
type parser struct {
	rest  string
	line  int // that rest begins in
	pairs []Pair
	seen  map[string]int
}

// assignment takes a line, or as many as its quotes span.
func (p *parser) assignment() error {
	start := p.line
	line, _, _ := strings.Cut(p.rest, "\n")
	if content := strings.Trim(line, blanks); content == "" || content[0] == '#' {
		p.take(len(line))
		return nil
	}
	key, _, ok := strings.Cut(line, "=")
	if !ok {
		return fmt.Errorf("line %d: want KEY=value", start)
	}
	p.rest = p.rest[len(key)+1:]
	key, err := cleanKey(key)
	if err != nil {
		return fmt.Errorf("line %d: %w", start, err)
	}
	if first, twice := p.seen[key]; twice {
		return fmt.Errorf("line %d: key %s is already on line %d", start, key, first)
	}
	value, err := p.value()
	if err != nil {
		return fmt.Errorf("line %d: key %s: %w", start, key, err)
	}
	p.seen[key] = start
	p.pairs = append(p.pairs, Pair{Key: key, Value: value, Line: start})
	return nil
}

const blanks = " \t\r\v\f"

// take drops n bytes, which hold no line end, and the line end after them.
func (p *parser) take(n int) {
	p.rest = p.rest[n:]
	if p.rest != "" {
		p.rest = p.rest[1:]
		p.line++
	}
}

// cleanKey drops blanks and export, and checks what is left. It is not shown
// when it is wrong: it may be a piece of a value that lost its quotes.
func cleanKey(key string) (string, error) {
	key = strings.Trim(key, blanks)
	if rest, ok := strings.CutPrefix(key, "export"); ok && rest != strings.TrimLeft(rest, blanks) {
		key = strings.TrimLeft(rest, blanks)
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	if key == "" || !strings.Contains(letters, key[:1]) || strings.Trim(key, letters+"0123456789.-") != "" {
		return "", errors.New("the key is not a name of letters, digits and _ . -")
	}
	return key, nil
}

// value reads what follows the = sign, to the end of its last line.
func (p *parser) value() (string, error) {
	p.rest = strings.TrimLeft(p.rest, blanks)
	if p.rest != "" && (p.rest[0] == '"' || p.rest[0] == '\'') {
		return p.quoted(p.rest[0])
	}
	line, _, _ := strings.Cut(p.rest, "\n")
	p.take(len(line))
	value := strings.Trim(cutComment(line), blanks)
	if strings.ContainsRune(value, 0) {
		return "", errors.New("the value has a NUL byte")
	}
	return value, nil
}

// cutComment drops a # at the start or after a blank, and what follows it.
func cutComment(line string) string {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || strings.IndexByte(blanks, line[i-1]) >= 0) {
			return line[:i]
		}
	}
	return line
}

// quoted reads a quoted value and checks that nothing but a comment follows it.
func (p *parser) quoted(quote byte) (string, error) {
	end := closing(p.rest, quote)
	if end < 0 {
		return "", errors.New("the quote is not closed")
	}
	value := p.rest[1:end]
	p.line += strings.Count(value, "\n")
	p.rest = p.rest[end+1:]
	line, _, _ := strings.Cut(p.rest, "\n")
	if tail := strings.Trim(line, blanks); tail != "" && tail[0] != '#' {
		return "", errors.New("text after the closing quote")
	}
	p.take(len(line))
	if strings.ContainsRune(value, 0) {
		return "", errors.New("the value has a NUL byte")
	}
	if quote == '"' {
		value = unescape.Replace(value)
	}
	return value, nil
}

// closing finds the quote that ends s, which begins with one.
func closing(s string, quote byte) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == quote:
			return i
		case s[i] == '\\' && quote == '"':
			i++
		}
	}
	return -1
}

// unescape knows the escapes of double quotes; another backslash stands for itself.
var unescape = strings.NewReplacer(`\n`, "\n", `\r`, "\r", `\t`, "\t", `\"`, `"`, `\\`, `\`, `\$`, "$")
