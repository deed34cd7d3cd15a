package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// The secrets input of the action takes our own lines, and those of the actions
// that people come from, told apart by their form:
//
//	NAME = vault://secret/data/ci#token                     ours
//	secret/data/ci token | NAME ;  secret/data/aws * | P_   hashicorp/vault-action
//	NAME, prod/db    prod/*    arn:aws:secretsmanager:…     aws-actions/aws-secretsmanager-get-secrets
//	out:project/secret/version                              google-github-actions/get-secretmanager-secrets
//
// Errors number the line and repeat nothing of it.

// An expansion makes several variables of one secret, a JSON object: one a key.
type expansion struct {
	prefix string
	upper  bool // names in capitals
}

var (
	ownLine    = fetch.Pattern(`^([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(\S.*)$`)
	awsLine    = fetch.Pattern(`^(?:([A-Za-z_][A-Za-z0-9_]*)?\s*,\s*)?([A-Za-z0-9/_+=.@:!*-]+)$`)
	googleLine = fetch.Pattern(`^([A-Za-z_][A-Za-z0-9_-]*)\s*:\s*(?:projects/([^/\s]+)/secrets/([^/\s]+)(?:/versions/([^/\s]+))?|([^/:\s]+)/([^/:\s]+)(?:/([^/:\s]+))?)$`)
	vaultEntry = fetch.Pattern(`^(?:"[^"]+"|\S+)\s+\S+(?:\s*\|.*)?$`)
	arnSuffix  = fetch.Pattern(`-[A-Za-z0-9]{6}$`)
)

// A secretLines holds what the lines may be told besides.
type secretLines struct {
	dir       string // where relative references start
	parseJSON bool   // aws: every secret is a JSON object of several
}

func (s secretLines) parse(text string) ([]wanted, error) {
	var out []wanted
	var errs []error
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		list, err := s.line(line)
		if err != nil {
			errs = append(errs, fmt.Errorf("secrets, line %d: %w", i+1, err))
		}
		for _, w := range list {
			w.from, w.dir, w.trusted = fetch.Place{File: "secrets", At: fmt.Sprintf(", line %d", i+1)}, s.dir, true
			out = append(out, w)
		}
	}
	return out, errors.Join(append(errs, twice(out))...)
}

// twice finds a variable that two lines name.
func twice(list []wanted) error {
	seen := map[string]bool{}
	for _, w := range list {
		if key := w.name; w.expand == nil && seen[key] {
			return fmt.Errorf("%s: %s is named twice", w.from, w.name)
		} else if w.expand == nil {
			seen[key] = true
		}
	}
	return nil
}

