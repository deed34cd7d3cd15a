package sops

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/getsops/sops/v3/azkv"
	"github.com/getsops/sops/v3/gcpkms"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/kms"

	"github.com/maskrun/maskrun/fetch"
)

// A sops file names the services that hold its keys, and the SDK turns to them with
// the job's credentials. Two kinds of names are refused here: in every file those
// that are no names but parts of another address, and in an untrusted reference,
// whose file a pull request can bring along, servers that only the file chose.
func (s *source) allowed(k keys.MasterKey) error {
	switch k := k.(type) {
	case *hcvault.MasterKey:
		return s.allowVault(k)
	case *azkv.MasterKey:
		return s.allowAzure(k)
	case *kms.MasterKey:
		return s.allowAWS(k)
	case *gcpkms.MasterKey:
		if !gcpKey().MatchString(k.ResourceID) {
			return refuse("gcp_kms", "its resource id is not that of a key")
		}
	}
	return nil
}

var (
	vaultName = fetch.Pattern(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)
	gcpKey    = fetch.Pattern(`^projects/[a-z0-9.:-]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]+/cryptoKeys/[A-Za-z0-9_-]+(/cryptoKeyVersions/[0-9]+)?$`)
	awsKey    = fetch.Pattern(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]+:(key|alias)/[A-Za-z0-9/_-]+$`)
)

// azureDomains are those of Key Vault and of managed HSMs in Azure's clouds.
var azureDomains = []string{
	".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net", ".vault.microsoftazure.de",
	".managedhsm.azure.net", ".managedhsm.azure.cn", ".managedhsm.usgovcloudapi.net",
}

func refuse(service, why string) error {
	return fmt.Errorf("%s key: %s: %w", service, why, fetch.ErrDenied)
}

// allowVault: the SDK joins the two names into a path, so that dots in them would
// make it post to any path of the Vault with the job's token.
func (s *source) allowVault(k *hcvault.MasterKey) error {
	for _, name := range []string{k.EnginePath, k.KeyName} {
		if !vaultName().MatchString(strings.Trim(name, "/")) || slices.Contains(strings.Split(name, "/"), "..") || slices.Contains(strings.Split(name, "/"), ".") {
			return refuse("hc_vault", "its engine path or key name is none")
		}
	}
	if s.env.Trusted || s.getenv(hcvault.SopsHCVaultAllowlist) != "" { // the SDK itself goes by the list
		return nil
	}
	if own := origin(s.getenv("VAULT_ADDR")); own != "" && own == origin(k.VaultAddress) {
		return nil
	}
	return refuse("hc_vault", "its address is not VAULT_ADDR or in "+hcvault.SopsHCVaultAllowlist)
}

func (s *source) allowAzure(k *azkv.MasterKey) error {
	u, err := url.Parse(k.VaultURL)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return refuse("azure_kv", "the address of its vault is none")
	}
	host := strings.ToLower(u.Host)
	if !s.env.Trusted && !slices.ContainsFunc(azureDomains, func(d string) bool { return strings.HasSuffix(host, d) }) {
		return refuse("azure_kv", "its vault is not in a domain of Azure")
	}
	return nil
}

// allowAWS: a profile of the file's choosing would decide as who the job acts, and
// may run a program (credential_process).
func (s *source) allowAWS(k *kms.MasterKey) error {
	switch {
	case !awsKey().MatchString(k.Arn):
		return refuse("kms", "its ARN is not that of a key")
	case !s.env.Trusted && k.AwsProfile != "" && k.AwsProfile != s.getenv("AWS_PROFILE"):
		return refuse("kms", "its aws_profile is not AWS_PROFILE")
	}
	return nil
}

func (s *source) getenv(name string) string { return s.env.Getenv(name) }

// origin is the scheme and host of an address, or empty.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}
