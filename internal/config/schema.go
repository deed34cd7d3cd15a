package config

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/maskrun/maskrun/fetch"
)

// This file is the shape of maskrun.yaml, key by key. maskrun.schema.json says
// the same in JSON Schema; a test holds the two together.

const missingVersion = `version is missing; begin the file with "version: 1"`

// groups are the names that mask.encodings may list.
var groups = []string{"base64", "hex", "percent", "command", "json", "xml", "shell", "utf16"}

func (r *reader) root(n ast.Node) {
	hasVersion := false
	r.object(entry{at: at(n.GetToken()), value: n}, "",
		field{"version", func(e entry, where string) { hasVersion = true; r.version(e, where) }},
		field{"stores", r.stores},
		field{"secrets", func(e entry, where string) { r.cfg.Secrets = r.secrets(e, where) }},
		field{"environments", r.environments},
		field{"mask", r.mask},
		field{"untrusted", r.untrusted},
		field{"audit", r.audit},
		field{"alert", r.alert},
	)
	if !hasVersion && kindOf(n) == "a mapping" {
		r.problem(position{1, 1}, missingVersion)
	}
}

func (r *reader) version(e entry, where string) {
	n, ok := e.value.(*ast.IntegerNode)
	if !ok || fmt.Sprint(n.Value) != "1" {
		r.problemf(e.at, "%s must be 1, the only one this maskrun knows", where)
	}
}

func (r *reader) stores(e entry, where string) {
	r.cfg.Stores = map[string]map[string]any{}
	for _, sub := range r.entries(e, where) {
		if !schemeName().MatchString(sub.key) {
			r.problemf(sub.at, "key%s of %s is not the name of a store (lower case, digits, -)", quoted(sub.key), where)
			continue
		}
		name := join(where, sub.key)
		if _, empty := sub.value.(*ast.NullNode); empty {
			r.cfg.Stores[sub.key] = map[string]any{}
		} else if block, ok := r.plain(sub, name).(map[string]any); ok {
			r.cfg.Stores[sub.key] = block
		} else {
			r.wrongType(sub, name, "a mapping (key: value)")
		}
	}
}

func (r *reader) secrets(e entry, where string) []Secret {
	var out []Secret
	for _, sub := range r.entries(e, where) {
		if !variableName().MatchString(sub.key) {
			r.problemf(sub.at, "key%s of %s is not the name of a variable (letters, digits and _, the first no digit)", quoted(sub.key), where)
			continue
		}
		s := Secret{Name: sub.key, At: fetch.Place{File: r.path, At: fmt.Sprintf(":%d:%d", sub.at.line, sub.at.col)}}
		r.secret(sub, join(where, sub.key), &s)
		out = append(out, s)
	}
	return out
}

// secret reads the short form (a reference), the long form (a mapping), or a
// mapping as GitLab has it.
func (r *reader) secret(e entry, where string, s *Secret) {
	switch e.value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		s.Ref = r.ref(e, where)
		return
	}
	hasRef, hasFile := false, false
	r.object(e, where, append([]field{
		{"ref", func(e entry, where string) { hasRef = true; s.Ref = r.ref(e, where) }},
		{"optional", func(e entry, where string) { s.Optional = r.boolean(e, where) }},
		{"file", func(e entry, where string) { hasFile = true; s.File = r.boolean(e, where) }},
		{"mask", func(e entry, where string) { s.NoMask = !r.boolean(e, where) }},
	}, r.gitlabFields(s)...)...)
	switch {
	case s.GitLab != nil && hasRef:
		r.problemf(e.at, "%s has a ref and keys of GitLab's secrets: syntax; want one of them", where)
	case s.GitLab != nil && s.GitLab.Store == "":
		r.problemf(e.at, "%s has a token and no store", where)
	case s.GitLab != nil && !hasFile:
		s.File = true // GitLab's default
	case s.GitLab == nil && !hasRef:
		r.problemf(e.at, "%s has no ref", where)
	}
}

func (r *reader) ref(e entry, where string) fetch.Ref {
	s, ok := r.text(e, where)
	if !ok {
		return fetch.Ref{}
	}
	ref, err := fetch.ParseRef(s)
	if err != nil {
		r.problemf(e.at, "%s: %s", where, fetch.Mistake(err, "in this file"))
	}
	return ref
}

