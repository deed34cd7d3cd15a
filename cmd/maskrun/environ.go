package main

import (
	"slices"
	"strings"
)

// lookup returns the value of a variable; of duplicates the last counts, as in
// the environment that a command gets.
func lookup(environ []string, name string) (string, bool) {
	for _, kv := range slices.Backward(environ) {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v, true
		}
	}
	return "", false
}

func (p *program) getenv(name string) string {
	v, _ := lookup(p.environ, name)
	return v
}

// basicEnv are the variables that programs cannot do without; a command under
// --pristine keeps them. LC_* too.
var basicEnv = []string{
	"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
	"SYSTEMROOT", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", // Windows
}

func isBasic(name string) bool {
	return slices.Contains(basicEnv, name) || strings.HasPrefix(name, "LC_")
}

// bootstrap lists, for each store, the variables that hold the credentials to
// open it. A command has no use for them: what they open it has been given. So
// they are taken out of its environment when the store was used, unless kept by
// name, and their values are hidden. Of what sops can be opened with only the age
// keys are here: docs/design.md says why. FAULTS 103.
var bootstrap = map[string][]string{
	identityRow:     {"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "CIRCLE_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2", "MASKRUN_ID_TOKEN", "MASKRUN_ID_TOKEN_FILE"},
	"age":           {"SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD", "MASKRUN_AGE_IDENTITY_FILE", "MASKRUN_AGE_PASSPHRASE", "MASKRUN_AGE_PASSPHRASE_FILE", "AGE_PASSPHRASE", "AGE_PASSPHRASE_FILE"},
	"aws-kms":       awsCredentials,
	"aws-sm":        awsCredentials,
	"aws-ssm":       awsCredentials,
	"azure-kms":     azureCredentials,
	"azure-kv":      azureCredentials,
	"gcp-kms":       gcpCredentials,
	"gcp-sm":        gcpCredentials,
	"ansible-vault": {"ANSIBLE_VAULT_PASSWORD", "ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST"},
	"gpg":           {"MASKRUN_GPG_KEY", "MASKRUN_GPG_KEY_FILE", "MASKRUN_GPG_PASSPHRASE", "MASKRUN_GPG_PASSPHRASE_FILE"},
	"openssl":       {"MASKRUN_OPENSSL_PASSWORD", "MASKRUN_OPENSSL_PASSWORD_FILE"},
	"op":            {"OP_SERVICE_ACCOUNT_TOKEN", "OP_CONNECT_TOKEN"},
	"doppler":       {"DOPPLER_TOKEN"},
	"gitlab-var":    {"GITLAB_TOKEN"},
	"github-var":    {"GITHUB_TOKEN", "GH_TOKEN"},
	"infisical":     {"INFISICAL_TOKEN", "INFISICAL_CLIENT_SECRET", "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"},
	"sops":          {"SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_CMD", "MASKRUN_AGE_IDENTITY_FILE"},
	"vault":         {"VAULT_TOKEN", "BAO_TOKEN", "VAULT_ID_TOKEN", "VAULT_SECRET_ID", "VAULT_PASSWORD"},
}

// awsCredentials open the account, for the SDK of the three stores.
var awsCredentials = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
}

// identityRow is no store: it is used when any store was given a token of the job's
// identity.
const identityRow = "(identity)"

// gcpCredentials open a project, for Google's library.
var gcpCredentials = []string{"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"}

// azureCredentials sign in to Entra, for Azure's SDK.
var azureCredentials = []string{
	"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_PASSWORD", "IDENTITY_HEADER",
}

// bootstrapValues are those of the bootstrap variables that hold a credential
// itself, not the way to one.
var bootstrapValues = []string{
	"ACTIONS_ID_TOKEN_REQUEST_TOKEN", "CIRCLE_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2", "MASKRUN_ID_TOKEN",
	"GITLAB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN",
	"SOPS_AGE_KEY",
	"ANSIBLE_VAULT_PASSWORD",
	"MASKRUN_AGE_PASSPHRASE", "AGE_PASSPHRASE",
	"MASKRUN_GPG_KEY", "MASKRUN_GPG_PASSPHRASE",
	"MASKRUN_OPENSSL_PASSWORD",
	"OP_SERVICE_ACCOUNT_TOKEN", "OP_CONNECT_TOKEN",
	"DOPPLER_TOKEN",
	"INFISICAL_TOKEN", "INFISICAL_CLIENT_SECRET", "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
	"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD", "IDENTITY_HEADER",
	"GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN",
	"VAULT_TOKEN", "BAO_TOKEN", "VAULT_ID_TOKEN", "VAULT_SECRET_ID", "VAULT_PASSWORD",
}

// childEnviron builds the command's environment: what it inherits, less what it
// shall not have, and its secrets.
func childEnviron(environ []string, f runFlags, used []string, secrets []string) []string {
	drop := map[string]bool{}
	for _, scheme := range used {
		for _, name := range bootstrap[scheme] {
			drop[name] = true
		}
	}
	for _, kv := range secrets {
		name, _, _ := strings.Cut(kv, "=")
		drop[name] = true
	}
	out := make([]string, 0, len(environ)+len(secrets))
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		kept := slices.Contains(f.keepEnv, name)
		if drop[name] && !kept || f.pristine && !kept && !isBasic(name) {
			continue
		}
		out = append(out, kv)
	}
	return append(out, secrets...) // of duplicates the last counts: a kept name loses to a secret
}
