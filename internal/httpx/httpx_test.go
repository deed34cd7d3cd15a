package httpx_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/internal/httpx"
)

func certificate(s *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

func newClient(t *testing.T, o *httpx.Options) *http.Client {
	t.Helper()
	c, err := httpx.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// get asks for an address with the canary in a header and in the query.
func get(t *testing.T, c *http.Client, address string) (*httpx.Answer, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?token="+fetchtest.Canary, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", fetchtest.Canary)
	a, err := httpx.Do(c, req)
	fetchtest.NoCanary(t, err)
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
	return a, err
}

func expect(t *testing.T, err, kind error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) || kind != nil && !errors.Is(err, kind) {
		t.Errorf("error %v, want %q and %v", err, text, kind)
	}
	for _, sentinel := range []error{fetch.ErrDenied, fetch.ErrNotFound, fetch.ErrUnavailable} {
		if sentinel != kind && errors.Is(err, sentinel) {
			t.Errorf("error %v is also %v", err, sentinel)
		}
	}
}

// FAULTS 88.
func TestRedirect(t *testing.T) {
	var second atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { second.Add(1) }))
	defer other.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/other/", func(w http.ResponseWriter, r *http.Request) {
		var code int
		fmt.Sscanf(r.URL.Path, "/other/%d", &code)
		http.Redirect(w, r, other.URL+"/?"+fetchtest.Canary, code)
	})
	mux.HandleFunc("/same", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/target", http.StatusFound) })
	mux.HandleFunc("/target", func(http.ResponseWriter, *http.Request) { second.Add(1) })
	s := httptest.NewTLSServer(mux)
	defer s.Close()
	c := newClient(t, &httpx.Options{CA: certificate(s)})
	for _, path := range []string{"/other/301", "/other/302", "/other/303", "/other/307", "/other/308", "/same"} {
		_, err := get(t, c, s.URL+path)
		expect(t, err, fetch.ErrDenied, "redirects to")
	}
	foreign := &http.Client{Transport: c.Transport} // an SDK's own, which follows
	_, err := foreign.Get(s.URL + "/other/307")
	expect(t, httpx.Classify(err), fetch.ErrDenied, "redirects to")
	if n := second.Load(); n != 0 {
		t.Errorf("%d requests reached the target", n)
	}
}

