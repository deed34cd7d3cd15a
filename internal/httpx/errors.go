package httpx

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/maskrun/maskrun/fetch"
)

// Classify turns an error of an HTTP client, ours or an SDK's around it, into one
// that a person can act on and the Resolver knows: a broken or refused connection
// wraps fetch.ErrUnavailable; an untrusted certificate, a redirect and a link-local
// address wrap fetch.ErrDenied; the end of a context stays what it is. It names the
// host and never repeats what a server sent, nor the query of the request. An
// error that wraps a sentinel of package fetch already, and nil, come back as they are.
func Classify(err error) error {
	if err == nil {
		return nil
	}
	host := ""
	var ue *url.Error
	if errors.As(err, &ue) {
		if u, parseErr := url.Parse(ue.URL); parseErr == nil {
			host = u.Host + ": "
		}
		err = ue.Err
	}
	for _, sentinel := range []error{fetch.ErrNotFound, fetch.ErrDenied, fetch.ErrUnavailable} {
		if errors.Is(err, sentinel) {
			return fmt.Errorf("%s%w", host, err)
		}
	}
	reason, kind := reasonOf(err)
	if kind == nil {
		return fmt.Errorf("%s%s", host, reason)
	}
	return fmt.Errorf("%s%s: %w", host, reason, kind)
}

// reasonOf gives the words for an error, and what it wraps.
func reasonOf(err error) (reason string, kind error) {
	switch {
	case errors.Is(err, context.Canceled):
		return "no answer", context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time", context.DeadlineExceeded
	case errors.Is(err, ErrTooLarge):
		return "cannot be used", ErrTooLarge
	}
	if reason := certificateReason(err); reason != "" {
		return reason, fetch.ErrDenied
	}
	return networkReason(err)
}

// certificateReason says what is wrong with a server's TLS; empty when nothing is. FAULTS 89.
func certificateReason(err error) string {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.As(err, &authority):
		return "the certificate is signed by an unknown authority: give its certificate (SSL_CERT_FILE, or the store's own setting)"
	case errors.As(err, &name):
		return "the certificate is for another name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate has expired or is not valid yet"
	case errors.As(err, &invalid), errors.As(err, &verify):
		return "the certificate is not valid"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the server does not speak TLS there: http instead of https?"
	case errors.As(err, &alert):
		return fmt.Sprintf("TLS alert %d from the server (a client certificate it wants, or an old version of TLS)", uint8(alert))
	case strings.Contains(err.Error(), "tls: server selected unsupported protocol version"), strings.Contains(err.Error(), "tls: protocol version not supported"):
		return "the server offers only versions of TLS that are no longer safe"
	case strings.HasPrefix(err.Error(), "tls: "):
		return "TLS could not be agreed on"
	}
	return ""
}

// networkReason describes what happened on the way.
func networkReason(err error) (string, error) {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "no such host", fetch.ErrUnavailable
	case errors.As(err, &dns):
		return "the name cannot be resolved", fetch.ErrUnavailable
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused", fetch.ErrUnavailable
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time", fetch.ErrUnavailable
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return "the connection broke off", fetch.ErrUnavailable
	case strings.HasPrefix(err.Error(), "proxyconnect ") || strings.HasPrefix(err.Error(), "socks connect "):
		return "the proxy does not let us through", fetch.ErrUnavailable
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return "cannot connect", fetch.ErrUnavailable
	}
	return "the answer cannot be understood: is this the address of the store?", nil
}