func (s secretLines) line(line string) ([]wanted, error) {
	if m := ownLine().FindStringSubmatch(line); m != nil {
		ref, err := fetch.ParseRef(strings.TrimRight(m[2], "; "))
		if err != nil {
			return nil, errors.New(fetch.Mistake(err, notHere))
		}
		return []wanted{{name: m[1], ref: ref}}, nil
	}
	if m := googleLine().FindStringSubmatch(line); m != nil && m[1] != "arn" {
		return one(strings.ReplaceAll(m[1], "-", "_"), "gcp-sm://"+strings.Trim(strings.Join([]string{m[2] + m[5], m[3] + m[6], m[4] + m[7]}, "/"), "/"), nil)
	}
	if m := awsLine().FindStringSubmatch(line); m != nil {
		return s.aws(m[1], m[2])
	}
	var out []wanted
	for entry := range strings.SplitSeq(line, ";") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		if !vaultEntry().MatchString(entry) {
			return nil, errors.New("want NAME = ref, or a line of vault-action, aws-secretsmanager-get-secrets or get-secretmanager-secrets")
		}
		list, err := vaultLine(entry)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func one(name, ref string, e *expansion) ([]wanted, error) {
	r, err := fetch.ParseRef(ref)
	if err != nil {
		return nil, errors.New(fetch.Mistake(err, notHere))
	}
	return []wanted{{name: name, ref: r, expand: e}}, nil
}

// aws reads "NAME, id", and "id" alone, whose name is made of the id. An id that
// ends in * stands for all whose names begin so: the store lists them.
func (s secretLines) aws(name, id string) ([]wanted, error) {
	ref := "aws-sm://" + escapeRef(id)
	switch base, all := strings.CutSuffix(id, "*"); {
	case all && base == "":
		return nil, errors.New("want a beginning of names before the *")
	case all:
		prefix := name
		if prefix != "" {
			prefix += "_"
		}
		return one(name, ref, &expansion{prefix, true})
	}
	if name == "" {
		name = variableOf(idName(id), true)
	}
	if s.parseJSON {
		return one(name, ref, &expansion{name + "_", true})
	}
	return one(name, ref, nil)
}

// idName is the name in an ARN, less the six characters that AWS adds.
func idName(id string) string {
	if !strings.HasPrefix(id, "arn:") {
		return id
	}
	return arnSuffix().ReplaceAllString(id[strings.LastIndex(id, ":")+1:], "")
}

// vaultLine reads one entry of vault-action; * and ** stand for every field.
func vaultLine(entry string) ([]wanted, error) {
	left, prefix, _ := strings.Cut(entry, "|")
	left = strings.TrimSpace(left)
	for _, w := range []struct {
		star  string
		upper bool
	}{{" **", false}, {" *", true}} {
		if path, ok := strings.CutSuffix(left, w.star); ok {
			path = strings.Trim(strings.TrimSpace(path), `"`)
			return one(path, "vault://"+escapeRef(path), &expansion{strings.TrimSpace(prefix), w.upper})
		}
	}
	reqs, err := fetch.ParseActionLines(entry)
	if err != nil {
		return nil, err
	}
	var out []wanted
	for _, r := range reqs {
		if !variableName().MatchString(r.Name) {
			return nil, errors.New("the name after the | is no name of a variable")
		}
		out = append(out, wanted{name: r.Name, ref: r.Ref})
	}
	return out, nil
}

// escapeRef writes a path as a reference has it.
func escapeRef(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3F", "#", "%23").Replace(path)
}

// variableOf makes a variable's name of a key: what cannot stand in one becomes _.
func variableOf(key string, upper bool) string {
	if upper {
		key = strings.ToUpper(key)
	}
	name := strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, key)
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return name
}

// expandAll replaces secrets that stand for several by these.
func expandAll(secrets []secret) ([]secret, error) {
	var out []secret
	var errs []error
	for _, s := range secrets {
		if s.expand == nil {
			out = append(out, s)
			continue
		}
		list, err := s.expanded()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.from, err))
		}
		out = append(out, list...)
	}
	for i, s := range out {
		if j := slices.IndexFunc(out[:i], func(o secret) bool { return o.name == s.name }); j >= 0 {
			errs = append(errs, fmt.Errorf("%s and %s: both give %s", out[j].from, s.from, s.name))
		}
	}
	return out, errors.Join(errs...)
}

// expanded takes an object apart. What is no text is given as JSON.
func (s secret) expanded() ([]secret, error) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(s.value.Reveal(), &fields) != nil {
		return nil, errors.New("* wants a secret that is a JSON object") // the error itself may hold a piece of it
	}
	var out []secret
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		part := s
		part.expand = nil
		part.name = variableOf(s.expand.prefix+keyName(key, s.expand.upper), false)
		raw := []byte(fields[key])
		var text string
		if json.Unmarshal(raw, &text) == nil {
			raw = []byte(text)
		}
		part.value = fetch.NewValue(raw)
		out = append(out, part)
	}
	return out, nil
}

func keyName(key string, upper bool) string {
	if upper {
		return strings.ToUpper(key)
	}
	return key
}
