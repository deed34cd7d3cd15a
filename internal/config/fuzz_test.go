package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/maskrun/maskrun/internal/config"
)

// FuzzConfig feeds any bytes to the loader. It must not panic; an error must be
// a list of problems with a place and one line each; and no scalar value of the
// file may be in a message. (FAULTS, fuzz targets)
func FuzzConfig(f *testing.F) {
	f.Add(full)
	f.Add("version: 1\nsecretz: {}\n")
	f.Add("version: 1\nsecrets:\n  A: hunter2hunter2\n")
	f.Add("version: 1\nsecrets: { A: { ref: [vault://x] }, A: 5 }\n")
	f.Add("version: 1\nmask: { text: |\n    two\n    lines\n }\n")
	f.Add("? a\n: b\n")
	f.Add("a: &x [*x]\n<<: *x\n")
	f.Add("%YAML 1.2\n---\nversion: 1\n...\n---\n")
	f.Fuzz(func(t *testing.T, src string) {
		c, err := config.Parse("f", []byte(src))
		if err == nil {
			if c == nil {
				t.Fatal("neither configuration nor error")
			}
			_, _ = c.Select("")
			return
		}
		var list *config.Error
		if !errors.As(err, &list) || len(list.Problems) == 0 {
			t.Fatalf("not a list of problems: %v", err)
		}
		for _, p := range list.Problems {
			if p.Line < 1 || p.Col < 1 || p.Msg == "" || strings.ContainsAny(p.Error(), "\n\r") {
				t.Fatalf("problem without a place or not one line: %q", p.Error())
			}
		}
		noScalarIn(t, src, err.Error())
	})
}

// noScalarIn fails if msg holds a scalar value of src that is not also a key of
// src or a word of ours: only long ones, for short ones occur by chance.
func noScalarIn(t *testing.T, src, msg string) {
	t.Helper()
	if len(src) > 4096 || strings.Count(src, "[")+strings.Count(src, "{") > 100 {
		return
	}
	file, err := parser.ParseBytes([]byte(src), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		v := &values{}
		ast.Walk(v, doc.Body)
		for _, s := range v.found {
			if len(s) >= 8 && strings.Contains(msg, s) && !v.isKey(s) && !ours(s) {
				t.Fatalf("the value %q of the file is in %q", s, msg)
			}
		}
	}
}

// values collects the scalars of a document and its keys.
type values struct{ found, keys []string }

func (v *values) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.MappingValueNode:
		v.keys = append(v.keys, n.Key.GetToken().Value)
	case *ast.StringNode:
		v.found = append(v.found, n.Value)
	}
	return v
}

func (v *values) isKey(s string) bool {
	for _, k := range v.keys {
		if strings.Contains(k, s) {
			return true
		}
	}
	return false
}

// ours says whether s is a piece of a message that has nothing from a file in it.
func ours(s string) bool {
	for _, src := range []string{"", "- x", "x: &a [*a]", "version: 2", "zz: {}", "version: 1\nsecrets: {A: b, 1: 2, c: }\nmask: {zz: 1, text: '', encodings: x, min_length: 1}\nuntrusted: x\nalert: {webhook: x, on: [x], z: 1}\nstores: []\nenvironments: {'': 1}"} {
		_, err := config.Parse("f", []byte(src))
		if err != nil && strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}
