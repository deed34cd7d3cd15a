package fetchtest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/maskrun/maskrun/fetch"
)

// Faults has read ask a server at address that fails in each of the ways a server
// can, with Canary in all that it sends. Read opens the store with Canary as its
// credential, asks it for a document once, and returns the error: there must be
// one, of the right kind, that shows nothing, and the credential must not have
// gone to another server. The server is a fake of ours. FAULTS 87, 88, 90.
func Faults(t *testing.T, read func(address string) error) {
	t.Helper()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	for _, f := range faults(other.URL) {
		t.Run("fault: "+f.why, func(t *testing.T) {
			server := httptest.NewServer(f.handler)
			defer server.Close()
			err := read(server.URL)
			if err == nil {
				t.Fatal("no error")
			}
			checkError(t, err)
			if f.kind != nil && !errors.Is(err, f.kind) {
				t.Errorf("error %v, want it to be %v", err, f.kind)
			}
			if f.kind == nil && errors.Is(err, fetch.ErrNotFound) {
				t.Errorf("error %v is ErrNotFound, which optional=true would forgive", err)
			}
			if n := elsewhere.Load(); n > 0 {
				t.Errorf("another server was asked %d times", n)
			}
		})
	}
}

// A fault is a way to fail, and what the error must be; nil means any but ErrNotFound.
type fault struct {
	why     string
	kind    error
	handler http.HandlerFunc
}

func faults(other string) []fault {
	all := []fault{
		{"a login page", nil, answering(http.StatusOK, "text/html", "<html>"+Canary)},
		{"no JSON", nil, answering(http.StatusOK, "application/json", `{"a":`+Canary)},
		{"another JSON", nil, answering(http.StatusOK, "application/json", `["`+Canary+`"]`)},
		{"nothing", nil, answering(http.StatusOK, "application/json", "")},
		{"too much", nil, answering(http.StatusOK, "application/json", `{"a":"`+strings.Repeat(Canary, 1<<20/len(Canary)+1)+`"}`)},
		{"cut off", fetch.ErrUnavailable, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, Canary)
		}},
		{"hung up", fetch.ErrUnavailable, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	}
	for status, kind := range map[int]error{
		400: nil, 401: fetch.ErrDenied, 403: fetch.ErrDenied, 404: fetch.ErrNotFound,
		429: fetch.ErrUnavailable, 500: fetch.ErrUnavailable, 502: fetch.ErrUnavailable, 503: fetch.ErrUnavailable,
	} {
		all = append(all, fault{fmt.Sprint("status ", status), kind, answering(status, "application/json", `{"message":"`+Canary+`"}`)})
	}
	for _, status := range []int{301, 302, 307, 308} {
		all = append(all, fault{fmt.Sprint("redirect ", status), nil, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other+"/"+Canary, status)
		}})
	}
	return all
}

func answering(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}
