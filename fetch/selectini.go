package fetch

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/ini.v1"
)

// iniOptions read files as Python's configparser does: no comments inside a
// value, no backslash continuation, quotes kept, indented lines continue.
func iniOptions() ini.LoadOptions {
	return ini.LoadOptions{
		IgnoreContinuation:         true,
		IgnoreInlineComment:        true,
		PreserveSurroundedQuote:    true,
		AllowPythonMultilineValues: true,
		AllowShadows:               true, // so that a key given twice shows
		ChildSectionDelimiter:      "\x00",
	}
}

// iniKeys are section and key: the field section/key needs no slash before it.
func iniKeys(ref Ref) []string {
	if i := strings.LastIndexByte(ref.Field, '/'); i > 0 && ref.Field[0] != '/' {
		return []string{ref.Field[:i], ref.Field[i+1:]}
	}
	return ref.Keys()
}

// selectINI finds a key in a section, or in the DEFAULT section when there is
// only one part or the section lacks it. Nothing is interpolated.
func selectINI(data []byte, keys []string) ([]byte, error) {
	file, err := ini.LoadSources(iniOptions(), data)
	if err != nil {
		return nil, errors.New("not an INI document") // its errors quote the line
	}
	if len(keys) > 2 {
		return nil, missing(keys)
	}
	name, sections := keys[len(keys)-1], []string{ini.DefaultSection}
	if len(keys) == 2 {
		sections = []string{keys[0], ini.DefaultSection}
		if !file.HasSection(keys[0]) {
			return nil, missing(keys[:1])
		}
	}
	for _, s := range sections {
		found := iniFind(file.Section(s), name)
		switch {
		case len(found) > 1:
			return nil, fmt.Errorf("field %s is given twice", pointer(keys))
		case len(found) == 1:
			return []byte(found[0]), nil
		}
	}
	return nil, missing(keys)
}

// iniFind returns every value of the key, whose letters' case does not count.
func iniFind(s *ini.Section, name string) []string {
	var found []string
	for _, k := range s.Keys() {
		if !strings.EqualFold(k.Name(), name) {
			continue
		}
		values := k.ValueWithShadows()
		if len(values) == 0 { // so says ini of an empty value
			values = []string{k.Value()}
		}
		found = append(found, values...)
	}
	for i, v := range found {
		found[i] = dedent(v)
	}
	return found
}

// dedent removes the indentation of the lines that continue a value.
func dedent(v string) string {
	lines := strings.Split(v, "\n")
	for i := range lines {
		lines[i] = strings.Trim(lines[i], " \t\r")
	}
	return strings.Join(lines, "\n")
}
