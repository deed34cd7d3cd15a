// Package heavy lists the stores whose SDKs are too large for maskrun itself.
// Only maskrun-stores links it. A store is one line here and one in package names.
package heavy

import (
	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/aws"
	"github.com/maskrun/maskrun/fetch/azure"
	"github.com/maskrun/maskrun/fetch/gcp"
	"github.com/maskrun/maskrun/fetch/githubvar"
	"github.com/maskrun/maskrun/fetch/gitlabvar"
	"github.com/maskrun/maskrun/fetch/gpg"
	"github.com/maskrun/maskrun/fetch/sops"
	"github.com/maskrun/maskrun/fetch/vault"
)

// Kinds returns the heavy stores.
func Kinds() []fetch.Kind {
	return []fetch.Kind{
		gpg.Kind(),
		sops.Kind(),
		aws.SecretsManager(),
		aws.ParameterStore(),
		aws.KMS(),
		gcp.SecretManager(),
		gcp.KMS(),
		azure.KeyVault(),
		azure.KMS(),
		vault.Kind(),
		gitlabvar.Kind(),
		githubvar.Kind(),
	}
}
