package masker

import (
	"fmt"
	"slices"
	"strings"
)

// An encoding is one row of the table: one way in which programs spell a value.
type encoding struct {
	group string // what Options.Encodings names
	name  string // what a Hit and a Skip name
	// rank orders the rows that may be dropped when forms get too many: rank 1
	// goes first, 0 never.
	rank int
	// derive yields the forms of v that are certain to stand in the encoded text
	// wherever v stands in the plain one. Forms under 8 bytes are dropped by the caller.
	derive func(v []byte, yield func([]byte))
}

// encodings is the table. To add a row: a file encode_….go, a line here, a
// file of vectors made by the foreign tool.
var encodings = []encoding{
	{"base64", "base64", 0, base64Forms},
	{"base64", "base64 twice", 1, base64Twice},
	{"base64", "base64 of UTF-16LE", 1, base64UTF16},
	{"hex", "hex", 0, hexForms},
	{"hex", `hex \xHH`, 3, hexEscapes},
	{"hex", "hex in groups", 3, hexGroups},
	{"percent", "percent", 0, percentForms},
	{"percent", "percent, rare sets", 4, percentRare},
	{"percent", "percent twice", 4, percentTwice},
	{"command", "workflow command", 0, commandForms},
	{"json", "JSON", 0, jsonForms},
	{"json", "JSON in JSON", 0, jsonTwice},
	{"json", "Go and Python literals", 0, literalForms},
	{"xml", "XML", 0, xmlForms},
	{"shell", "shell", 0, shellForms},
	{"utf16", "UTF-16LE", 2, utf16Forms},
}

// maxRank is the highest rank in the table.
const maxRank = 4

// dropped reports whether row e is left out once all ranks up to rank are.
func dropped(e encoding, rank int) bool { return e.rank != 0 && e.rank <= rank }

// Groups returns the names that Options.Encodings takes.
func Groups() []string {
	var l []string
	for _, e := range encodings {
		if !slices.Contains(l, e.group) {
			l = append(l, e.group)
		}
	}
	return l
}

// enabled returns the rows of the named groups; nil means all.
func enabled(groups []string) ([]encoding, error) {
	if groups == nil {
		return encodings, nil
	}
	var rows []encoding
	for _, g := range groups {
		n := len(rows)
		for _, e := range encodings {
			if e.group == g {
				rows = append(rows, e)
			}
		}
		if len(rows) == n {
			return nil, fmt.Errorf("masker: no group of encodings is called %q: there are %s", g, strings.Join(Groups(), ", "))
		}
	}
	return rows, nil
}
