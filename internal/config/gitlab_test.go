package config_test

import (
	"strings"
	"testing"

	"github.com/maskrun/maskrun/internal/config"
)

// What GitLab's documentation says a secret means, and the reference it is here.
func TestGitLab(t *testing.T) {
	env := map[string]string{
		"GCP_PROJECT_NUMBER": "123456789012", "AZURE_KEY_VAULT_SERVER_URL": "https://ops.vault.azure.net/",
		"CI_ENVIRONMENT_NAME": "production", "UP": "../..",
	}
	for _, c := range []struct{ why, yaml, want string }{
		{"path, field and engine", "vault: production/db/password@ops", "vault://ops/data/production/db#password"},
		{"without an engine it is kv-v2", "vault: production/db/password", "vault://kv-v2/data/production/db#password"},
		{"an engine with a slash", "vault: db/password@team/kv", "vault://team/kv/data/db#password"},
		{"the long form", "vault: { engine: { name: kv-v2, path: ops }, path: production/db, field: password }", "vault://ops/data/production/db#password"},
		{"version 1 has no data/", "vault: { engine: { name: kv-v1, path: ops }, path: production/db, field: password }", "vault://ops/production/db#password"},
		{"any other engine", "vault: { engine: { name: generic, path: aws }, path: creds/ci, field: access_key }", "vault://aws/creds/ci#access_key"},
		{"variables of the job", "vault: '${CI_ENVIRONMENT_NAME}/db/password@ops'", "vault://ops/data/production/db#password"},
		{"AWS, short", "aws_secrets_manager: 'app/db#password'", "aws-sm://app/db#password"},
		{"AWS, the whole document", "aws_secrets_manager: app/db", "aws-sm://app/db"},
		{"AWS, every key", "aws_secrets_manager: { secret_id: app/db, version_id: v1, version_stage: AWSCURRENT, region: eu-west-1, field: password }", "aws-sm://app/db?region=eu-west-1&stage=AWSCURRENT&version=v1#password"},
		{"Google", "gcp_secret_manager: { name: DB }", "gcp-sm://123456789012/DB"},
		{"Google, a version that YAML takes for a number", "gcp_secret_manager: { name: DB, version: 3 }", "gcp-sm://123456789012/DB/3"},
		{"Azure", "azure_key_vault: { name: db, version: 00ff }", "azure-kv://ops/db/00ff"},
	} {
		cfg, err := config.Parse("f", []byte("version: 1\nsecrets: { A: { "+c.yaml+" } }"))
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		ref, err := cfg.Secrets[0].GitLab.Ref(func(name string) string { return env[name] })
		if err != nil || ref.String() != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.why, ref, c.want, err)
		}
		if !cfg.Secrets[0].File {
			t.Errorf("%s: GitLab's default is a file", c.why)
		}
	}
	for _, c := range []struct{ why, yaml, want string }{
		{"a variable that is not set", "vault: '$NOPE/db/password@ops'", "NOPE is not set"},
		{"no project", "gcp_secret_manager: { name: $NOPE }", "NOPE is not set"},
		{"an engine GitLab does not have", "vault: { engine: { name: kv-v3, path: ops }, path: a, field: b }", "want kv-v2, kv-v1 or generic"},
		{"a variable that leaves the engine", "vault: '$UP/sys/health@ops'", `".." segment`},
	} {
		cfg, err := config.Parse("f", []byte("version: 1\nsecrets: { A: { "+c.yaml+" } }"))
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		if _, err = cfg.Secrets[0].GitLab.Ref(func(name string) string { return env[name] }); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
	none := func(string) string { return "" }
	for _, yaml := range []string{"gcp_secret_manager: { name: DB }", "azure_key_vault: { name: db }"} {
		cfg, err := config.Parse("f", []byte("version: 1\nsecrets: { A: { "+yaml+" } }"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cfg.Secrets[0].GitLab.Ref(none); err == nil || !strings.Contains(err.Error(), "the variable ") {
			t.Errorf("%s without its variable: %v", yaml, err)
		}
	}
}
