package gcp

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// A failure is an error in our words, with what the Retry-After header asked for.
type failure struct {
	err   error
	after time.Duration
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// RetryAfter makes a failure a [fetch.RetryAfterError].
func (f *failure) RetryAfter() time.Duration { return f.after }

// explain says in our words what a server answered. Of its own only the
// status of Google's error model counts, and the presence of known words.
func explain(c call, a *httpx.Answer, err error) error {
	var status *httpx.StatusError
	if !errors.As(err, &status) || a == nil {
		return err
	}
	var body struct {
		Error struct {
			Status  string
			Message string
			Details []struct{ Reason string }
		}
	}
	isGoogle := json.Unmarshal(a.Body, &body) == nil
	clear(a.Body)
	text, kind := "", error(nil)
	switch body.Error.Status {
	case "NOT_FOUND":
		text, kind = "there is no such secret, version or key", fetch.ErrNotFound
	case "PERMISSION_DENIED":
		text, kind = fmt.Sprintf("the identity lacks %s on %s", c.permission, c.resource), fetch.ErrDenied
		for _, d := range body.Error.Details {
			if d.Reason == "SERVICE_DISABLED" {
				text = "the project has not enabled the API of the store"
			}
		}
	case "UNAUTHENTICATED":
		text, kind = "Google does not accept the credentials", fetch.StoreWide(fetch.ErrDenied)
	case "FAILED_PRECONDITION":
		text, kind = "it is disabled or destroyed", fetch.ErrDenied
	case "INVALID_ARGUMENT":
		text = "Google does not take the reference, or cannot decrypt the file (another key or ?aad=)"
	case "RESOURCE_EXHAUSTED":
		text, kind = "Google is busy, or the quota is used up", fetch.ErrUnavailable
	case "UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "ABORTED":
		text, kind = "Google cannot answer now", fetch.ErrUnavailable
	default:
		return unknown(status, isGoogle)
	}
	if kind == nil {
		return errors.New(text)
	}
	return &failure{fmt.Errorf("%s: %w", text, kind), status.RetryAfter()}
}

// unknown is the error for a status without a word that Google uses. A bare 404 is another server's.
func unknown(status *httpx.StatusError, isGoogle bool) error {
	if errors.Is(status, fetch.ErrNotFound) || !isGoogle && !errors.Is(status, fetch.ErrUnavailable) && !errors.Is(status, fetch.ErrDenied) {
		return fmt.Errorf("status %d, and an answer that Google does not give: is this the address of the store?", status.Code)
	}
	return status
}
