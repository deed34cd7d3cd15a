package aws_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/aws"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

type handler = func(w http.ResponseWriter, r *http.Request)

// status answers with a status, and with everything that must not show.
func status(code int) handler {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		fmt.Fprintf(w, "<html>%s %v %s</html>", fetchtest.Canary, r.Header, message)
	}
}

// awsError is an error as AWS gives it.
func awsError(code int, name string) handler {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"__type":%q,"message":"%s %v"}`, name, fetchtest.Canary, r.Header)
	}
}

func body(text string) handler {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func cutOff(text string) handler {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)+100))
		fmt.Fprint(w, text)
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	block := bytes.Repeat([]byte(fetchtest.Canary), 4096)
	fmt.Fprint(w, `{"SecretString":"`)
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	fmt.Fprint(z, `{"SecretString":"`)
	for range 12 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
}

// FAULTS 87, 88, 90
func TestFaults(t *testing.T) {
	f := newFake(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request followed the redirect, Authorization of %d bytes", len(r.Header.Get("Authorization")))
	}))
	defer elsewhere.Close()
	redirect := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", elsewhere.URL+"/"+fetchtest.Canary)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
	env := f.env()
	env.Root = fetchtest.Root(t, map[string][]byte{"a": []byte("ciphertext")})
	for _, c := range []struct {
		why  string
		do   handler
		kind error // nil: a failure for good that is none of the sentinels
		text string
	}{
		{"a page for 404 is another server's", status(404), nil, "status 404"},
		{"a proxy that wants a login", status(403), fetch.ErrDenied, "status 403"},
		{"401", status(401), fetch.ErrDenied, "status 401"},
		{"429", status(429), fetch.ErrUnavailable, "status 429"},
		{"500", status(500), fetch.ErrUnavailable, "status 500"},
		{"503", status(503), fetch.ErrUnavailable, "status 503"},
		{"throttled", awsError(400, "ThrottlingException"), fetch.ErrUnavailable, "AWS is busy"},
		{"AWS's own trouble", awsError(500, "InternalServiceError"), fetch.ErrUnavailable, "AWS cannot answer now"},
		{"an error that nobody knows", awsError(400, "SomethingNew"), nil, "status 400"},
		{"bad credentials", awsError(400, "UnrecognizedClientException"), fetch.ErrDenied, "does not accept the credentials"},
		{"an old session", awsError(400, "ExpiredTokenException"), fetch.ErrDenied, "expired"},
		{"a bad signature quotes the request", awsError(403, "InvalidSignatureException"), fetch.ErrDenied, "does not accept the credentials"},
		{"a redirect", redirect, fetch.ErrDenied, "redirects"},
		{"a login page with 200", body("<html>" + fetchtest.Canary), nil, "cannot be understood"},
		{"no value in the answer", body("{}"), nil, "is this the address of the store?"},
		{"an empty answer", body(""), nil, ""},
		{"a body cut off", cutOff(`{"SecretString":"` + fetchtest.Canary), fetch.ErrUnavailable, "broke off"},
		{"a body without an end", endless, nil, "too large"},
		{"a gzip bomb", bomb, nil, ""},
		{"the connection closes", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fetch.ErrUnavailable, "broke off"},
	} {
		f.fault = func(w http.ResponseWriter, r *http.Request, _ string) bool { c.do(w, r); return true }
		for _, kind := range []fetch.Kind{aws.SecretsManager(), aws.ParameterStore(), aws.KMS()} {
			src, err := kind.Open(t.Context(), env)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := src.Read(t.Context(), "a", nil)
			t.Run(c.why+" "+kind.Scheme, func(t *testing.T) {
				if doc.Data != nil {
					t.Error("a document and an error")
				}
				if len(c.text) > 0 || c.kind != nil {
					wantError(t, err, c.kind, c.text)
				}
				if err == nil || len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\r\n") {
					t.Errorf("error of %d bytes: %v", len(fmt.Sprint(err)), err)
				}
				fetchtest.NoCanary(t, err)
				fetchtest.ShowsNothing(t, err, credentials...)
			})
		}
	}
}

