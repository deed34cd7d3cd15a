package httpx

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/maskrun/maskrun/fetch"
)

// FAULTS 93: what is let through, with and without LinkLocal, and what a proxy is
// asked for. Nothing is sent.
func TestAddresses(t *testing.T) {
	env := func(name string) string {
		if name == "HTTP_PROXY" {
			return "http://proxy.invalid:3128"
		}
		return ""
	}
	for _, c := range []struct {
		host     string
		metadata bool
	}{
		{"169.254.169.254", true}, {"169.254.0.1", true}, {"169.254.170.2", true}, {"::ffff:169.254.169.254", true},
		{"fe80::1", true}, {"fe80::1%eth0", true}, {"fd00:ec2::254", true}, {"fd00:ec2::23", true}, {"fd20:ce::254", true}, {"100.100.100.200", true},
		{"169.253.255.255", false}, {"10.0.0.1", false}, {"203.0.113.9", false}, {"2001:db8::1", false}, {"fd00:ec3::1", false},
	} {
		address := net.JoinHostPort(c.host, "80")
		closed, open := &Options{Getenv: env}, &Options{Getenv: env, LinkLocal: true}
		if err := closed.control(t.Context(), "tcp", address, nil); c.metadata != errors.Is(err, fetch.ErrDenied) {
			t.Errorf("%s: %v", address, err)
		}
		if err := open.control(t.Context(), "tcp", address, nil); err != nil {
			t.Errorf("%s, wanted: %v", address, err)
		}
		req := &http.Request{URL: &url.URL{Scheme: "http", Host: address}}
		if proxy, err := open.proxy()(req); err != nil || c.metadata != (proxy == nil) {
			t.Errorf("%s: proxy %v, %v", address, proxy, err)
		}
	}
	for _, name := range []string{"metadata.google.internal", "METADATA.google.internal.", "instance-data"} {
		if proxy, _ := (&Options{Getenv: env}).proxy()(&http.Request{URL: &url.URL{Scheme: "http", Host: name}}); proxy != nil {
			t.Errorf("%s: by proxy", name)
		}
	}
	named := &Options{Metadata: []string{"169.254.169.254", "fd00:ec2::254", "localhost", ""}}
	for address, allowed := range map[string]bool{
		"169.254.169.254:80": true, "[::ffff:169.254.169.254]:80": true, "[fd00:ec2::254]:80": true, "169.254.170.2:80": false, "[fe80::1]:80": false, "no address": false,
	} {
		if err := named.control(t.Context(), "tcp", address, nil); allowed == errors.Is(err, fetch.ErrDenied) {
			t.Errorf("%s, of those that are named: %v", address, err)
		}
	}
	if !metadataAddress("no address") {
		t.Error("an address that cannot be read was let through")
	}
}
