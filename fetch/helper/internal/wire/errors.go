package wire

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/maskrun/maskrun/fetch"
)

// kinds pairs the kinds of an error with the sentinels of fetch.
var kinds = []struct {
	kind string
	err  error
}{
	{NotFound, fetch.ErrNotFound},
	{Denied, fetch.ErrDenied},
	{Unavailable, fetch.ErrUnavailable},
}

// FromError makes the answer that carries err.
func FromError(id uint64, err error) Answer {
	a := Answer{Type: Error, ID: id, Kind: Invalid, Message: Clean(err.Error()), Store: fetch.IsStoreWide(err)}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			a.Kind = k.kind
			break
		}
	}
	var later fetch.RetryAfterError
	if a.Kind == Unavailable && errors.As(err, &later) {
		a.RetryAfter = int64((later.RetryAfter() + time.Second - 1) / time.Second)
	}
	return a
}

// Err gives the error that a carries: its message, cleaned, wrapping the sentinel of its
// kind, and a [fetch.StoreError] if it says that it is one.
func (a Answer) Err() error {
	if a.Store {
		return fetch.StoreWide(a.err())
	}
	return a.err()
}

func (a Answer) err() error {
	msg := Clean(a.Message)
	for _, k := range kinds {
		if a.Kind == k.kind {
			return a.retryable(&answerError{msg: msg, err: k.err})
		}
	}
	if msg == "" {
		msg = "failed without a message"
	}
	return errors.New(msg)
}

// An answerError says msg, and is err. A message that came over the pipe
// mostly ends in the sentinel's text already, so %w would say it twice.
type answerError struct {
	msg string
	err error
}

func (e *answerError) Error() string {
	if e.msg == "" {
		return e.err.Error()
	}
	return e.msg
}

func (e *answerError) Unwrap() error { return e.err }

// retryable adds the time after which the store wants to be asked again.
func (a Answer) retryable(err error) error {
	if a.Kind != Unavailable || a.RetryAfter <= 0 || a.RetryAfter > int64(time.Hour/time.Second) {
		return err
	}
	return laterError{err, time.Duration(a.RetryAfter) * time.Second}
}

// A laterError is a [fetch.RetryAfterError].
type laterError struct {
	error
	after time.Duration
}

func (e laterError) RetryAfter() time.Duration { return e.after }
func (e laterError) Unwrap() error             { return e.error }

// Clean makes s fit for one line of a message: control and format characters and
// invalid UTF-8 escaped, at most MaxText bytes.
func Clean(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		part := escape(s[i:i+n], r)
		if b.Len()+len(part) > MaxText-len("…") {
			return b.String() + "…"
		}
		b.WriteString(part)
		i += n
	}
	return b.String()
}

func escape(raw string, r rune) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case r == '\n':
		return `\n`
	case r < 0x80 && !unicode.IsPrint(r):
		return fmt.Sprintf(`\x%02x`, r)
	case !unicode.IsPrint(r):
		return fmt.Sprintf(`\u%04x`, r)
	}
	return raw
}