func (r *reader) environments(e entry, where string) {
	for _, sub := range r.entries(e, where) {
		if !plainName().MatchString(sub.key) {
			r.problemf(sub.at, "key%s of %s is not the name of an environment (letters, digits and . _ / -)", quoted(sub.key), where)
			continue
		}
		env := Environment{Name: sub.key, at: sub.at}
		r.object(sub, join(where, sub.key),
			field{"require", func(e entry, where string) { env.requireAt = e.at; env.Require = r.require(e, where) }},
			field{"secrets", func(e entry, where string) { env.Secrets = r.secrets(e, where) }},
		)
		r.cfg.Environments = append(r.cfg.Environments, env)
	}
}

func (r *reader) require(e entry, where string) *Require {
	q := new(Require)
	r.object(e, where,
		field{"branches", func(e entry, where string) { q.Branches = r.texts(e, where) }},
		field{"protected", func(e entry, where string) { q.Protected = r.boolean(e, where) }},
		field{"events", func(e entry, where string) { q.Events = r.texts(e, where) }},
	)
	return q
}

func (r *reader) mask(e entry, where string) {
	m := &r.cfg.Mask
	r.object(e, where,
		field{"encodings", func(e entry, where string) { m.Encodings = r.encodings(e, where) }},
		field{"min_length", func(e entry, where string) { m.MinLength = r.minLength(e, where) }},
		field{"text", func(e entry, where string) { m.Text = r.marker(e, where) }},
		field{"json_leaves", func(e entry, where string) { m.JSONLeaves = r.oneOf(e, where, "all", "safe", "none") }},
	)
}

// encodings reads all, none, or a list of groups: nil means all.
func (r *reader) encodings(e entry, where string) []string {
	if _, list := e.value.(*ast.SequenceNode); list {
		return r.texts(e, where, groups...)
	}
	switch s, ok := r.text(e, where); {
	case ok && s == "none":
		return []string{}
	case ok && s != "all":
		r.problemf(e.at, "%s must be all, none or a list of %s", where, strings.Join(groups, ", "))
	}
	return nil
}

// minLength is at least 4: below, a value is part of too many words to hide.
func (r *reader) minLength(e entry, where string) int {
	n, ok := e.value.(*ast.IntegerNode)
	if !ok {
		r.wrongType(e, where, "a number")
		return 0
	}
	v, ok := n.Value.(uint64)
	if !ok || v < 4 || v > 64 {
		r.problemf(e.at, "%s must be 4 to 64; to hide shorter values use --short-values=mask", where)
		return 0
	}
	return int(v)
}

func (r *reader) marker(e entry, where string) string {
	s, ok := r.text(e, where)
	if ok && !ValidMarker(s) {
		r.problemf(e.at, "%s must be 1 to 32 printable ASCII characters", where)
	}
	return s
}

// ValidMarker says whether s can stand in a log for what was hidden.
func ValidMarker(s string) bool {
	return len(s) >= 1 && len(s) <= 32 &&
		!strings.ContainsFunc(s, func(c rune) bool { return c < 0x20 || c > 0x7e })
}

func (r *reader) untrusted(e entry, where string) {
	r.cfg.Untrusted = r.oneOf(e, where, "fail", "skip", "empty")
}

func (r *reader) audit(e entry, where string) {
	r.cfg.auditAt = e.at
	s, ok := r.text(e, where)
	if ok && s == "" {
		r.problemf(e.at, "%s is empty", where)
	}
	r.cfg.Audit = s
}

func (r *reader) alert(e entry, where string) {
	r.cfg.alertAt, r.cfg.Alert = e.at, new(Alert)
	r.object(e, where,
		field{"webhook", func(e entry, where string) { r.cfg.Alert.Webhook = r.webhook(e, where) }},
		field{"on", func(e entry, where string) { r.cfg.Alert.On = r.texts(e, where, "leak", "denied") }},
	)
}

func (r *reader) webhook(e entry, where string) string {
	s, ok := r.text(e, where)
	if !ok {
		return ""
	}
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" || u.Host == "" {
		r.problemf(e.at, "%s must be an https:// address", where)
	}
	return s
}
