package fetch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// yamlDoc is a parsed document and the anchors in it. It works on the syntax
// tree, not on decoded values, because 1.10 and 007 must stay as written.
type yamlDoc struct {
	anchors map[string]ast.Node
	budget  int // bytes and steps that may still be produced; aliases multiply
	depth   int // of the nesting that is being followed; an alias can hold itself
}

// selectYAML follows keys into a YAML document.
func selectYAML(data []byte, keys []string) (value []byte, err error) {
	// The parser is a large foreign thing fed with a stranger's text, and what
	// it says in a panic may quote that text.
	defer func() {
		if recover() != nil {
			value, err = nil, errNotYAML
		}
	}()
	body, err := parseYAML(data)
	if err != nil {
		return nil, err
	}
	doc := &yamlDoc{anchors: map[string]ast.Node{}, budget: MaxDocument}
	if err := doc.collect(body); err != nil {
		return nil, err
	}
	node := body
	for i, key := range keys {
		if node, err = doc.child(node, key); err != nil {
			return nil, err
		}
		if node == nil {
			return nil, missing(keys[:i+1])
		}
	}
	return doc.text(node, keys)
}

var (
	errNotYAML  = errors.New("not a YAML document")
	errYAMLSize = errors.New("the YAML document grows too large through its aliases")
)

// parseYAML returns the one document in data. The parser's errors quote the text: only their line is kept.
func parseYAML(data []byte) (ast.Node, error) {
	file, err := parser.ParseBytes(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), 0)
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

// collect finds the anchors.
func (d *yamlDoc) collect(n ast.Node) error {
	walk := &anchorWalk{doc: d}
	ast.Walk(walk, n)
	return walk.err
}

type anchorWalk struct {
	doc *yamlDoc
	err error
}

// Visit implements ast.Visitor.
func (w *anchorWalk) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok {
		name := a.Name.GetToken().Value
		if w.doc.anchors[name] != nil {
			w.err = errors.New("the YAML document has an anchor twice")
		}
		w.doc.anchors[name] = a.Value
	}
	return w
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
	pairs, err := d.pairs(n)
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if p.key == key {
			return p.value, nil
		}
	}
	return nil, nil
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
		if seen[key] {
			return nil, errors.New("the YAML document has a key twice in one mapping")
		}
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

// text is the value of a node as a secret.
func (d *yamlDoc) text(n ast.Node, keys []string) ([]byte, error) {
	n, err := d.resolve(n)
	if err != nil {
		return nil, err
	}
	switch x := n.(type) {
	case *ast.NullNode:
		return nil, isNull(keys)
	case *ast.TagNode:
		return d.tagged(x, keys)
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return d.appendJSON(nil, n)
	}
	return []byte(scalar(n)), nil
}

// tagged honours !!binary; under any other tag the text is the value.
func (d *yamlDoc) tagged(t *ast.TagNode, keys []string) ([]byte, error) {
	text, err := d.text(t.Value, keys)
	if err != nil || t.Start.Value != "!!binary" {
		return text, err
	}
	out, err := base64.StdEncoding.AppendDecode(nil, withoutBlanks(text))
	if err != nil {
		return nil, fmt.Errorf("field %s is tagged !!binary and is not base64", pointer(keys))
	}
	return out, nil
}

// scalar is the text of a node: of numbers and booleans as written.
func scalar(n ast.Node) string {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value
	case *ast.LiteralNode:
		return x.Value.Value
	}
	return n.GetToken().Value
}

// appendJSON writes a node as compact JSON, its keys in the order of the document.
func (d *yamlDoc) appendJSON(b []byte, n ast.Node) ([]byte, error) {
	defer d.leave()
	if err := d.enter(); err != nil {
		return nil, err
	}
	n, err := d.resolve(n)
	if err != nil {
		return nil, err
	}
	switch x := n.(type) {
	case *ast.TagNode:
		return d.appendJSON(b, x.Value)
	case *ast.SequenceNode:
		return d.appendList(b, x)
	case *ast.MappingNode, *ast.MappingValueNode:
		return d.appendMapping(b, n)
	case *ast.NullNode:
		return append(b, "null"...), d.spend(4)
	}
	text := jsonScalar(n)
	return append(b, text...), d.spend(len(text))
}

// jsonScalar is a number or boolean as written where JSON can write it so, else a string.
func jsonScalar(n ast.Node) []byte {
	text := scalar(n)
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		if json.Valid([]byte(text)) {
			return []byte(text)
		}
	}
	return quoteJSON(text)
}

func quoteJSON(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string into a buffer
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func (d *yamlDoc) appendList(b []byte, n *ast.SequenceNode) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, v := range n.Values {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = d.appendJSON(b, v); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func (d *yamlDoc) appendMapping(b []byte, n ast.Node) ([]byte, error) {
	pairs, err := d.pairs(n)
	if err != nil {
		return nil, err
	}
	b = append(b, '{')
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, quoteJSON(p.key)...), ':')
		if b, err = d.appendJSON(b, p.value); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}
