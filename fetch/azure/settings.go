package azure

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// settings are the block of the configuration, with what the environment says.
type settings struct {
	tenant, client string
	audience       string
	identity       string // job, managed, environment, cli; empty for whatever there is
	cloud          string
	key            string
	endpoint       string
}

// A cloud is one of Azure's: where its vaults are, and who knows its users.
type cloud struct{ name, domain, authority string }

// clouds are those of Azure. A token goes to hosts in their domains only.
var clouds = []cloud{
	{"public", ".vault.azure.net", "https://login.microsoftonline.com/"},
	{"china", ".vault.azure.cn", "https://login.chinacloudapi.cn/"},
	{"usgovernment", ".vault.usgovcloudapi.net", "https://login.microsoftonline.us/"},
	{"germany", ".vault.microsoftazure.de", "https://login.microsoftonline.de/"},
}

// Hosts and paths are made of these: nothing else may come in.
var (
	vaultRule   = fetch.Pattern(`^[A-Za-z0-9][A-Za-z0-9-]{1,62}$`)
	nameRule    = fetch.Pattern(`^[A-Za-z0-9-]{1,127}$`)
	versionRule = fetch.Pattern(`^[A-Za-z0-9]{1,64}$`)
	idRule      = fetch.Pattern(`^[A-Za-z0-9.-]{1,128}$`)
)

// readSettings reads the block stores.SCHEME.
func readSettings(scheme string, env fetch.Env) (settings, error) {
	var s settings
	texts := map[string]*string{"tenant_id": &s.tenant, "client_id": &s.client, "audience": &s.audience,
		"identity": &s.identity, "cloud": &s.cloud, "key": &s.key, "endpoint": &s.endpoint}
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
	s.tenant, s.client = cmp.Or(s.tenant, env.Getenv("AZURE_TENANT_ID")), cmp.Or(s.client, env.Getenv("AZURE_CLIENT_ID"))
	err := s.check()
	if s.endpoint != "" && !env.Trusted {
		err = fmt.Errorf("endpoint: a configuration can choose a server only with --trust-config: %w", fetch.ErrDenied)
	}
	if err != nil {
		return s, fmt.Errorf("stores.%s: %w", scheme, err)
	}
	return s, nil
}

func (s settings) check() error {
	u, err := url.Parse(s.endpoint)
	switch {
	case s.tenant != "" && !idRule().MatchString(s.tenant), s.client != "" && !idRule().MatchString(s.client):
		return errors.New("tenant_id, client_id: want an id")
	case !slices.Contains([]string{"", "job", "managed", "environment", "cli"}, s.identity):
		return errors.New("identity: want job, managed, environment or cli")
	case !slices.ContainsFunc(clouds, func(c cloud) bool { return s.cloud == "" || c.name == s.cloud }):
		return errors.New("cloud: want public, china, usgovernment or germany")
	case s.endpoint != "" && (err != nil || u.Host == "" || u.User != nil):
		return errors.New("endpoint: want an address, https://HOST")
	}
	return nil
}

// vault gives the address of a vault, named alone or with its domain.
func (s settings) vault(name string) (string, error) {
	short, domain, _ := strings.Cut(name, ".")
	at := slices.IndexFunc(clouds, func(c cloud) bool {
		return domain == "" && (s.cloud == "" || c.name == s.cloud) || strings.EqualFold("."+domain, c.domain)
	})
	if at < 0 || !vaultRule().MatchString(short) {
		return "", errors.New("want VAULT/SECRET, of a vault in a domain of Azure")
	}
	return cmp.Or(s.endpoint, "https://"+short+clouds[at].domain), nil
}
