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

// selectJSON follows keys into a JSON document.
func selectJSON(data []byte, keys []string) ([]byte, error) {
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	raw := json.RawMessage(data)
	for i, key := range keys {
		next, ok := member(raw, key)
		if !ok {
			return nil, missing(keys[:i+1])
		}
		raw = next
	}
	return textOfJSON(raw, keys)
}

// member is the element of an object under key, or of an array under an index.
func member(raw json.RawMessage, key string) (json.RawMessage, bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		next, ok := object[key]
		return next, ok
	}
	var array []json.RawMessage
	i, err := strconv.Atoi(key)
	if err != nil || json.Unmarshal(raw, &array) != nil || i < 0 || i >= len(array) {
		return nil, false
	}
	return array[i], true
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
