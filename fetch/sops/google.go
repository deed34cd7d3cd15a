package sops

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"github.com/getsops/sops/v3/gcpkms"
	"google.golang.org/api/option"

	"github.com/maskrun/maskrun/fetch"
)

// googleScope is the one that Cloud KMS takes; what it allows is for IAM to say.
const googleScope = "https://www.googleapis.com/auth/cloud-platform"

// equipGoogle has the SDK speak REST, for of gRPC neither proxies, authorities nor the
// size of an answer are ours to choose; and sign in by our client too, which its option for a
// client leaves to whoever gives one.
func (s *source) equipGoogle(k *gcpkms.MasterKey, stop context.CancelCauseFunc) error {
	client, err := s.cloudClient()
	if err != nil {
		return err
	}
	client.Transport = oneTry{client.Transport, stop}
	who, err := s.googleIdentity(client)
	if err != nil {
		return err
	}
	signed, err := httptransport.NewClient(&httptransport.Options{
		Credentials: who, BaseRoundTripper: client.Transport, DisableTelemetry: true,
		Headers:        http.Header{}, // the project that pays is put here, if there is a place for it
		UniverseDomain: s.getenv(gcpkms.SopsGCPKMSUniverseDomainEnv),
	})
	if err != nil {
		return fmt.Errorf("gcp_kms key: the identity for Google cannot be set up: %w", fetch.ErrDenied)
	}
	calls := *client
	calls.Transport = signed.Transport
	gcpkms.UseRESTClient{}.ApplyToMasterKey(k)
	gcpkms.ClientOptions{option.WithHTTPClient(&calls)}.ApplyToMasterKey(k)
	return nil
}

// googleIdentity is who sops would be to Google: what GOOGLE_CREDENTIALS holds or names, the
// token that is given, or Application Default Credentials.
func (s *source) googleIdentity(client *http.Client) (*auth.Credentials, error) {
	o := &credentials.DetectOptions{Scopes: []string{googleScope}, Client: client, UseSelfSignedJWT: true, DisableAsyncRefresh: true}
	text := s.getenv(gcpkms.SopsGoogleCredentialsEnv)
	token := s.getenv(gcpkms.SopsGoogleCredentialsOAuthTokenEnv)
	switch {
	case text != "":
		return s.googleCredentials(text, o)
	case token != "":
		return auth.NewCredentials(&auth.CredentialsOptions{TokenProvider: givenToken(token)}), nil
	}
	who, err := credentials.DetectDefault(o)
	if err != nil { // its text may quote the file
		return nil, fmt.Errorf("gcp_kms key: there are no credentials for it, or they cannot be read: set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login: %w", fetch.ErrDenied)
	}
	return who, nil
}

// googleCredentials are those of GOOGLE_CREDENTIALS: JSON, or the name of a file of it. What
// is neither may be a damaged key: nothing of it is told. The bytes are the library's from then on.
func (s *source) googleCredentials(text string, o *credentials.DetectOptions) (*auth.Credentials, error) {
	file := []byte(text)
	if !json.Valid(file) {
		path, _ := filepath.Abs(text) // where maskrun was called, as with sops
		file, _ = s.env.ReadKeyFile(path)
	}
	var head struct{ Type credentials.CredType }
	_ = json.Unmarshal(file, &head)
	who, err := credentials.NewCredentialsFromJSON(head.Type, file, o)
	if err != nil { // its text may quote them
		return nil, fmt.Errorf("gcp_kms key: %s is neither credentials of Google nor a file of them: %w", gcpkms.SopsGoogleCredentialsEnv, fetch.ErrDenied)
	}
	return who, nil
}

// A givenToken is one that somebody else has fetched.
type givenToken string

// Token is that of [auth.TokenProvider].
func (g givenToken) Token(context.Context) (*auth.Token, error) {
	return &auth.Token{Value: string(g), Type: "Bearer"}, nil
}
