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

// parseINI reads an INI document. A key is sought in a section, or in the DEFAULT
// section when there is only one part or the section lacks it. Nothing is interpolated.
func parseINI(data []byte) (picker, error) {
	file, err := ini.LoadSources(iniOptions(), data)
	if err != nil {
		return nil, errors.New("not an INI document") // its errors quote the line
	}
	sections := map[string]map[string][]string{}
	for _, s := range file.Sections() {
		sections[s.Name()] = iniValues(s)
	}
	return func(ref Ref) ([]byte, error) { return pickINI(sections, iniKeys(ref)) }, nil
}

func pickINI(sections map[string]map[string][]string, keys []string) ([]byte, error) {
	if len(keys) > 2 {
		return nil, missing(keys)
	}
	name, order := strings.ToLower(keys[len(keys)-1]), []string{ini.DefaultSection}
	if len(keys) == 2 {
		order = []string{keys[0], ini.DefaultSection}
		if sections[keys[0]] == nil {
			return nil, missing(keys[:1])
		}
	}
	for _, s := range order {
		found := sections[s][name]
		switch {
		case len(found) > 1:
			return nil, fmt.Errorf("field %s is given twice", pointer(keys))
		case len(found) == 1:
			return []byte(found[0]), nil
		}
	}
	return nil, missing(keys)
}

// iniValues are the values of a section by key, whose letters' case does not count.
func iniValues(s *ini.Section) map[string][]string {
	all := map[string][]string{}
	for _, k := range s.Keys() {
		values := k.ValueWithShadows()
		if len(values) == 0 { // so says ini of an empty value
			values = []string{k.Value()}
		}
		name := strings.ToLower(k.Name())
		for _, v := range values {
			all[name] = append(all[name], dedent(v))
		}
	}
	return all
}

// dedent removes the indentation of the lines that continue a value.
func dedent(v string) string {
	lines := strings.Split(v, "\n")
	for i := range lines {
		lines[i] = strings.Trim(lines[i], " \t\r")
	}
	return strings.Join(lines, "\n")
}
