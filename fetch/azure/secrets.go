package azure

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/maskrun/maskrun/fetch"
)

// secrets is the store azure-kv.
type secrets struct{ *service }

func openSecrets(ctx context.Context, env fetch.Env) (fetch.Source, error) {
	s, err := openService(ctx, "azure-kv", env)
	if err != nil {
		return nil, err
	}
	return secrets{s}, nil
}

// Read gives the value of VAULT/SECRET or VAULT/SECRET/VERSION. Key Vault's names have no
// underscore: one in SECRET stands for a hyphen.
func (s secrets) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params, "version"); err != nil {
		return fetch.Document{}, err
	}
	r, err := s.resource(path, params.Get("version"))
	if err != nil {
		return fetch.Document{}, err
	}
	client, err := azsecrets.NewClient(r.vault, s.credential, &azsecrets.ClientOptions{
		ClientOptions: s.client, DisableChallengeResourceVerification: s.settings.endpoint != ""})
	if err != nil {
		return fetch.Document{}, errors.New("the address of the vault cannot be used")
	}
	out, err := client.GetSecret(ctx, r.name, r.version, nil)
	if err != nil {
		return fetch.Document{}, explain(call{"secrets/get (role Key Vault Secrets User)", r.short}, err)
	}
	if out.Value == nil {
		return fetch.Document{}, errors.New("the answer holds no secret: is this the address of the store?")
	}
	doc := fetch.Document{Data: []byte(*out.Value)}
	if out.ID != nil && versionRule().MatchString(out.ID.Version()) {
		doc.Version = out.ID.Version()
	}
	if a := out.Attributes; a != nil && a.Expires != nil {
		doc.Expires = *a.Expires
		if a.Expires.Before(time.Now()) { // Key Vault hands it out all the same
			s.env.Warn(fmt.Sprintf("azure-kv://%s: the secret expired on %s", r.short, a.Expires.UTC().Format(time.DateOnly)))
		}
	}
	return doc, nil
}

// A resource is a secret or key in a vault.
type resource struct{ vault, name, version, short string }

// resource reads VAULT/NAME[/VERSION].
func (s *service) resource(path, version string) (r resource, err error) {
	parts := strings.Split(path, "/")
	if len(parts) == 3 && version == "" {
		version = parts[2]
	} else if len(parts) != 2 {
		return r, errors.New("want VAULT/NAME or VAULT/NAME/VERSION")
	}
	if r.vault, err = s.settings.vault(parts[0]); err != nil {
		return r, err
	}
	r.name, r.version = strings.ReplaceAll(parts[1], "_", "-"), version
	r.short = parts[0] + "/" + r.name
	if !nameRule().MatchString(r.name) || version != "" && !versionRule().MatchString(version) {
		return r, errors.New("want VAULT/NAME or VAULT/NAME/VERSION, in names that Key Vault gives")
	}
	return r, nil
}
