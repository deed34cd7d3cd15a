// Package azure is two stores of Azure Key Vault: its secrets (azure-kv://) and files
// encrypted with one of its keys (azure-kms://).
//
// # Identity
//
// Where a tenant and a client id are named, no credential of the environment is, and the
// job has an OIDC token for api://AzureADTokenExchange, that is the client's assertion. Else
// the SDK's default chain is asked: environment, workload identity, managed identity, az.
//
// The SDK reads the process environment itself, not [fetch.Env]: this package belongs
// in a helper, whose environment is maskrun's.
//
// # Guarantee
//
// No error shows what a server said, but for Entra's numbers (AADSTS…).
package azure

import (
	"context"
	"fmt"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// KeyVault is the row of azure-kv://VAULT/SECRET[/VERSION].
func KeyVault() fetch.Kind {
	return fetch.Kind{Scheme: "azure-kv", Help: "Azure Key Vault, or a key of a JSON secret there", Open: openSecrets}
}

// KMS is the row of azure-kms://FILE.
func KMS() fetch.Kind {
	return fetch.Kind{Scheme: "azure-kms", Help: "a file that holds the output of `az keyvault key encrypt`", Open: openCiphertexts}
}

// A service is Key Vault, and who we are to it.
type service struct {
	env        fetch.Env
	settings   settings
	credential azcore.TokenCredential
	client     azcore.ClientOptions
}

func openService(_ context.Context, scheme string, env fetch.Env) (*service, error) {
	set, err := readSettings(scheme, env)
	if err != nil {
		return nil, err
	}
	client, err := httpx.With(env.HTTP, func(o *httpx.Options) { o.Metadata = metadata(env.Getenv) })
	if err != nil {
		return nil, err
	}
	s := &service{env: env, settings: set, client: azcore.ClientOptions{
		Transport: client,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // the Resolver tries again
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}}
	if s.credential, err = newCredential(env, set, s.client); err != nil {
		return nil, fmt.Errorf("stores.%s: the identity for Azure cannot be set up: check tenant_id, client_id and AZURE_…: %w", scheme, fetch.ErrDenied)
	}
	return s, nil
}

// metadata is where managed identities are: on a machine of Azure's, and where the environment
// of an App Service says. FAULTS 93
func metadata(getenv func(string) string) []string {
	list := []string{"169.254.169.254"}
	for _, name := range []string{"IDENTITY_ENDPOINT", "MSI_ENDPOINT"} {
		if u, err := url.Parse(getenv(name)); err == nil {
			list = append(list, u.Hostname())
		}
	}
	return list
}
