package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/maskrun/maskrun/internal/config"
)

const repo = "../.."

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	s, err := c.Compile(filepath.Join(repo, "maskrun.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, src string) error {
	var doc any
	if err := yaml.Unmarshal([]byte(src), &doc); err != nil {
		return err
	}
	return s.Validate(doc)
}

// An editor that follows the schema and the program must say the same.
func TestSchemaAgreesWithLoader(t *testing.T) {
	s := schema(t)
	for _, tt := range []struct {
		good bool
		src  string
	}{
		{true, full},
		{true, "version: 1"},
		{true, "version: 1\nstores:\nsecrets:\nenvironments:\nmask:\n"},
		{true, "version: 1\nstores: { my-store: {}, k8s: { a: [1, {b: c}] } }"},
		{true, "version: 1\nsecrets: { _a1: env://X }"},
		{true, "version: 1\nsecrets: { A: 'vault:secret/data/x#y' }"},
		{true, "version: 1\nsecrets: { A: ref+vault://secret/data/x#/y }"},
		{true, "version: 1\nsecrets: { A: { ref: env://A, optional: false, file: true, mask: true } }"},
		{true, "version: 1\nenvironments: { eu/prod-1.2: { secrets: { A: env://A } }, dev: }"},
		{true, "version: 1\nmask: { encodings: all, min_length: 4, text: '***', json_leaves: all }"},
		{true, "version: 1\nmask: { encodings: none, min_length: 64 }"},
		{true, "version: 1\nuntrusted: skip\nalert: {}"},
		{false, ""},
		{false, "secrets: {}"},
		{false, "version: 2"},
		{false, "version: '1'"},
		{false, "[]"},
		{false, "version: 1\nsecretz: {}"},
		{false, "version: 1\nstores: []"},
		{false, "version: 1\nstores: { A: {} }"},
		{false, "version: 1\nstores: { vault: x }"},
		{true, "version: 1\nsecrets: { A: { vault: production/db/password@ops, token: $VAULT_ID_TOKEN } }"},
		{true, "version: 1\nsecrets: { A: { vault: production/db/password, file: false } }"},
		{true, "version: 1\nsecrets: { A: { vault: { engine: { name: kv-v2, path: ops }, path: production/db, field: password } } }"},
		{true, "version: 1\nsecrets: { A: { aws_secrets_manager: 'app/db#password' } }"},
		{true, "version: 1\nsecrets: { A: { aws_secrets_manager: { secret_id: app/db, version_stage: AWSCURRENT, field: password } } }"},
		{true, "version: 1\nsecrets: { A: { gcp_secret_manager: { name: DB, version: 1 }, token: '${GCP_ID_TOKEN}' } }"},
		{true, "version: 1\nsecrets: { A: { azure_key_vault: { name: db, version: '00' } } }"},
		{false, "version: 1\nsecrets: { A: { vault: password@ops } }"},
		{false, "version: 1\nsecrets: { A: { vault: { engine: { name: kv-v2 }, path: a, field: b } } }"},
		{false, "version: 1\nsecrets: { A: { vault: a/b@c, ref: env://A } }"},
		{false, "version: 1\nsecrets: { A: { vault: a/b@c, azure_key_vault: { name: db } } }"},
		{false, "version: 1\nsecrets: { A: { vault: a/b@c, token: eyJ } }"},
		{false, "version: 1\nsecrets: { A: { token: $VAULT_ID_TOKEN } }"},
		{false, "version: 1\nsecrets: { A: { gcp_secret_manager: DB } }"},
		{false, "version: 1\nsecrets: { A: { gcp_secret_manager: { version: 1 } } }"},
		{false, "version: 1\nsecrets: { A: { aws_secrets_manager: { secret_id: [a] } } }"},
		{false, "version: 1\nsecrets: [A]"},
		{false, "version: 1\nsecrets: { 1A: env://A }"},
		{false, "version: 1\nsecrets: { A: 5 }"},
		{false, "version: 1\nsecrets: { A: }"},
		{false, "version: 1\nsecrets: { A: '' }"},
		{false, "version: 1\nsecrets: { A: hunter2 }"},
		{false, "version: 1\nsecrets: { A: {} }"},
		{false, "version: 1\nsecrets: { A: { ref: env://A, x: 1 } }"},
		{false, "version: 1\nsecrets: { A: { ref: env://A, file: yes please } }"},
		{false, "version: 1\nenvironments: { 'a b': {} }"},
		{false, "version: 1\nenvironments: { a: { secret: {} } }"},
		{false, "version: 1\nenvironments: { a: { require: { branches: main } } }"},
		{false, "version: 1\nenvironments: { a: { require: { branches: [''] } } }"},
		{false, "version: 1\nenvironments: { a: { require: { protected: 1 } } }"},
		{false, "version: 1\nenvironments: { a: { require: { who: me } } }"},
		{false, "version: 1\nmask: { encodings: base64 }"},
		{false, "version: 1\nmask: { encodings: [rot13] }"},
		{false, "version: 1\nmask: { min_length: 3 }"},
		{false, "version: 1\nmask: { min_length: -1 }"},
		{false, "version: 1\nmask: { min_length: 65 }"},
		{false, "version: 1\nmask: { min_length: '4' }"},
		{false, "version: 1\nmask: { text: '' }"},
		{false, "version: 1\nmask: { text: 5 }"},
		{false, "version: 1\nmask: { text: \"a\\tb\" }"},
		{false, "version: 1\nmask: { text: " + strings.Repeat("x", 33) + " }"},
		{false, "version: 1\nmask: { json_leaves: some }"},
		{false, "version: 1\nuntrusted: maybe"},
		{false, "version: 1\naudit: ''"},
		{false, "version: 1\nalert: { webhook: 'http://x' }"},
		{false, "version: 1\nalert: { webhook: 'https://' }"},
		{false, "version: 1\nalert: { on: [party] }"},
		{false, "version: 1\nalert: { to: me }"},
	} {
		_, loaderErr := config.Parse("f", []byte(tt.src))
		schemaErr := validate(s, tt.src)
		if (loaderErr == nil) != tt.good {
			t.Errorf("loader on %q: %v", tt.src, loaderErr)
		}
		if (schemaErr == nil) != tt.good {
			t.Errorf("schema on %q: %v", tt.src, schemaErr)
		}
	}
}

var yamlBlock = regexp.MustCompile("(?ms)^```ya?ml[^\n]*\n(version: 1\n.*?)^```")

// Every maskrun.yaml that the repository shows must be one.
func TestEveryExample(t *testing.T) {
	s, seen := schema(t), 0
	check := func(name, src string) {
		seen++
		if _, err := config.Parse(name, []byte(src)); err != nil {
			t.Errorf("loader: %v", err)
		}
		if err := validate(s, src); err != nil {
			t.Errorf("schema: %s: %v", name, err)
		}
	}
	err := filepath.WalkDir(repo, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "corpus"):
			return fs.SkipDir
		case d.IsDir() || d.Name() != config.FileName && filepath.Ext(path) != ".md":
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if d.Name() == config.FileName {
			check(path, string(data))
			return nil
		}
		for _, m := range yamlBlock.FindAllSubmatch(data, -1) {
			check(path, string(m[1]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d examples", seen)
}
