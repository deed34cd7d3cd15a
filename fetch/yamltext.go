package fetch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

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
