package sops

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azkeys"
	"github.com/getsops/sops/v3/azkv"
	"github.com/getsops/sops/v3/gcpkms"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/kms"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// equip gives a key the client that verifies every certificate, follows no redirect with a
// token, and reads no endless answer, in place of its SDK's own. Stop ends the call.
func (s *source) equip(k keys.MasterKey, stop context.CancelCauseFunc) error {
	switch k := k.(type) {
	case *hcvault.MasterKey:
		return s.equipVault(k, stop)
	case *azkv.MasterKey:
		return s.equipAzure(k)
	case *kms.MasterKey:
		return s.equipAWS(k)
	case *gcpkms.MasterKey:
		return s.equipGoogle(k, stop)
	}
	return nil
}

// metadata is where the SDKs ask who the machine, the container or the app is. FAULTS 93
var metadata = []string{"169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"}

func (s *source) cloudClient() (*http.Client, error) {
	return httpx.With(s.env.HTTP, func(o *httpx.Options) {
		o.Metadata = slices.Clone(metadata)
		for _, name := range []string{"IDENTITY_ENDPOINT", "MSI_ENDPOINT"} { // Azure's App Service
			if u, err := url.Parse(s.getenv(name)); err == nil {
				o.Metadata = append(o.Metadata, u.Hostname())
			}
		}
	})
}

// equipAWS leaves the SDK alone under AWS_CA_BUNDLE, with which it takes no client but its own.
func (s *source) equipAWS(k *kms.MasterKey) error {
	if s.getenv("AWS_CA_BUNDLE") != "" {
		return nil
	}
	client, err := s.cloudClient()
	if err != nil {
		return err
	}
	client.Transport = failOnce{client.Transport}
	kms.NewHTTPClient(client).ApplyToMasterKey(k)
	return nil
}

// failOnce lets the body of an answer fail once, and then end: where AWS's SDK meets the
// failure again as it clears up, it writes to stderr.
type failOnce struct{ http.RoundTripper }

// RoundTrip is that of [http.RoundTripper].
func (f failOnce) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := f.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = &failingBody{ReadCloser: resp.Body}
	}
	return resp, err
}

type failingBody struct {
	io.ReadCloser
	failed bool
}

func (b *failingBody) Read(p []byte) (int, error) {
	if b.failed {
		return 0, io.EOF
	}
	n, err := b.ReadCloser.Read(p)
	b.failed = err != nil
	return n, err
}

func (s *source) equipAzure(k *azkv.MasterKey) error {
	client, err := s.cloudClient()
	if err != nil {
		return err
	}
	options := azcore.ClientOptions{
		Transport: client,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // the Resolver tries again
		Telemetry: policy.TelemetryOptions{Disabled: true},
	}
	who, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: options, DisableInstanceDiscovery: s.getenv("AZURE_AUTHORITY_HOST") != "", // whoever names one knows it
	})
	if err != nil {
		return fmt.Errorf("azure_kv key: the identity for Azure cannot be set up: check AZURE_…: %w", fetch.ErrDenied)
	}
	azkv.NewTokenCredential(who).ApplyToMasterKey(k)
	azkv.NewClientOptions(&azkeys.ClientOptions{ClientOptions: options, DisableChallengeResourceVerification: s.env.Trusted}).ApplyToMasterKey(k)
	return nil
}