// FAULTS 89.
func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	defer s.Close()
	old := httptest.NewUnstartedServer(nil)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()
	plain := httptest.NewServer(nil)
	defer plain.Close()
	for _, srv := range []*httptest.Server{s, old, plain} { // they would tell of every refused handshake
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	}
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "bad.pem")
	if err := errors.Join(os.WriteFile(good, certificate(s), 0o600), os.WriteFile(bad, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	env := func(path string) *httpx.Options {
		return &httpx.Options{Getenv: fetchtest.Getenv(map[string]string{"SSL_CERT_FILE": path})}
	}
	port := func(u string) string { return u[strings.LastIndex(u, ":"):] }
	for _, c := range []struct {
		why, address string
		o            *httpx.Options
		text         string // of the error; empty for none
	}{
		{"own authority", s.URL, &httpx.Options{CA: certificate(s)}, ""},
		{"of the environment", s.URL, env(good), ""},
		{"unknown authority", s.URL, nil, "unknown authority"},
		{"a file of authorities that has none", s.URL, env(bad), "SSL_CERT_FILE holds no certificate"},
		{"a file of authorities that is missing", s.URL, env(bad + "x"), "SSL_CERT_FILE cannot be read"},
		{"the store's own authorities are the only ones", s.URL, &httpx.Options{CA: certificate(s), Getenv: env(bad).Getenv}, ""},
		{"wrong name", "https://localhost" + port(s.URL), &httpx.Options{CA: certificate(s)}, "for another name"},
		{"the name it should have", "https://localhost" + port(s.URL), &httpx.Options{CA: certificate(s), ServerName: "example.com"}, ""},
		{"TLS 1.1", old.URL, &httpx.Options{CA: certificate(old)}, "no longer safe"},
		{"http where https is expected", "https://127.0.0.1" + port(plain.URL), nil, "http instead of https"},
	} {
		t.Run(c.why, func(t *testing.T) {
			a, err := get(t, newClient(t, c.o), c.address)
			if c.text != "" {
				expect(t, err, fetch.ErrDenied, c.text)
			} else if err != nil || string(a.Body) != "ok" {
				t.Error(err)
			}
		})
	}
	if _, err := httpx.New(&httpx.Options{CA: []byte("x")}); err == nil {
		t.Error("a CA without certificates was taken")
	}
}

// FAULTS 90.
func TestBodies(t *testing.T) {
	zip := func(w http.ResponseWriter, n int) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.CopyN(z, zeros{}, int64(n))
		_ = z.Close()
	}
	hang := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, fetchtest.Canary)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for _, c := range []struct {
		why    string
		handle http.HandlerFunc
		kind   error
		text   string
	}{
		{"as much as is allowed", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, httpx.MaxBody) }, nil, ""},
		{"the same in gzip", func(w http.ResponseWriter, _ *http.Request) { zip(w, httpx.MaxBody) }, nil, ""},
		{"one byte more", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.CopyN(w, zeros{}, httpx.MaxBody+1) }, nil, "too large"},
		{"a gzip bomb", func(w http.ResponseWriter, _ *http.Request) { zip(w, 200<<20) }, nil, "too large"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, zeros{}) }, nil, "too large"},
		{"its length says so", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "9999999") }, nil, "too large"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, fetchtest.Canary)
		}, fetch.ErrUnavailable, "broke off"},
		{"never finished", hang, context.DeadlineExceeded, "no answer in time"},
	} {
		t.Run(c.why, func(t *testing.T) {
			s := httptest.NewServer(c.handle)
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			if c.kind == context.DeadlineExceeded {
				ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
			}
			defer cancel()
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
			a, err := httpx.Do(newClient(t, nil), req)
			fetchtest.NoCanary(t, err)
			if c.text != "" {
				expect(t, err, c.kind, c.text)
			} else if err != nil || len(a.Body) != httpx.MaxBody {
				t.Error(err)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A page with status 200 is no JSON, and is not shown.
func TestPage(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>log in, "+fetchtest.Canary+"</html>")
	}))
	defer s.Close()
	a, err := get(t, newClient(t, nil), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var v struct{}
	err = a.JSON(&v)
	fetchtest.NoCanary(t, err)
	expect(t, err, nil, "but a web page")
}

// FAULTS 87.
func TestStatus(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var code int
		fmt.Sscanf(r.URL.Path, "/%d", &code)
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(code)
		fmt.Fprint(w, fetchtest.Canary)
	}))
	defer s.Close()
	c := newClient(t, nil)
	for code, kind := range map[int]error{
		400: nil, 401: fetch.ErrDenied, 403: fetch.ErrDenied, 404: fetch.ErrNotFound, 410: fetch.ErrNotFound, 409: nil,
		408: fetch.ErrUnavailable, 429: fetch.ErrUnavailable, 500: fetch.ErrUnavailable, 501: nil, 502: fetch.ErrUnavailable, 503: fetch.ErrUnavailable,
	} {
		a, err := get(t, c, fmt.Sprintf("%s/%d", s.URL, code))
		expect(t, err, kind, fmt.Sprintf("status %d", code))
		if a == nil || a.Status != code || !strings.Contains(string(a.Body), fetchtest.Canary) {
			t.Errorf("%d: no answer beside the error", code)
		}
		var later fetch.RetryAfterError
		if !errors.As(err, &later) || later.RetryAfter() != 7*time.Second {
			t.Errorf("%d: Retry-After is lost", code)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "12": 12 * time.Second, "-1": 0, "x": 0, "99999999999999": 0,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := httpx.RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// FAULTS 93: no request of a store reaches a metadata service, by whatever name
// or way, unless the store says that it wants one.
func TestMetadata(t *testing.T) {
	var proxied atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		proxied.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	defer proxy.Close()
	env := fetchtest.Getenv(map[string]string{"HTTP_PROXY": proxy.URL, "HTTPS_PROXY": proxy.URL})
	closed := newClient(t, &httpx.Options{Getenv: env})
	for _, host := range []string{"169.254.169.254", "169.254.170.2", "[::ffff:169.254.169.254]", "[fe80::1%25lo]", "[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]", "100.100.100.200"} {
		_, err := get(t, closed, "http://"+host+":1/latest")
		expect(t, err, fetch.ErrDenied, "link-local")
	}
	if n := proxied.Load(); n != 0 {
		t.Errorf("%d requests went to the proxy", n)
	}
	if _, err := get(t, closed, "http://store.example.invalid/"); err == nil || proxied.Load() != 1 {
		t.Errorf("other requests take the proxy: %v", err)
	}
}

func TestNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			fmt.Fprintf(c, "%s\r\n\r\n", fetchtest.Canary)
			c.Close()
		}
	}()
	c := newClient(t, nil)
	_, err = get(t, c, "http://"+address+"/")
	expect(t, err, fetch.ErrUnavailable, "connection refused")
	_, err = get(t, c, "http://"+garbage.Addr().String()+"/") // the transport quotes what it got
	expect(t, err, nil, "is this the address of the store?")
}

func TestClassify(t *testing.T) {
	if httpx.Classify(nil) != nil {
		t.Error("nil")
	}
	err := &url.Error{Op: "Get", URL: "https://h/p?token=" + fetchtest.Canary, Err: context.Canceled}
	got := httpx.Classify(err)
	fetchtest.NoCanary(t, got)
	if !errors.Is(got, context.Canceled) || got.Error() != "h: no answer: context canceled" {
		t.Error(got)
	}
	if got := httpx.Classify(fmt.Errorf("gone: %w", fetch.ErrNotFound)); got.Error() != "gone: not found" {
		t.Error(got)
	}
}

func TestWith(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "four") }))
	defer s.Close()
	base := newClient(t, nil)
	c, err := httpx.With(base, func(o *httpx.Options) { o.CA, o.MaxBody = certificate(s), 3 })
	if err != nil {
		t.Fatal(err)
	}
	_, err = get(t, c, s.URL)
	expect(t, err, nil, "too large")
	if _, err := get(t, base, s.URL); err == nil {
		t.Error("the client that was changed from has changed")
	}
	if _, err := httpx.With(nil, func(o *httpx.Options) { o.LinkLocal = true }); err != nil {
		t.Error(err)
	}
	if _, err := httpx.With(http.DefaultClient, func(*httpx.Options) {}); err == nil {
		t.Error("a foreign client was taken")
	}
}
