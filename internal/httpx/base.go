package httpx

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// A Base says where a store's API is, from the places that can name it.
type Base struct {
	Config   string // of the configuration, called Key in errors
	Key      string // stores.doppler.address
	Environ  string // of the environment, called Variable
	Variable string
	Standard string // of the service itself; empty if it has none
}

// Address chooses the address that a store's token is sent to, without a slash at
// the end: the configuration's, the environment's, the standard one. Without
// configTrusted the configuration may only repeat one of the others: a pull request
// can change it, and the token would go wherever it says. The address is https,
// or http on this machine.
func (b Base) Address(configTrusted bool) (string, error) {
	environ, err := parseBase(b.Variable, b.Environ)
	if err != nil {
		return "", err
	}
	if environ == "" {
		environ = b.Standard
	}
	config, err := parseBase(b.Key, b.Config)
	switch {
	case err != nil:
		return "", err
	case config == "" && environ == "":
		return "", fmt.Errorf("no address: set %s, or %s: %w", b.Variable, b.Key, fetch.ErrDenied)
	case config == "" || config == environ:
		return environ, nil
	case !configTrusted:
		return "", fmt.Errorf("%s: the credentials would go to an address that only the configuration names: set %s too, or use --trust-config: %w", b.Key, b.Variable, fetch.ErrDenied)
	}
	return config, nil
}

func parseBase(name, address string) (string, error) {
	if address == "" {
		return "", nil
	}
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New(name + ": not an address: want https://HOST[:PORT]")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return strings.TrimRight(u.Scheme+"://"+strings.ToLower(u.Host)+u.Path, "/"), nil
	}
	return "", errors.New(name + ": not an https address (http is for this machine only)")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
