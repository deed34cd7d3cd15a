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

// tagged honours !!binary and Ansible's !vault; under any other tag the text is the value.
func (d *yamlDoc) tagged(t *ast.TagNode, keys []string) ([]byte, error) {
	text, err := d.text(t.Value, keys)
	switch {
	case err != nil:
		return nil, err
	case isVault(t):
		return d.opened(text, keys)
	case t.Start.Value != "!!binary":
		return text, nil
	}
	out, err := base64.StdEncoding.AppendDecode(nil, withoutBlanks(text))
	if err != nil {
		return nil, fmt.Errorf("field %s is tagged !!binary and is not base64", pointer(keys))
	}
	return out, nil
}

// isVault tells whether a node is a value that ansible-vault encrypted.
func isVault(t *ast.TagNode) bool {
	return t.Start.Value == "!vault" || t.Start.Value == "!vault-encrypted"
}

// opened is what such a value encrypts. Inside of a mapping that is asked for as
// a whole it has no keys of its own.
func (d *yamlDoc) opened(text []byte, keys []string) ([]byte, error) {
	name := "a value inside"
	if len(keys) > 0 {
		name = "field " + pointer(keys)
	}
	if d.unseal == nil {
		return nil, fmt.Errorf("%s is encrypted with ansible-vault: read it with ansible-vault://: %w", name, ErrDenied)
	}
	plain, err := d.unseal(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return plain, d.spend(len(plain))
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
		if !isVault(x) {
			return d.appendJSON(b, x.Value)
		}
		plain, err := d.tagged(x, nil)
		return append(b, quoteJSON(string(plain))...), err
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
