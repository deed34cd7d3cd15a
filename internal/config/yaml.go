package config

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// The parser's work grows with the square of the entries of a map and its stack
// with the depth: a file of 1 MiB could keep it busy for minutes. 20,000 tokens
// are some 5,000 lines, read in well under a second.
const (
	maxTokens = 20_000
	maxDepth  = 32
)

// position is a place in the file, both counted from 1; the zero value is nowhere.
type position struct{ line, col int }

func at(tk *token.Token) position {
	if tk == nil || tk.Position == nil {
		return position{1, 1}
	}
	return position{max(1, tk.Position.Line), max(1, tk.Position.Column)}
}

// document parses data to its root node: nil when it is empty or wrong.
func (r *reader) document(data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case len(data) > maxSize:
		r.problem(position{1, 1}, "the file is larger than 1 MiB")
		return nil
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		r.problem(position{1, 1}, "the file is not UTF-8 text")
		return nil
	}
	tokens := lexer.Tokenize(string(data))
	if r.bound(tokens); len(r.problems) > 0 {
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	return r.only(file)
}

// bound refuses what maskrun.yaml does not need before the parser sees it.
func (r *reader) bound(tokens token.Tokens) {
	if len(tokens) > maxTokens {
		r.problem(at(tokens[maxTokens]), "the file has too many entries")
		return
	}
	depth, run, line := 0, 0, 0
	for _, tk := range tokens {
		if what := notRead[tk.Type]; what != "" {
			r.problem(at(tk), what+" are not read in this file; write the value out")
		}
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType, token.MappingValueType:
			run++
		}
		if l := at(tk).line; l != line {
			run, line = 0, l
		}
		if depth > maxDepth || run > maxTokens/20 || at(tk).col > maxSize {
			r.problem(at(tk), "the file is nested too deeply")
			return
		}
	}
}

// notRead names the parts of YAML that are refused.
var notRead = map[token.Type]string{
	token.AnchorType:     "anchors",
	token.AliasType:      "aliases",
	token.MergeKeyType:   "merge keys",
	token.TagType:        "tags",
	token.MappingKeyType: "complex keys",
	token.DirectiveType:  "directives",
}

// only returns the body of the one document of the file.
func (r *reader) only(file *ast.File) ast.Node {
	var body ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case body != nil:
			r.problem(at(doc.Body.GetToken()), "a second document begins here; the file must have one")
			return nil
		default:
			body = doc.Body
		}
	}
	return body
}

// syntax reports what the parser said, if that is one of its fixed sentences:
// others could repeat a piece of the file.
func (r *reader) syntax(err error) {
	pos, msg := position{1, 1}, "not valid YAML"
	var syn *yaml.SyntaxError
	if errors.As(err, &syn) {
		pos = at(syn.Token)
		switch {
		case strings.Contains(syn.Message, "\t") || strings.Contains(syn.Message, "tab character"):
			msg += ": a line is indented with a tab: use blanks"
		case fixedSentences[syn.Message]:
			msg += ": " + syn.Message
		}
	}
	r.problem(pos, msg)
}

// fixedSentences are those messages of the parser that help a person and hold
// nothing of the file.
var fixedSentences = map[string]bool{
	"',' or ']' must be specified":                                       true,
	"',' or '}' must be specified":                                       true,
	"block sequence entries are not allowed in this context":             true,
	"could not find '[' character corresponding to ']'":                  true,
	"could not find '{' character corresponding to '}'":                  true,
	"could not find end character of double-quoted text":                 true,
	"could not find end character of single-quoted text":                 true,
	"could not find flow mapping end token '}'":                          true,
	"could not find map value":                                           true,
	"expected map key-value delimiter ':'":                               true,
	"found an invalid key for this map":                                  true,
	"mapping value is not allowed in this context":                       true,
	"non-map value is specified":                                         true,
	"sequence end token ']' not found":                                   true,
	"unexpected end content":                                             true,
	"unexpected key name":                                                true,
	"unexpected scalar value":                                            true,
	"value is not allowed in this context":                               true,
	"value is not allowed in this context. map key-value is pre-defined": true,
}
