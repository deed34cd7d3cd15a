package azure

import (
	"cmp"
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/maskrun/maskrun/fetch"
)

// defaultAudience is what Entra expects in the tokens of federated identities.
const defaultAudience = "api://AzureADTokenExchange"

// newCredential chooses who we are. It asks nobody yet.
func newCredential(env fetch.Env, s settings, o azcore.ClientOptions) (azcore.TokenCredential, error) {
	authority, private := s.authority(env)
	o.Cloud = azcloud.Configuration{ActiveDirectoryAuthorityHost: authority}
	inner, err := choose(env, s, o, private)
	if err != nil {
		return nil, err
	}
	return &explained{inner}, nil
}

func choose(env fetch.Env, s settings, o azcore.ClientOptions, private bool) (azcore.TokenCredential, error) {
	switch {
	case s.identity == "job", s.identity == "" && s.hasJob(env):
		return azidentity.NewClientAssertionCredential(s.tenant, s.client, assertion(env, s),
			&azidentity.ClientAssertionCredentialOptions{ClientOptions: o, DisableInstanceDiscovery: private})
	case s.identity == "managed":
		m := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: o}
		if s.client != "" {
			m.ID = azidentity.ClientID(s.client)
		}
		return azidentity.NewManagedIdentityCredential(m)
	case s.identity == "environment":
		return azidentity.NewEnvironmentCredential(&azidentity.EnvironmentCredentialOptions{ClientOptions: o, DisableInstanceDiscovery: private})
	case s.identity == "cli":
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: s.tenant})
	}
	return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: o, TenantID: s.tenant, DisableInstanceDiscovery: private})
}

// hasJob tells whether the job's token is the identity where none is chosen: the client is
// named, and nothing else that it could sign in with.
func (s settings) hasJob(env fetch.Env) bool {
	for _, name := range []string{"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE", "AZURE_PASSWORD"} {
		if env.Getenv(name) != "" {
			return false
		}
	}
	return env.Identity != nil && s.tenant != "" && s.client != ""
}

// authority is the server that signs in; private says that it is none of Microsoft's known ones.
func (s settings) authority(env fetch.Env) (host string, private bool) {
	for _, c := range clouds {
		if c.name == s.cloud {
			return c.authority, false
		}
	}
	host = cmp.Or(env.Getenv("AZURE_AUTHORITY_HOST"), clouds[0].authority)
	for _, c := range clouds {
		if host == c.authority || host+"/" == c.authority {
			return host, false
		}
	}
	return host, true
}

// assertion gives the job's token.
func assertion(env fetch.Env, s settings) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		var token string
		err := errNoToken
		if env.Identity != nil {
			token, err = env.Identity(ctx, cmp.Or(s.audience, defaultAudience))
		}
		if kept, ok := ctx.Value(keptError{}).(*error); ok {
			*kept = err
		}
		return token, err
	}
}

// keptError is the key of a context under which [assertion] leaves its error: the SDK's own has
// neither that nor its kind.
type keptError struct{}

// explained gives a credential's errors our words.
type explained struct{ azcore.TokenCredential }

// GetToken is that of [azcore.TokenCredential].
func (e *explained) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	var job error
	t, err := e.TokenCredential.GetToken(context.WithValue(ctx, keptError{}, &job), o)
	if err != nil {
		return t, explainIdentity(job, err)
	}
	return t, nil
}
