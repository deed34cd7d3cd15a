package onepassword

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// An item as Connect and `op item get --format json` give it alike.
type item struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Vault   struct {
		ID string `json:"id"`
	} `json:"vault"`
	Sections []section    `json:"sections"`
	Fields   []field      `json:"fields"`
	Files    []attachment `json:"files"`
}

type section struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

type field struct {
	ID      string   `json:"id"`
	Label   string   `json:"label"`
	Type    string   `json:"type"`
	Value   *string  `json:"value"`
	TOTP    string   `json:"totp"`
	Section *section `json:"section"`
}

type attachment struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Section *section `json:"section"`
}

func (it item) version() string {
	if it.Version == 0 {
		return ""
	}
	return strconv.Itoa(it.Version)
}

// in tells whether a thing of section s is in the section that a reference names.
// A reference without a section means every one: those without a section go first.
func (it item) in(s *section, wanted string) bool {
	switch {
	case wanted == "":
		return true
	case s == nil:
		return false
	}
	label := s.Label
	for _, known := range it.Sections { // the label stands in the list alone, in some answers
		if known.ID == s.ID && label == "" {
			label = known.Label
		}
	}
	return same(s.ID, wanted) || same(label, wanted)
}

func same(a, b string) bool {
	return a != "" && strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// pick finds the one field, or else the one file, that t names.
func (it item) pick(t target) ([]byte, *attachment, error) {
	var found []field
	for _, f := range it.Fields {
		if it.in(f.Section, t.section) && (same(f.ID, t.field) || same(f.Label, t.field)) {
			found = append(found, f)
		}
	}
	if t.section == "" && len(found) > 1 { // one outside of all sections is meant before the others
		if outside := withoutSection(found); len(outside) > 0 {
			found = outside
		}
	}
	switch {
	case len(found) > 1:
		return nil, nil, fmt.Errorf("the item has %d fields of that name: name the section, or the field's id", len(found))
	case len(found) == 1:
		value, err := found[0].value(t.attribute)
		return value, nil, err
	}
	var files []attachment
	for _, f := range it.Files {
		if it.in(f.Section, t.section) && (same(f.ID, t.field) || same(f.Name, t.field)) {
			files = append(files, f)
		}
	}
	switch len(files) {
	case 0:
		return nil, nil, fmt.Errorf("the item has no such field or file: %w", fetch.ErrNotFound)
	case 1:
		return nil, &files[0], nil
	}
	return nil, nil, fmt.Errorf("the item has %d files of that name: refer to one by its id", len(files))
}

func withoutSection(fields []field) (out []field) {
	for _, f := range fields {
		if f.Section == nil || f.Section.ID == "" {
			out = append(out, f)
		}
	}
	return out
}

func (f field) value(attribute string) ([]byte, error) {
	switch {
	case attribute == "otp" || attribute == "totp":
		if f.TOTP == "" {
			return nil, fmt.Errorf("the field makes no one-time passwords: %w", fetch.ErrNotFound)
		}
		return []byte(f.TOTP), nil
	case f.Value == nil:
		return nil, fmt.Errorf("the field is empty: %w", fetch.ErrNotFound)
	}
	return []byte(*f.Value), nil
}
