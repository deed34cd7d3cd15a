package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch/dotenv"
)

// A picker takes the field that ref names out of one document, as a copy. FAULTS 96.
//
// A string is its text; a number or a boolean is its literal text as written; a
// mapping or a list is compact JSON; null and a key given twice are errors. No
// error shows anything of the document but the keys that ref names itself.
type picker func(ref Ref) ([]byte, error)

// parse reads a document once, for however many fields are picked.
func parse(doc Document) (picker, error) {
	data := bytes.TrimPrefix(doc.Data, []byte("\ufeff"))
	switch doc.Format {
	case JSON:
		return parseJSON(data)
	case YAML:
		return pickYAML(data, doc.Unseal)
	case INI:
		return parseINI(data)
	case Dotenv:
		return parseDotenv(data)
	case Auto:
		if json.Valid(data) {
			return parseJSON(data)
		}
		return pickYAML(data, doc.Unseal)
	}
	return nil, errors.New("the document has no fields: leave out the part after #")
}

// field is the part of the document that ref names: the whole of it, or a field.
func (rd *reading) field(ref Ref) ([]byte, error) {
	if ref.Field == "" {
		if rd.doc.Unseal != nil {
			return nil, errors.New("its values are encrypted one by one: name one after #")
		}
		return bytes.Clone(rd.doc.Data), nil
	}
	if rd.pick == nil {
		pick, err := parse(rd.doc)
		if err != nil {
			pick = func(Ref) ([]byte, error) { return nil, err }
		}
		rd.pick = pick
	}
	return rd.pick(ref)
}

// missing is the error for a key that a document lacks, the last of keys.
func missing(keys []string) error {
	hint := ""
	if len(keys) == 1 && strings.Contains(keys[0], "/") {
		hint = fmt.Sprintf(" (one key; for a path write #/%s)", keys[0])
	}
	return fmt.Errorf("the document has no field %s%s: %w", pointer(keys), hint, ErrNotFound)
}

// pointer writes keys as a field is written.
func pointer(keys []string) string {
	escaped := strings.NewReplacer("~", "~0", "/", "~1")
	var b strings.Builder
	for _, k := range keys {
		b.WriteString("/" + escaped.Replace(k))
	}
	return b.String()
}

func isNull(keys []string) error {
	return fmt.Errorf("field %s is null", pointer(keys))
}

func parseDotenv(data []byte) (picker, error) {
	pairs, err := dotenv.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("not a dotenv document: %w", err)
	}
	values := make(map[string]string, len(pairs))
	for _, p := range slices.Backward(pairs) { // of a key given twice the first counts
		values[p.Key] = p.Value
	}
	return func(ref Ref) ([]byte, error) {
		keys := ref.Keys()
		value, ok := values[keys[0]]
		if !ok || len(keys) != 1 {
			return nil, missing(keys)
		}
		return []byte(value), nil
	}, nil
}

// FormatOf tells a document's format by the extension of its file: json, yaml,
// yml, ini, cfg, conf, env. A file named .env or .env.* is dotenv. Any other is Auto.
func FormatOf(name string) Format {
	base := strings.ToLower(path.Base(name))
	switch path.Ext(base) {
	case ".json":
		return JSON
	case ".yaml", ".yml":
		return YAML
	case ".ini", ".cfg", ".conf":
		return INI
	case ".env":
		return Dotenv
	}
	if strings.HasPrefix(base, ".env.") {
		return Dotenv
	}
	return Auto
}
