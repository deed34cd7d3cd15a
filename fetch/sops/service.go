package sops

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"

	"github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"
	"github.com/maskrun/maskrun/internal/httpx"
)

// unwrap asks the SDK to open one key. What its packages say is not passed on: they
// quote servers, and identities that they cannot parse.
func (s *source) unwrap(ctx context.Context, k keys.MasterKey) ([]byte, error) {
	if k, ok := k.(*age.MasterKey); ok {
		return s.identities.unwrap(k, s.env)
	}
	once, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if err := s.equip(k, stop); err != nil {
		return nil, err
	}
	var key []byte
	var err error
	if c, ok := k.(interface {
		DecryptContext(context.Context) ([]byte, error)
	}); ok {
		key, err = c.DecryptContext(once)
	} else {
		key, err = k.Decrypt()
	}
	if first := context.Cause(once); err != nil && ctx.Err() == nil && first != nil {
		err = first
	}
	if err != nil {
		return nil, explain(k, err)
	}
	return key, nil
}

// equipVault: Vault's own client would follow redirects with the token, and be lenient
// under VAULT_SKIP_VERIFY; its other variables are honoured.
func (s *source) equipVault(k *hcvault.MasterKey, stop context.CancelCauseFunc) error {
	read := func(name string) ([]byte, error) {
		path := s.getenv(name)
		if path == "" {
			return nil, nil
		}
		b, err := s.env.ReadKeyFile(path)
		if err != nil {
			return nil, notMissing(fmt.Errorf("%s: %w", name, err))
		}
		return b, nil
	}
	ca, err := read("VAULT_CACERT")
	if err != nil {
		return err
	}
	cert, err := read("VAULT_CLIENT_CERT")
	if err != nil {
		return err
	}
	key, err := read("VAULT_CLIENT_KEY")
	if err != nil {
		return err
	}
	defer clear(key)
	var certificates []tls.Certificate
	if cert != nil && key != nil {
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return fmt.Errorf("VAULT_CLIENT_CERT and VAULT_CLIENT_KEY are no certificate and its key")
		}
		certificates = append(certificates, pair)
	}
	client, err := httpx.With(s.env.HTTP, func(o *httpx.Options) {
		if ca != nil {
			o.CA = ca
		}
		o.Getenv, o.Certificates, o.ServerName = s.getenv, certificates, s.getenv("VAULT_TLS_SERVER_NAME")
	})
	if err != nil {
		return fmt.Errorf("VAULT_CACERT: %w", err)
	}
	client.Transport = oneTry{client.Transport, stop}
	hcvault.NewHTTPClient(client).ApplyToMasterKey(k)
	return nil
}

// oneTry ends the call at its first failure that another try could mend: those are the
// Resolver's, and Vault's client would make three of each, for seconds, of a redirect too.
// FAULTS 87
type oneTry struct {
	http.RoundTripper
	stop context.CancelCauseFunc
}

// RoundTrip is that of [http.RoundTripper].
func (o oneTry) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := o.RoundTripper.RoundTrip(req)
	switch {
	case err != nil:
		o.stop(&url.Error{Op: req.Method, URL: req.URL.String(), Err: err})
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= http.StatusInternalServerError:
		o.stop(httpx.CheckStatus(resp))
	}
	return resp, err
}
