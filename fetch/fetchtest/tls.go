package fetchtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// testTLS has read ask servers that are not to be believed, and wants them to learn nothing. FAULTS 89
func testTLS(t *testing.T, read func(address string) error) {
	now := time.Now()
	for _, c := range []struct {
		why       string
		config    *tls.Config
		notBefore time.Time
	}{
		{"an authority that nobody knows", &tls.Config{}, now.Add(-time.Hour)},
		{"a certificate that is not valid yet", &tls.Config{}, now.Add(time.Hour)},
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, now.Add(-time.Hour)},
	} {
		t.Run("fault: "+c.why, func(t *testing.T) {
			var asked atomic.Int32
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
			c.config.Certificates = []tls.Certificate{certificate(t, c.notBefore)}
			s.TLS, s.Config.ErrorLog = c.config, log.New(io.Discard, "", 0)
			s.StartTLS()
			defer s.Close()
			err := read(s.URL)
			checkError(t, err)
			if !errors.Is(err, fetch.ErrDenied) || asked.Load() > 0 {
				t.Errorf("error %v, want ErrDenied; %d requests arrived", err, asked.Load())
			}
		})
	}
}

// certificate is one for this machine, signed by itself.
func certificate(t *testing.T, notBefore time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: Canary}, NotBefore: notBefore, NotAfter: notBefore.Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// testLinkLocal: where clouds keep their metadata no store asks for secrets. FAULTS 93
func testLinkLocal(t *testing.T, read func(address string) error) {
	for _, address := range []string{"http://169.254.10.10", "https://169.254.10.10", "http://[fe80::1]", "https://[fd00:ec2::99]"} {
		err := read(address)
		checkError(t, err)
		if err == nil || errors.Is(err, fetch.ErrUnavailable) || errors.Is(err, fetch.ErrNotFound) {
			t.Errorf("%s: error %v, want one that is final", address, err)
		}
	}
}
