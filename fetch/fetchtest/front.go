package fetchtest

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Front is the address of a server that speaks TLS, with httptest's certificate, and hands
// every byte to address and back: for a store whose SDK sends no token without TLS. An
// address with TLS of its own, or of another machine, is left as it is.
func Front(t testing.TB, address string) string {
	t.Helper()
	host, plain := strings.CutPrefix(address, "http://")
	if !plain || !strings.HasPrefix(host, "127.0.0.1:") {
		return address
	}
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS() // for its certificate
	s.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", s.TLS)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go relay(in, host)
		}
	}()
	return "https://" + l.Addr().String()
}

func relay(in net.Conn, host string) {
	defer in.Close()
	out, err := net.Dial("tcp", host)
	if err != nil {
		return
	}
	defer out.Close()
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
	_, _ = io.Copy(in, out)
	_ = in.Close()
	wg.Wait()
}
