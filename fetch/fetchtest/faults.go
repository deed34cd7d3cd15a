package fetchtest

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// Faults has read ask a server at address that fails in each of the ways a server
// can, with Canary in all that it sends. Read opens the store with Canary as its
// credential, asks it for a document once, and returns the error: there must be
// one, of the right kind, that shows nothing, and the credential must not have
// gone to another server, or to one that cannot be believed. The server is a fake of
// ours. FAULTS 87, 88, 89, 90, 93.
//
// A store with a [Harness] says Harness.At instead, and is asked more.
func Faults(t *testing.T, read func(address string) error) {
	t.Helper()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, f := range faults(other.URL) {
		t.Run("fault: "+f.why, func(t *testing.T) {
			err := answered(t, f.answer, read)
			switch {
			case err == nil:
				t.Error("no error")
			case f.want != nil && !errors.Is(err, f.want):
				t.Errorf("error %v, want %v", err, f.want)
			case f.final && errors.Is(err, fetch.ErrUnavailable):
				t.Errorf("error %v would be tried again", err)
			case f.want == nil && errors.Is(err, fetch.ErrNotFound) && f.why != "status 404":
				t.Errorf("error %v is ErrNotFound, which optional=true would forgive", err)
			}
			if n := elsewhere.Load(); n > 0 {
				t.Errorf("another server was asked %d times", n)
			}
		})
	}
	t.Run("fault: nobody there", func(t *testing.T) { testRefused(t, read) })
	t.Run("fault: any", func(t *testing.T) { testAnyFailure(t, read) })
	t.Run("fault: link-local", func(t *testing.T) { testLinkLocal(t, read) })
	testTLS(t, read)
}

// answered has read ask a server that answers everything alike. The error is held to the rules.
func answered(t *testing.T, answer http.HandlerFunc, read func(address string) error) error {
	t.Helper()
	s := httptest.NewServer(answer)
	defer s.Close()
	defer s.CloseClientConnections()
	err := read(s.URL)
	checkError(t, err)
	return err
}

// A fault is one way in which a server fails whatever it is asked.
type fault struct {
	why    string
	answer http.HandlerFunc
	want   error // the sentinel that the error must wrap, if any
	final  bool  // trying again would be of no use
}

func faults(other string) []fault {
	list := []fault{
		{"a page", answering(http.StatusOK, "text/html", "<html>log in, "+Canary+"</html>"), nil, false},
		{"no JSON", answering(http.StatusOK, "application/json", `{"a":`+Canary), nil, false},
		{"another JSON", answering(http.StatusOK, "application/json", `["`+Canary+`"]`), nil, false},
		{"nothing", answering(http.StatusOK, "application/json", ""), nil, false},
		{"too much", answering(http.StatusOK, "application/json", `{"a":"`+strings.Repeat(Canary, 1<<20/len(Canary)+1)+`"}`), nil, false},
		{"an endless body", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, endless{}) }, nil, false},
		{"a gzip bomb", bomb, nil, false},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"data":"`+Canary)
		}, fetch.ErrUnavailable, false},
		{"hung up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fetch.ErrUnavailable, false},
		{"a redirect to itself", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, nil, true},
	}
	for code, want := range map[int]error{
		400: nil, 401: fetch.ErrDenied, 403: fetch.ErrDenied, 404: nil, 409: nil,
		429: fetch.ErrUnavailable, 500: fetch.ErrUnavailable, 502: fetch.ErrUnavailable, 503: fetch.ErrUnavailable,
	} {
		list = append(list, fault{fmt.Sprint("status ", code), answering(code, "text/html", "<html>"+Canary+"</html>"), want, want != fetch.ErrUnavailable})
	}
	for _, code := range []int{301, 302, 303, 307, 308} {
		list = append(list, fault{fmt.Sprint("redirect ", code), func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other+"/"+Canary, code)
		}, nil, true})
	}
	return list
}

func answering(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat(Canary, len(p)/len(Canary)+1)), nil
}

// bomb sends some kilobytes that are a hundred megabytes.
func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = io.CopyN(z, endless{}, 100<<20)
	_ = z.Close()
}

// testFaults has the store ask a server that fails in each way.
func testFaults(t *testing.T, h Harness) {
	if h.NoServer {
		t.Skip("asks no server")
	}
	if h.At == nil {
		t.Fatal("fetchtest: say how the store is sent to a server that fails (At), or that it asks none (NoServer)")
	}
	Faults(t, func(address string) error { return askAt(t, h, address, time.Minute) })
	t.Run("fault: slow", func(t *testing.T) { testSlow(t, h) })
}

// askAt opens the store afresh and reads, of the server at an address.
func askAt(t *testing.T, h Harness, address string, patience time.Duration) error {
	env := h.At(address)
	if env.Warn == nil {
		env.Warn = func(string) {}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	src, err := h.Kind.Open(ctx, env)
	if err == nil {
		_, err = src.Read(ctx, h.Path, h.Params)
	}
	return err
}

// testSlow: a byte now and then does not outlast the context. FAULTS 90.
func testSlow(t *testing.T, h Harness) {
	drip := func(w http.ResponseWriter, r *http.Request) {
		for {
			_, _ = io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	err := answered(t, drip, func(address string) error { return askAt(t, h, address, 500*time.Millisecond) })
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
}

func testRefused(t *testing.T, read func(address string) error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	_ = l.Close()
	if err := read(address); !errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
}

// failures is how many are made up: every store must stay a matter of a second.
const failures = 60

// testAnyFailure makes up answers that fail, with the canary wherever services put
// what they say, and wants no error to repeat it. The same in every run.
func testAnyFailure(t *testing.T, read func(address string) error) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	for range failures {
		code := 400 + random.IntN(200)
		if random.IntN(4) == 0 {
			code = 200
		}
		key := pick("errors", "error", "message", "Message", "error_description", "__type", "code", "data", "value", "reason", "status")
		value := pick(`"%s"`, `["%s"]`, `{"code":"%s","message":"%[1]s","status":"%[1]s"}`, `[{"name":"%s"}]`)
		body := fmt.Sprintf(`{"`+key+`":`+value+`}`, Canary)
		body = pick(body, body[:random.IntN(len(body))], "<Error><Code>"+Canary+"</Code></Error>", Canary)
		header := pick("X-Amzn-Errortype", "Content-Type", "Retry-After", "Www-Authenticate", "X-Request-Id", "Location")
		err := answered(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(header, Canary)
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}, read)
		if code >= 400 && err == nil {
			t.Errorf("status %d gave a document", code)
		}
	}
}
