package fetch

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// FAULTS 95: at most eight at once, whatever the number of stores.
func TestParallelism(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		store := newFake(func(ctx context.Context, _ string, _ int) (Document, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return Document{Data: []byte("x")}, nil
		})
		var reqs []Request
		for i := range 50 {
			reqs = append(reqs, request(t, "N", fmt.Sprintf("%s://%d", []string{"a", "b", "c"}[i%3], i)))
		}
		start := time.Now()
		_, err := NewResolver(Env{}, store.kind("a"), store.kind("b"), store.kind("c")).Resolve(t.Context(), reqs)
		if err != nil || most.Load() != 8 || time.Since(start) > 8*time.Second {
			t.Errorf("%d at once, took %s, error %v", most.Load(), time.Since(start), err)
		}
	})
}

// FAULTS 87.
func TestRetries(t *testing.T) {
	unavailable := fmt.Errorf("status 503: %w", ErrUnavailable)
	for _, c := range []struct {
		why   string
		err   error
		until int // the try that succeeds
		reads int
		fails bool
	}{
		{"good at once", nil, 1, 1, false},
		{"good at the third", unavailable, 3, 3, false},
		{"three are all", unavailable, 9, 3, true},
		{"denied", ErrDenied, 2, 1, true},
		{"not found", ErrNotFound, 2, 1, true},
		{"anything else", errors.New("odd"), 2, 1, true},
		{"a try that takes too long", context.DeadlineExceeded, 2, 2, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newFake(func(ctx context.Context, _ string, nth int) (Document, error) {
					if nth >= c.until {
						return Document{Data: []byte("x")}, nil
					}
					if c.err == context.DeadlineExceeded {
						<-ctx.Done()
						return Document{}, fmt.Errorf("get: %w", ctx.Err())
					}
					return Document{}, c.err
				})
				_, err := NewResolver(Env{}, store.kind("s")).Resolve(t.Context(), requests(t, "s://d"))
				if (err != nil) != c.fails || store.reads["d?"] != c.reads {
					t.Errorf("%d reads, error %v", store.reads["d?"], err)
				}
			})
		})
	}
}

type later struct{ error }

func (later) RetryAfter() time.Duration { return 7 * time.Second }
func (l later) Unwrap() error           { return l.error }

// FAULTS 87: Retry-After is honoured, the whole is bounded.
func TestTimes(t *testing.T) {
	hang := func(ctx context.Context, _ string, _ int) (Document, error) {
		<-ctx.Done()
		return Document{}, ctx.Err()
	}
	for _, c := range []struct {
		why      string
		answer   func(context.Context, string, int) (Document, error)
		min, max time.Duration
	}{
		{"back-off", func(context.Context, string, int) (Document, error) { return Document{}, ErrUnavailable }, 100 * time.Millisecond, 3 * time.Second},
		{"Retry-After", func(context.Context, string, int) (Document, error) { return Document{}, later{ErrUnavailable} }, 14 * time.Second, 15 * time.Second},
		{"hanging", hang, 29 * time.Second, 31 * time.Second},
	} {
		t.Run(c.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := NewResolver(Env{}, newFake(c.answer).kind("s")).Resolve(t.Context(), requests(t, "s://d"))
				if d := time.Since(start); err == nil || d < c.min || d > c.max {
					t.Errorf("took %s, error %v", d, err)
				}
				if !errors.Is(err, ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// FAULTS 45: cancelling ends it at once, and is told.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFake(func(ctx context.Context, _ string, _ int) (Document, error) {
			<-ctx.Done()
			return Document{}, ctx.Err()
		})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := NewResolver(Env{}, store.kind("s")).Resolve(ctx, requests(t, "s://a", "s://b"))
		if !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("took %s, error %v", time.Since(start), err)
		}
	})
}