// Nobody listens.
func TestNoServer(t *testing.T) {
	f := newFake(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	_, err := open(t, aws.SecretsManager(), f.env()).Read(t.Context(), "a", nil)
	wantError(t, err, fetch.ErrUnavailable, "127.0.0.1:1: connection refused")
}

// A server that answers a byte now and then does not keep us. FAULTS 90
func TestSlowServer(t *testing.T) {
	f := newFake(t)
	f.fault = func(w http.ResponseWriter, r *http.Request, _ string) bool {
		for r.Context().Err() == nil {
			fmt.Fprint(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
		}
		return true
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := open(t, aws.SecretsManager(), f.env()).Read(ctx, "a", nil)
	wantError(t, err, context.DeadlineExceeded, "")
}

// The Resolver tries again, not the SDK, and after as long as the server asks. FAULTS 87
func TestRetries(t *testing.T) {
	f := newFake(t)
	f.secrets["a"], f.secrets["b"] = fakeSecret{text: "1"}, fakeSecret{text: "2"}
	request := func(name string) fetch.Request {
		return fetch.Request{Name: name, Ref: fetch.Ref{Scheme: "aws-sm", Path: name}}
	}
	for _, c := range []struct {
		why   string
		fail  int // that many calls
		how   handler
		calls int
		ok    bool
	}{
		{"busy once", 1, awsError(400, "ThrottlingException"), 2, true},
		{"down for good", 9, status(503), 3, false},
		{"denied is asked once", 9, awsError(403, "UnrecognizedClientException"), 1, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			left := c.fail
			f.calls = nil
			f.fault = func(w http.ResponseWriter, r *http.Request, _ string) bool {
				if left--; left < 0 {
					return false
				}
				c.how(w, r)
				return true
			}
			r := fetch.NewResolver(f.env(), aws.SecretsManager())
			defer r.Close()
			secrets, err := r.Resolve(t.Context(), []fetch.Request{request("a"), request("b")})
			if (err == nil) != c.ok || (len(secrets) == 2) != c.ok || len(f.ops()) != c.calls {
				t.Errorf("%d secrets, %d calls, error %v", len(secrets), len(f.ops()), err)
			}
			fetchtest.ShowsNothing(t, err, credentials...)
		})
	}
	f.fault = func(w http.ResponseWriter, r *http.Request, _ string) bool {
		w.Header().Set("Retry-After", "7")
		awsError(503, "ServiceUnavailable")(w, r)
		return true
	}
	_, err := open(t, aws.SecretsManager(), f.env()).Read(t.Context(), "a", nil)
	var later fetch.RetryAfterError
	if !errors.As(err, &later) || later.RetryAfter() != 7*time.Second {
		t.Errorf("Retry-After is lost: %v", err)
	}
}

// What a hostile server sends for an error shows nowhere, and neither does what it was sent.
func FuzzFailures(f *testing.F) {
	f.Add(400, "AccessDeniedException", `User: x is not authorized to perform: kms:Decrypt`, false)
	f.Add(403, "InvalidSignatureException", "The canonical string should have been", false)
	f.Add(500, "", "\xff\x00", true)
	f.Add(200, "", `{"SecretString":`, true)
	f.Add(302, "Location", "http://169.254.169.254/", true)
	fake := newFake(f)
	env, _ := job(fake.env(), jobToken, nil)
	sources := []fetch.ManyReader{open(f, aws.SecretsManager(), env)}
	env.Config = map[string]any{"role": roleARN}
	sources = append(sources, open(f, aws.SecretsManager(), env))
	f.Fuzz(func(t *testing.T, code int, name, text string, raw bool) {
		if code < 200 || code > 599 {
			code = 200 + (code&0x7fffffff)%400
		}
		fake.fault = func(w http.ResponseWriter, r *http.Request, _ string) bool {
			all := fmt.Sprintf("%s %s %v %v %s", text, fetchtest.Canary, r.Header, r.Form, staticValue)
			w.Header().Set("X-Amzn-Errortype", strings.Map(plain, name+r.Header.Get("Authorization")))
			w.Header().Set("X-Amzn-Requestid", fetchtest.Canary)
			w.Header().Set("Location", "/"+strings.Map(plain, all))
			w.WriteHeader(code)
			if raw {
				fmt.Fprint(w, all)
				return true
			}
			fmt.Fprintf(w, `{"__type":%q,"message":%q,"Error":{"Code":%q}}`, name+fetchtest.Canary, all, name)
			return true
		}
		for _, src := range sources {
			for _, a := range src.ReadMany(t.Context(), []fetch.Query{{Path: "a"}, {Path: "b"}, {Path: "c*"}}) {
				if a.Err == nil {
					t.Errorf("no error, %d bytes", len(a.Document.Data))
				}
				fetchtest.NoCanary(t, a.Err)
				fetchtest.ShowsNothing(t, a.Err, credentials...)
			}
		}
	})
}

// plain keeps what can stand in a header.
func plain(r rune) rune {
	if r < ' ' || r > '~' {
		return '.'
	}
	return r
}
