// Package names lists the heavy stores by name, for programs that must not link
// their SDKs. A test of package heavy holds the two lists together.
package names

import "github.com/maskrun/maskrun/fetch"

// Kinds returns the rows of the heavy stores without their Open: helper.Client.Bind gives them one.
func Kinds() []fetch.Kind {
	return []fetch.Kind{
		{Scheme: "gpg", Help: "a file encrypted with OpenPGP (gpg, BlackBox, pass), or a field of it"},
		{Scheme: "sops", Help: "a key of a file encrypted with sops (age, PGP, cloud KMS, Vault transit)"},
		{Scheme: "aws-sm", Help: "AWS Secrets Manager, or a key of a JSON secret there"},
		{Scheme: "aws-ssm", Help: "AWS Systems Manager Parameter Store, one parameter or a tree of them"},
		{Scheme: "aws-kms", Help: "a file that holds the output of `aws kms encrypt`"},
		{Scheme: "gcp-sm", Help: "Google Secret Manager, or a key of a JSON secret there"},
		{Scheme: "gcp-kms", Help: "a file that holds the output of `gcloud kms encrypt`"},
		{Scheme: "azure-kv", Help: "Azure Key Vault, or a key of a JSON secret there"},
		{Scheme: "azure-kms", Help: "a file that holds the output of `az keyvault key encrypt`"},
		{Scheme: "vault", Help: "HashiCorp Vault and OpenBao: KV, and any path that can be read or issues something"},
		{Scheme: "gitlab-var", Help: "a CI/CD variable of a GitLab project or of a group above it"},
		{Scheme: "github-var", Help: "a variable of GitHub Actions: environment, repository or organisation"},
	}
}
