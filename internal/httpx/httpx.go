// Package httpx makes the one HTTP client that stores use.
//
// # Guarantee
//
// The client speaks TLS 1.2 or later and verifies every certificate; there is no
// switch to skip that. It follows no redirect, for a credential in a header of our
// choosing would go along. It reads at most [MaxBody] bytes of an answer, counted
// after decompression. It reaches link-local addresses, where clouds keep their
// metadata services, only when asked to ([Options]), and never
// through a proxy. Proxies and SSL_CERT_FILE are as the environment says.
//
// No error of this package shows a byte of an answer's body or of a request's query.
//
// A store takes the client from fetch.Env, changes it with [With] where it has
// settings of its own, and calls [Do], or hands it to an SDK and passes the SDK's
// errors through [Classify].
package httpx

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// MaxBody is how much of an answer is read unless [Options] say otherwise. No
// document of a store is larger.
const MaxBody = 1 << 20

// backstop ends a request of a caller that set no deadline; the Resolver's are shorter.
const backstop = 10 * time.Minute

// Options are the settings of a client. The zero value, and nil, are ready to
// use: the system's authorities, no proxy, no link-local targets.
type Options struct {
	// Getenv is asked for HTTPS_PROXY, HTTP_PROXY, NO_PROXY and SSL_CERT_FILE, also in
	// lower case where that is usual. Nil means that none is set.
	Getenv func(string) string
	// CA holds certificates in PEM; if set, these authorities and no others are trusted.
	CA []byte
	// Certificates are shown to servers that ask for one.
	Certificates []tls.Certificate
	// ServerName replaces the host's name in the check of the server's certificate.
	ServerName string
	// LinkLocal allows targets in 169.254.0.0/16, fe80::/10 and the metadata
	// addresses fd00:ec2::/32 and fd20:ce::254. Only for the cloud stores' own requests there.
	LinkLocal bool
	// Metadata are addresses (169.254.169.254) that are allowed even so: a cloud's metadata
	// service, for an SDK that sends all its requests by one client. What is no address is passed over.
	Metadata []string
	// MaxBody replaces the constant of that name; zero means the constant.
	MaxBody int64
}

// New makes a client. It is safe for concurrent use and keeps connections open
// for reuse. The error says that o cannot be used (CA has no certificate).
func New(o *Options) (*http.Client, error) {
	if o == nil {
		o = &Options{}
	}
	own := *o
	own.Certificates, own.Metadata = slices.Clone(o.Certificates), slices.Clone(o.Metadata)
	if own.MaxBody <= 0 {
		own.MaxBody = MaxBody
	}
	if own.CA != nil && !x509.NewCertPool().AppendCertsFromPEM(own.CA) {
		return nil, errors.New("the file of authorities (CA) holds no certificate in PEM")
	}
	t := &transport{o: own}
	return &http.Client{Transport: t, CheckRedirect: noRedirect, Timeout: backstop}, nil
}

// noRedirect hands a redirect that got past the transport to the caller as an answer.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// With makes a client with the options of c, changed. C must be a client of this
// package; nil stands for the zero Options.
func With(c *http.Client, change func(*Options)) (*http.Client, error) {
	var o Options
	if c != nil {
		t, ok := c.Transport.(*transport)
		if !ok {
			return nil, fmt.Errorf("httpx: cannot change the settings of a client that has a %T", c.Transport)
		}
		o = t.o
	}
	change(&o)
	return New(&o)
}
