package fetch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// RetryAfterError is implemented by errors that wrap [ErrUnavailable] and know
// when the store wants to be asked again (the Retry-After header).
type RetryAfterError interface {
	error
	RetryAfter() time.Duration
}

// retry runs op until it succeeds, fails for good, or the tries or the time are
// used up; each try has the time of try. It returns op's last error, not the
// clock's; but when the caller calls it off, that.
func (r *Resolver) retry(ctx context.Context, try time.Duration, op func(ctx context.Context) error) error {
	var last error
	once := func() (struct{}, error) {
		last = once(ctx, try, op)
		return struct{}{}, verdict(ctx, last)
	}
	wait := backoff.NewExponentialBackOff() // jittered by half
	wait.InitialInterval = r.limits.firstWait
	_, err := backoff.Retry(ctx, once,
		backoff.WithBackOff(wait),
		backoff.WithMaxTries(r.limits.tries),
		backoff.WithMaxElapsedTime(r.limits.total))
	if err == nil || errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	return last
}

// once runs op with the time of one try. A try that ran out of it, while the
// whole has time left, makes the store unavailable.
func once(ctx context.Context, try time.Duration, op func(ctx context.Context) error) error {
	tryCtx, cancel := context.WithTimeout(ctx, try)
	defer cancel()
	err := op(tryCtx)
	if errors.Is(err, context.DeadlineExceeded) && tryCtx.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("no answer within %s: %w", try, ErrUnavailable)
	}
	return err
}

// verdict translates err for package backoff. A store that wants to be left alone
// for longer than there is time is not waited for.
func verdict(ctx context.Context, err error) error {
	var after RetryAfterError
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, ErrUnavailable):
		return backoff.Permanent(err)
	case errors.As(err, &after) && after.RetryAfter() > 0:
		if end, ok := ctx.Deadline(); ok && time.Until(end) < after.RetryAfter() {
			return backoff.Permanent(err)
		}
		return &backoff.RetryAfterError{Duration: after.RetryAfter()}
	}
	return err
}
