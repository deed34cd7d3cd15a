package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// yamlDoc is a parsed document and the anchors in it. It works on the syntax
// tree, not on decoded values, because 1.10 and 007 must stay as written.
type yamlDoc struct {
	anchors map[string]ast.Node
	known   map[ast.Node]map[string]ast.Node // mappings that a key was sought in
	budget  int                              // bytes and steps that may still be produced; aliases multiply
	unseal  func([]byte) ([]byte, error)
	depth   int // of the nesting that is being followed; an alias can hold itself
}

// pickYAML reads a YAML document.
func pickYAML(data []byte, unseal func([]byte) ([]byte, error)) (pick picker, err error) {
	defer noYAML(&err)
	body, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	doc := &yamlDoc{anchors: map[string]ast.Node{}, known: map[ast.Node]map[string]ast.Node{}, unseal: unseal}
	if err := doc.collect(body); err != nil {
		return nil, err
	}
	return func(ref Ref) ([]byte, error) { return doc.pick(body, ref.Keys()) }, nil
}

// noYAML turns a panic into an error. The parser is a large foreign thing fed with a
// stranger's text, and what it says in a panic may quote that text.
func noYAML(err *error) {
	if recover() != nil {
		*err = errNotYAML
	}
}

// pick follows keys. Every field has a budget of its own.
func (d *yamlDoc) pick(node ast.Node, keys []string) (value []byte, err error) {
	defer noYAML(&err)
	d.budget, d.depth = MaxDocument, 0
	for i, key := range keys {
		if node, err = d.child(node, key); err != nil {
			return nil, err
		}
		if node == nil {
			return nil, missing(keys[:i+1])
		}
	}
	return d.text(node, keys)
}

var (
	errNotYAML   = errors.New("not a YAML document")
	errYAMLSize  = errors.New("the YAML document is nested too deeply, or grows too large through its aliases")
	errYAMLTwice = errors.New("the YAML document has a key twice in one mapping")
)

// parseYAML returns the one document in data. The parser's errors quote the text: only their line is kept.
func parseYAML(data []byte) (ast.Node, error) {
	if openBrackets(data) > maxDepth {
		return nil, errYAMLSize
	}
	text := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	// The parser's own search for keys given twice takes quadratic time: collect has one.
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, errNotYAML
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			return nil, errors.New("the YAML file has more than one document")
		}
		body = doc.Body
	}
	if body == nil {
		return nil, fmt.Errorf("the document is empty: %w", ErrNotFound)
	}
	return body, nil
}

// openBrackets is the deepest nesting of brackets, quotes not considered. The
// parser takes quadratic time over them: 100,000 took it a minute.
func openBrackets(data []byte) int {
	depth, deepest := 0, 0
	for _, c := range data {
		switch c {
		case '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	return deepest
}

// collect finds the anchors, and keys given twice anywhere.
func (d *yamlDoc) collect(n ast.Node) error {
	walk := &collector{doc: d}
	ast.Walk(walk, n)
	return walk.err
}

type collector struct {
	doc *yamlDoc
	err error
}

// Visit implements ast.Visitor.
func (c *collector) Visit(n ast.Node) ast.Visitor {
	switch x := n.(type) {
	case *ast.AnchorNode:
		name := x.Name.GetToken().Value
		if c.doc.anchors[name] != nil {
			c.err = errors.New("the YAML document has an anchor twice")
		}
		c.doc.anchors[name] = x.Value
	case *ast.MappingNode:
		if keyTwice(x) {
			c.err = errYAMLTwice
		}
	}
	return c
}

func keyTwice(m *ast.MappingNode) bool {
	seen := map[string]bool{}
	for _, v := range m.Values {
		key := keyText(v.Key)
		if seen[key] {
			return true
		}
		seen[key] = true
	}
	return false
}

// maxDepth is far beyond what a person nests.
const maxDepth = 200

// enter counts one level of nesting; the caller defers leave.
func (d *yamlDoc) enter() error {
	if d.depth++; d.depth > maxDepth {
		return errYAMLSize
	}
	return nil
}

func (d *yamlDoc) leave() { d.depth-- }

// spend counts n against the budget.
func (d *yamlDoc) spend(n int) error {
	if d.budget -= n; d.budget < 0 {
		return errYAMLSize
	}
	return nil
}

// resolve follows anchors and aliases to the node that counts.
func (d *yamlDoc) resolve(n ast.Node) (ast.Node, error) {
	for {
		if err := d.spend(1); err != nil {
			return nil, err
		}
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
		case *ast.AliasNode:
			n = d.anchors[x.Value.GetToken().Value]
		case nil:
			return nil, errors.New("the YAML document has an alias without its anchor")
		default:
			return n, nil
		}
	}
}

// child is the node under key, nil when there is none.
func (d *yamlDoc) child(n ast.Node, key string) (ast.Node, error) {
	n, err := d.resolve(n)
	if err != nil {
		return nil, err
	}
	if t, ok := n.(*ast.TagNode); ok { // !!map and the like
		return d.child(t.Value, key)
	}
	if seq, ok := n.(*ast.SequenceNode); ok {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= len(seq.Values) {
			return nil, nil
		}
		return seq.Values[i], nil
	}
	if d.known[n] == nil {
		pairs, err := d.pairs(n)
		if err != nil {
			return nil, err
		}
		d.known[n] = map[string]ast.Node{}
		for _, p := range slices.Backward(pairs) { // of a key given twice the first counts
			d.known[n][p.key] = p.value
		}
	}
	return d.known[n][key], nil
}

type yamlPair struct {
	key   string
	value ast.Node
}

// pairs lists a mapping, merged keys (<<) after its own. None for another node.
func (d *yamlDoc) pairs(n ast.Node) ([]yamlPair, error) {
	var own []yamlPair
	var merges []ast.Node
	seen := map[string]bool{}
	for _, v := range entries(n) {
		if err := d.spend(1); err != nil {
			return nil, err
		}
		if _, merge := v.Key.(*ast.MergeKeyNode); merge {
			merges = append(merges, v.Value)
			continue
		}
		key := keyText(v.Key)
		seen[key] = true
		own = append(own, yamlPair{key, v.Value})
	}
	for _, m := range merges {
		merged, err := d.merged(m)
		if err != nil {
			return nil, err
		}
		for _, p := range merged {
			if !seen[p.key] {
				seen[p.key] = true
				own = append(own, p)
			}
		}
	}
	return own, nil
}

func entries(n ast.Node) []*ast.MappingValueNode {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{x}
	}
	return nil
}

// merged lists what a << key brings: a mapping or a list of them, the first wins.
func (d *yamlDoc) merged(n ast.Node) ([]yamlPair, error) {
	defer d.leave()
	if err := d.enter(); err != nil {
		return nil, err
	}
	n, err := d.resolve(n)
	if err != nil {
		return nil, err
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		return d.pairs(n)
	}
	var all []yamlPair
	for _, v := range seq.Values {
		pairs, err := d.merged(v)
		if err != nil {
			return nil, err
		}
		all = append(all, pairs...)
	}
	return all, nil
}

// keyText is a key as a field names it.
func keyText(k ast.Node) string {
	switch x := k.(type) {
	case *ast.StringNode:
		return x.Value
	case *ast.MappingKeyNode:
		return keyText(x.Value)
	}
	return k.GetToken().Value
}
