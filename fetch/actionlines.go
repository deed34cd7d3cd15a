package fetch

import (
	"errors"
	"fmt"
	"strings"
)

// ParseActionLines reads the secrets input of HashiCorp's vault-action:
//
//	secret/data/ci/aws accessKey | AWS_ACCESS_KEY_ID ;
//	secret/data/ci token
//
// Each entry is a path, a field, and the name of the variable; without a name
// it is the field in capitals. A path with blanks stands in double quotes. The
// wildcard * and expressions are refused. Errors number the entry from 1.
func ParseActionLines(s string) ([]Request, error) {
	var reqs []Request
	var errs []error
	n := 0
	for entry := range strings.SplitSeq(s, ";") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		n++
		req, err := parseActionLine(entry)
		if err != nil {
			errs = append(errs, fmt.Errorf("secret %d: %w", n, err))
		}
		reqs = append(reqs, req)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return reqs, nil
}

func parseActionLine(entry string) (Request, error) {
	entry, name, named := strings.Cut(entry, "|")
	name = strings.TrimSpace(name)
	path, field, err := splitActionLine(strings.TrimSpace(entry))
	if err != nil {
		return Request{}, err
	}
	if !named {
		name = variableName(field)
	}
	if name == "" {
		return Request{}, errors.New("no name after the |")
	}
	ref, err := ParseRef("vault://" + escape(path, "") + "#" + escape(field, ""))
	return Request{Name: name, Ref: ref}, err
}

// splitActionLine splits at the blank between path and field.
func splitActionLine(entry string) (path, field string, err error) {
	path, field, ok := strings.Cut(entry, " ")
	if rest, quoted := strings.CutPrefix(entry, `"`); quoted {
		path, field, ok = strings.Cut(rest, `"`)
	}
	field = strings.TrimSpace(field)
	switch {
	case !ok || path == "" || field == "" || strings.ContainsAny(field, " \t\r\n"):
		return "", "", errors.New("want: path field | NAME")
	case strings.ContainsAny(field, "*$()[]{}"):
		return "", "", errors.New("wildcards and expressions are not supported: name each field")
	}
	return path, field, nil
}

// variableName is a field as an environment variable.
func variableName(field string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, field)
}
