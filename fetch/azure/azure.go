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
	"net/http"

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
	metadata, err := httpx.With(env.HTTP, func(o *httpx.Options) { o.LinkLocal = true })
	if err != nil {
		return nil, err
	}
	api, err := httpx.With(env.HTTP, func(*httpx.Options) {})
	if err != nil {
		return nil, err
	}
	s := &service{env: env, settings: set, client: azcore.ClientOptions{
		Transport: route{api, metadata},
		Retry:     policy.RetryOptions{MaxRetries: -1}, // the Resolver tries again
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}}
	if s.credential, err = newCredential(env, set, s.client); err != nil {
		return nil, fmt.Errorf("stores.%s: the identity for Azure cannot be set up: check tenant_id, client_id and AZURE_…: %w", scheme, fetch.ErrDenied)
	}
	return s, nil
}

// A route sends the requests of managed identities to the metadata service, which
// nothing else may reach. FAULTS 93
type route struct{ api, metadata *http.Client }

// Do is that of [policy.Transporter].
func (r route) Do(req *http.Request) (*http.Response, error) {
	if req.URL.Hostname() == "169.254.169.254" {
		return r.metadata.Do(req)
	}
	return r.api.Do(req)
}
