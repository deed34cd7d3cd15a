package gcp

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// settings are the block of the configuration, with what the environment says.
type settings struct {
	provider       string // projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER
	audience       string
	serviceAccount string
	file           string
	location       string
	key            string
	endpoint       string
	stsEndpoint    string
	iamEndpoint    string
}

// Hosts, paths and resources are made of these: nothing else may come in.
var (
	projectRule  = fetch.Pattern(`^[a-z0-9][a-z0-9.:-]{0,127}$`)
	secretRule   = fetch.Pattern(`^[A-Za-z0-9_-]{1,255}$`)
	versionRule  = fetch.Pattern(`^[A-Za-z0-9_-]{1,63}$`)
	locationRule = fetch.Pattern(`^[a-z0-9-]{1,40}$`)
	accountRule  = fetch.Pattern(`^[a-z0-9.-]{1,100}@[a-z0-9.-]{1,200}$`)
	providerRule = fetch.Pattern(`^projects/[a-z0-9.:-]+/locations/global/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+$`)
	keyRule      = fetch.Pattern(`^projects/[a-z0-9.:-]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]+/cryptoKeys/[A-Za-z0-9_-]+$`)
)

// readSettings reads the block stores.SCHEME.
func readSettings(scheme string, env fetch.Env) (settings, error) {
	var s settings
	texts := map[string]*string{
		"workload_identity_provider": &s.provider, "audience": &s.audience, "service_account": &s.serviceAccount,
		"credentials_file": &s.file, "location": &s.location, "key": &s.key,
		"endpoint": &s.endpoint, "sts_endpoint": &s.stsEndpoint, "iam_endpoint": &s.iamEndpoint,
	}
	for name, v := range env.Config {
		text, ok := v.(string)
		switch {
		case texts[name] == nil:
			return s, fmt.Errorf("stores.%s: %w", scheme, fetch.Unknown("key", name, slices.Sorted(maps.Keys(texts))))
		case !ok:
			return s, fmt.Errorf("stores.%s.%s: want a text", scheme, name)
		}
		*texts[name] = text
	}
	if s.endpoint+s.stsEndpoint+s.iamEndpoint != "" && !env.Trusted {
		return s, fmt.Errorf("stores.%s: a configuration can choose a server (…endpoint) only with --trust-config: %w", scheme, fetch.ErrDenied)
	}
	s.provider = strings.TrimPrefix(strings.TrimPrefix(cmp.Or(s.provider, gitlabProvider(env)), "https:"), "//iam.googleapis.com/")
	s.serviceAccount = cmp.Or(s.serviceAccount, env.Getenv("CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT"))
	override := map[string]string{"gcp-sm": "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "gcp-kms": "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS"}
	s.endpoint = cmp.Or(s.endpoint, env.Getenv(override[scheme]))
	s.stsEndpoint = cmp.Or(s.stsEndpoint, "https://sts.googleapis.com")
	s.iamEndpoint = cmp.Or(s.iamEndpoint, "https://iamcredentials.googleapis.com")
	if err := s.check(); err != nil {
		return s, fmt.Errorf("stores.%s: %w", scheme, err)
	}
	return s, nil
}

// gitlabProvider is the provider that GitLab's own variables for Google name.
func gitlabProvider(env fetch.Env) string {
	number, pool, provider := env.Getenv("GCP_PROJECT_NUMBER"), env.Getenv("GCP_WORKLOAD_IDENTITY_FEDERATION_POOL_ID"), env.Getenv("GCP_WORKLOAD_IDENTITY_FEDERATION_PROVIDER_ID")
	if number == "" || pool == "" || provider == "" {
		return ""
	}
	return "projects/" + number + "/locations/global/workloadIdentityPools/" + pool + "/providers/" + provider
}

// check refuses what could lead elsewhere than its name says.
func (s settings) check() error {
	for _, c := range []struct {
		name, value, want string
		rule              func() *regexp.Regexp
	}{
		{"workload_identity_provider", s.provider, "projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER", providerRule},
		{"service_account", s.serviceAccount, "an e-mail address", accountRule},
		{"location", s.location, "a region", locationRule},
		{"key", s.key, "projects/P/locations/L/keyRings/R/cryptoKeys/K", keyRule},
	} {
		if c.value != "" && !c.rule().MatchString(c.value) {
			return fmt.Errorf("%s: want %s", c.name, c.want)
		}
	}
	for _, endpoint := range []string{s.endpoint, s.stsEndpoint, s.iamEndpoint} {
		if u, err := url.Parse(endpoint); endpoint != "" && (err != nil || u.Host == "" || u.User != nil) {
			return errors.New("endpoint: want an address, https://HOST")
		}
	}
	return nil
}
