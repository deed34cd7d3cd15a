package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/maskrun/maskrun/fetch/dotenv"
)

// selectField takes the part of a document that ref names, as a copy. FAULTS 96.
//
// A string is its text; a number or a boolean is its literal text as written; a
// mapping or a list is compact JSON; null and a key given twice are errors. No
// error shows anything of the document but the keys that ref names itself.
func selectField(doc Document, ref Ref) ([]byte, error) {
	if ref.Field == "" {
		if doc.Unseal != nil {
			return nil, errors.New("its values are encrypted one by one: name one after #")
		}
		return bytes.Clone(doc.Data), nil
	}
	data := bytes.TrimPrefix(doc.Data, []byte("\ufeff"))
	switch doc.Format {
	case JSON:
		return selectJSON(data, ref.Keys())
	case YAML:
		return selectYAML(data, ref.Keys(), doc.Unseal)
	case INI:
		return selectINI(data, iniKeys(ref))
	case Dotenv:
		return selectDotenv(data, ref.Keys())
	case Auto:
		if json.Valid(data) {
			return selectJSON(data, ref.Keys())
		}
		return selectYAML(data, ref.Keys(), doc.Unseal)
	}
	return nil, errors.New("the document has no fields: leave out the part after #")
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

func selectDotenv(data []byte, keys []string) ([]byte, error) {
	pairs, err := dotenv.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("not a dotenv document: %w", err)
	}
	for _, p := range pairs {
		if len(keys) == 1 && p.Key == keys[0] {
			return []byte(p.Value), nil
		}
	}
	return nil, missing(keys)
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
