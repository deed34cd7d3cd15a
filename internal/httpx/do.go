package httpx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// An Answer is a server's, read whole. Whoever has it clears Body.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends req and reads the answer. An answer that is not 2xx comes with a
// [*StatusError], so that a store can look for a code of its own in the body; every
// other error comes as [Classify] makes it, with no answer.
func Do(c *http.Client, req *http.Request) (*Answer, error) {
	resp, err := c.Do(req)
	if err != nil {
		return nil, Classify(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		clear(body)
		return nil, fmt.Errorf("%s: %w", req.URL.Host, Classify(err))
	}
	a := &Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}
	return a, CheckStatus(resp)
}

// JSON decodes the body into v. The error tells what the answer is instead, and
// shows nothing of it: a login page with status 200 is the usual case.
func (a *Answer) JSON(v any) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		what := ""
		if kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";"); kind == "text/html" { // no other word of the server's
			what = " but a web page"
		}
		return errors.New("the answer is not the JSON that was expected" + what + ": is this the address of the store?")
	}
	return nil
}

// A StatusError is an answer other than 2xx. It wraps the sentinel of package
// fetch that fits: ErrNotFound for 404 and 410, ErrDenied for 401 and 403,
// ErrUnavailable for 408, 425, 429 and 5xx; no other status is retried.
type StatusError struct {
	Code  int
	after time.Duration
}

// CheckStatus gives the StatusError of resp, or nil for 2xx.
func CheckStatus(resp *http.Response) error {
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	return &StatusError{Code: resp.StatusCode, after: RetryAfter(resp.Header, time.Now())}
}

// Error names the status.
func (e *StatusError) Error() string {
	text := strings.TrimSpace(fmt.Sprintf("status %d %s", e.Code, http.StatusText(e.Code)))
	if kind := StatusKind(e.Code); kind != nil {
		return text + ": " + kind.Error()
	}
	return text
}

// Unwrap gives the sentinel, or nil.
func (e *StatusError) Unwrap() error { return StatusKind(e.Code) }

// RetryAfter is what the header of that name asked for, zero when it did not.
func (e *StatusError) RetryAfter() time.Duration { return e.after }

// StatusKind gives the sentinel of package fetch for a status, nil where none fits.
func StatusKind(code int) error {
	switch code {
	case http.StatusNotFound, http.StatusGone:
		return fetch.ErrNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return fetch.ErrDenied
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return fetch.ErrUnavailable
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return nil
	}
	if code >= 500 {
		return fetch.ErrUnavailable
	}
	return nil
}

// RetryAfter reads the header of that name: seconds, or a date. Zero means that
// it is missing, cannot be read, or lies in the past.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(text); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
