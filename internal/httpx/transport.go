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
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"golang.org/x/net/http/httpproxy"
)

// A transport is an [http.Transport] with our rules around it. Redirects are
// refused here and not in the client, because SDKs bring a client of their own
// or follow redirects themselves, tokens and all. FAULTS 88.
type transport struct {
	o     Options
	once  sync.Once
	inner *http.Transport
	err   error
}

// RoundTrip is that of [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	t.once.Do(t.open)
	if t.err != nil {
		return nil, t.err
	}
	resp, err := t.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if err := refuse(resp, t.o.MaxBody); err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	resp.Body = &boundedBody{body: resp.Body, left: t.o.MaxBody, max: t.o.MaxBody}
	return resp, nil
}

// CloseIdleConnections is what http.Client looks for.
func (t *transport) CloseIdleConnections() {
	if t.once.Do(t.open); t.inner != nil {
		t.inner.CloseIdleConnections()
	}
}

// open makes the real transport at the first request: a run that asks no server
// does not read the system's certificates.
func (t *transport) open() {
	roots, err := t.o.roots()
	if err != nil {
		t.err = err
		return
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, ControlContext: t.o.control}
	t.inner = &http.Transport{
		Proxy:                  t.o.proxy(),
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, Certificates: t.o.Certificates, ServerName: t.o.ServerName},
		TLSHandshakeTimeout:    10 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    8, // as many as the Resolver reads at once
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

// roots are the authorities to trust; nil means the system's.
func (o *Options) roots() (*x509.CertPool, error) {
	if o.CA != nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(o.CA)
		return pool, nil
	}
	path := o.getenv("SSL_CERT_FILE")
	if path == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("SSL_CERT_FILE cannot be read: %w", fetch.ErrDenied)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("SSL_CERT_FILE holds no certificate in PEM: %w", fetch.ErrDenied)
	}
	return pool, nil
}

func (o *Options) getenv(names ...string) string {
	if o.Getenv == nil {
		return ""
	}
	for _, name := range names {
		if v := o.Getenv(name); v != "" {
			return v
		}
	}
	return ""
}

// proxy is that of the environment, but for metadata services: what a proxy
// would answer there is the identity of another machine. FAULTS 93.
func (o *Options) proxy() func(*http.Request) (*url.URL, error) {
	config := &httpproxy.Config{
		HTTPProxy:  o.getenv("HTTP_PROXY", "http_proxy"),
		HTTPSProxy: o.getenv("HTTPS_PROXY", "https_proxy"),
		NoProxy:    o.getenv("NO_PROXY", "no_proxy"),
		CGI:        o.getenv("REQUEST_METHOD") != "",
	}
	find := config.ProxyFunc()
	return func(req *http.Request) (*url.URL, error) {
		if metadataHost(req.URL.Hostname()) {
			return nil, nil
		}
		proxy, err := find(req.URL)
		if err != nil { // its text may have the proxy's address, and with it a password
			return nil, fmt.Errorf("the proxy of the environment cannot be used: %w", fetch.ErrDenied)
		}
		return proxy, nil
	}
}

// refuse says why an answer is not to be read.
func refuse(resp *http.Response, limit int64) error {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return &redirectError{to: redirectTarget(resp)}
	}
	if resp.ContentLength > limit && (resp.Request == nil || resp.Request.Method != http.MethodHead) {
		return ErrTooLarge
	}
	return nil
}

// redirectTarget names scheme and host of a redirect: of the rest a server could make anything.
func redirectTarget(resp *http.Response) string {
	to, err := resp.Location()
	if err != nil || to.Hostname() == "" {
		return "another address"
	}
	return to.Scheme + "://" + to.Host
}

// A redirectError is a redirect that was not followed.
type redirectError struct{ to string }

func (e *redirectError) Error() string {
	return fmt.Sprintf("the server redirects to %.100q, and credentials do not follow redirects: give the store's own address", e.to)
}

func (e *redirectError) Unwrap() error { return fetch.ErrDenied }

// ErrTooLarge is what reading an answer ends with when it has more than MaxBody bytes. FAULTS 90.
var ErrTooLarge = errors.New("the answer is too large")

// A boundedBody gives at most max bytes of a body, then ErrTooLarge.
type boundedBody struct {
	body      io.ReadCloser
	left, max int64
	over      bool
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.over {
		return 0, ErrTooLarge
	}
	if len(p) == 0 {
		return 0, nil
	}
	// One byte more than allowed is asked for: whether it comes is the question.
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if int64(n) > b.left {
		n, b.over, err = int(b.left), true, ErrTooLarge
	}
	b.left -= int64(n)
	return n, err
}

func (b *boundedBody) Close() error { return b.body.Close() }

// control looks at the address that a name has led to, just before connecting:
// a name that resolves to a metadata service is caught too. FAULTS 93.
func (o *Options) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	if !o.LinkLocal && metadataAddress(address) && !o.isMetadata(address) {
		return fmt.Errorf("the address is link-local, where clouds keep their metadata: %w", fetch.ErrDenied)
	}
	return nil
}
