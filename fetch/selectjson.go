package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// parseJSON reads a JSON document.
func parseJSON(data []byte) (picker, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	root := &jsonNode{raw: data}
	return func(ref Ref) ([]byte, error) {
		node, keys := root, ref.Keys()
		for i, key := range keys {
			if node = node.member(key); node == nil {
				return nil, missing(keys[:i+1])
			}
		}
		return textOfJSON(node.raw, keys)
	}, nil
}

// A jsonNode is an element, taken apart when something in it is first asked for.
type jsonNode struct {
	raw     json.RawMessage
	opened  bool
	members map[string]*jsonNode // of an array, by index
}

// member is the element of an object under key, or of an array under an index; nil if there is none.
func (n *jsonNode) member(key string) *jsonNode {
	if !n.opened {
		n.opened = true
		n.open()
	}
	return n.members[key]
}

func (n *jsonNode) open() {
	n.members = map[string]*jsonNode{}
	var object map[string]json.RawMessage
	if json.Unmarshal(n.raw, &object) == nil {
		for key, raw := range object {
			n.members[key] = &jsonNode{raw: raw}
		}
		return
	}
	var array []json.RawMessage
	_ = json.Unmarshal(n.raw, &array) // what is neither has no members
	for i, raw := range array {
		n.members[strconv.Itoa(i)] = &jsonNode{raw: raw}
	}
}

// textOfJSON is the value of an element as a secret.
func textOfJSON(raw json.RawMessage, keys []string) ([]byte, error) {
	raw = bytes.TrimSpace(raw)
	switch raw[0] {
	case 'n':
		return nil, isNull(keys)
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil, fmt.Errorf("field %s cannot be read", pointer(keys))
		}
		return []byte(s), nil
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return nil, fmt.Errorf("field %s cannot be read", pointer(keys))
	}
	return b.Bytes(), nil
}

// checkJSON refuses what is not one JSON value, and objects with a key given
// twice: readers disagree on which of the two counts. The messages of
// encoding/json quote the text, so ours only say where.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("not a JSON document: not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := checkValue(dec); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return notJSON(dec)
	}
	return nil
}

func notJSON(dec *json.Decoder) error {
	return fmt.Errorf("not a JSON document: see byte %d", dec.InputOffset())
}

// checkValue reads one value. Its depth is bounded by the decoder's.
func checkValue(dec *json.Decoder) error {
	token, err := dec.Token()
	switch {
	case err != nil:
		return notJSON(dec)
	case token == json.Delim('{'):
		return checkObject(dec)
	case token == json.Delim('['):
		for dec.More() {
			if err := checkValue(dec); err != nil {
				return err
			}
		}
		return checkEnd(dec)
	}
	return nil
}

func checkObject(dec *json.Decoder) error {
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return notJSON(dec)
		}
		if seen[key] {
			return fmt.Errorf("the JSON document has a key twice in one object: see byte %d", dec.InputOffset())
		}
		seen[key] = true
		if err := checkValue(dec); err != nil {
			return err
		}
	}
	return checkEnd(dec)
}

func checkEnd(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return notJSON(dec)
	}
	return nil
}
