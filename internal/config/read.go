package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/nearest"
)

// A reader fills one Config and collects what is wrong with the file.
type reader struct {
	path     string
	cfg      *Config
	problems []Problem
}

// An entry is one key of a mapping and its value.
type entry struct {
	key   string
	at    position
	value ast.Node
}

// A field is one key that a mapping may have.
type field struct {
	key  string
	read func(e entry, where string)
}

var (
	variableName = fetch.Pattern(`^[A-Za-z_][A-Za-z0-9_]*$`)
	plainName    = fetch.Pattern(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)
	schemeName   = fetch.Pattern(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	keyLike      = fetch.Pattern(`^[A-Za-z0-9_.-]{1,64}$`)
)

func (r *reader) read(data []byte) {
	if root := r.document(data); root != nil {
		r.root(root)
	} else if len(r.problems) == 0 {
		r.problem(position{1, 1}, missingVersion)
	}
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(a.Line-b.Line, a.Col-b.Col)
	})
}

// problem records msg; nothing of the file but keys may be in it.
func (r *reader) problem(at position, msg string) {
	r.problems = append(r.problems, Problem{r.path, at.line, at.col, msg})
}

func (r *reader) problemf(at position, format string, args ...any) {
	r.problem(at, fmt.Sprintf(format, args...))
}

// object reads a mapping with known keys, and reports the others.
func (r *reader) object(e entry, where string, fields ...field) {
	for _, sub := range r.entries(e, where) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == sub.key })
		if i < 0 {
			r.unknownKey(sub, fields)
			continue
		}
		fields[i].read(sub, join(where, sub.key))
	}
}

func (r *reader) unknownKey(e entry, fields []field) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	switch near := nearest.Of(e.key, names); {
	case !keyLike().MatchString(e.key):
		r.problemf(e.at, "unknown key (known here: %s)", strings.Join(names, ", "))
	case near != "":
		r.problemf(e.at, "unknown key %q (did you mean %q?)", e.key, near)
	default:
		r.problemf(e.at, "unknown key %q (known here: %s)", e.key, strings.Join(names, ", "))
	}
}

// entries returns the keys and values of a mapping; an empty value has none.
func (r *reader) entries(e entry, where string) []entry {
	var values []*ast.MappingValueNode
	switch n := e.value.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	case *ast.NullNode:
		return nil
	default:
		r.wrongType(e, where, "a mapping (key: value)")
		return nil
	}
	var out []entry
	seen := map[string]position{}
	for _, v := range values {
		tk := v.Key.GetToken()
		sub := entry{key: tk.Value, at: at(tk), value: v.Value}
		if first, dup := seen[sub.key]; dup {
			r.problemf(sub.at, "duplicate key%s, first on line %d", quoted(sub.key), first.line)
			continue
		}
		seen[sub.key] = sub.at
		out = append(out, sub)
	}
	return out
}

func (r *reader) wrongType(e entry, where, want string) {
	if where == "" {
		where = "the file"
	}
	r.problemf(e.at, "%s must be %s, not %s", where, want, kindOf(e.value))
}

// text reads a string; anything that YAML reads as another type needs quotes.
func (r *reader) text(e entry, where string) (string, bool) {
	switch n := e.value.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	r.wrongType(e, where, "a text")
	return "", false
}

func (r *reader) boolean(e entry, where string) bool {
	n, ok := e.value.(*ast.BoolNode)
	if !ok {
		r.wrongType(e, where, "true or false")
		return false
	}
	return n.Value
}

// oneOf reads a word of a list.
func (r *reader) oneOf(e entry, where string, words ...string) string {
	s, ok := r.text(e, where)
	if ok && !slices.Contains(words, s) {
		r.problemf(e.at, "%s must be one of %s", where, strings.Join(words, ", "))
		return ""
	}
	return s
}

// texts reads a list of non-empty strings; words, if any, are the allowed ones.
func (r *reader) texts(e entry, where string, words ...string) []string {
	seq, ok := e.value.(*ast.SequenceNode)
	if !ok {
		r.wrongType(e, where, "a list")
		return nil
	}
	out := make([]string, 0, len(seq.Values))
	for i, v := range seq.Values {
		item := entry{at: at(v.GetToken()), value: v}
		name := fmt.Sprintf("%s[%d]", where, i)
		s, ok := r.text(item, name)
		switch {
		case ok && s == "":
			r.problemf(item.at, "%s is empty", name)
		case ok && len(words) > 0 && !slices.Contains(words, s):
			r.problemf(item.at, "%s must be one of %s", name, strings.Join(words, ", "))
		}
		out = append(out, s)
	}
	return out
}

// plain converts a store's own block to maps, lists and scalars.
func (r *reader) plain(e entry, where string) any {
	switch n := e.value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		m := map[string]any{}
		for _, sub := range r.entries(e, where) {
			m[sub.key] = r.plain(sub, join(where, sub.key))
		}
		return m
	case *ast.SequenceNode:
		list := []any{}
		for i, v := range n.Values {
			list = append(list, r.plain(entry{at: at(v.GetToken()), value: v}, fmt.Sprintf("%s[%d]", where, i)))
		}
		return list
	case *ast.LiteralNode:
		return n.Value.Value
	case ast.ScalarNode:
		return n.GetValue()
	}
	r.problemf(e.at, "%s cannot be read", where)
	return nil
}

// kindOf says in a person's words what a node is.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.BoolNode:
		return "true or false"
	case *ast.NullNode:
		return "empty"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	}
	return "something else"
}

func join(where, key string) string {
	if !keyLike().MatchString(key) {
		key = "(unusual key)"
	}
	if where == "" {
		return key
	}
	return where + "." + key
}

func quoted(key string) string {
	if !keyLike().MatchString(key) {
		return ""
	}
	return fmt.Sprintf(" %q", key)
}
