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

// FAULTS 95: at most eight at once of each store, and one store does not wait for another.
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
		if err != nil || most.Load() != 24 || time.Since(start) > 3*time.Second {
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

// later is an error of a store that says when to come back.
type later struct {
	error
	after time.Duration
}

func (l later) RetryAfter() time.Duration { return l.after }
func (l later) Unwrap() error             { return l.error }

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
		{"Retry-After", func(context.Context, string, int) (Document, error) {
			return Document{}, later{ErrUnavailable, 7 * time.Second}
		}, 14 * time.Second, 15 * time.Second},
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

// FAULTS 87: the wait that a store asks for is kept, and not begun when there is no time for it.
func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		why          string
		after        time.Duration
		total, takes time.Duration
		reads        int
		fails        bool
	}{
		{"as long as asked", 7 * time.Second, 0, 7 * time.Second, 2, false},
		{"longer than there is time", time.Hour, 0, 0, 1, true},
		{"with more patience", 2 * time.Minute, 10 * time.Minute, 2 * time.Minute, 2, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newFake(func(_ context.Context, _ string, nth int) (Document, error) {
					if nth == 1 {
						return Document{}, later{ErrUnavailable, c.after}
					}
					return Document{Data: []byte("x")}, nil
				})
				r := NewResolver(Env{}, store.kind("s"))
				r.SetPatience(c.total, 0)
				start := time.Now()
				_, err := r.Resolve(t.Context(), requests(t, "s://a"))
				if store.reads["a?"] != c.reads || c.fails != (err != nil) || time.Since(start) != c.takes {
					t.Errorf("%d reads in %s, error %v", store.reads["a?"], time.Since(start), err)
				}
			})
		})
	}
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newFake(func(ctx context.Context, _ string, _ int) (Document, error) {
			<-ctx.Done()
			return Document{}, ctx.Err()
		})
		r := NewResolver(Env{}, store.kind("s"))
		r.SetPatience(5*time.Second, time.Second)
		start := time.Now()
		_, err := r.Resolve(t.Context(), requests(t, "s://a"))
		if took := time.Since(start); !errors.Is(err, ErrUnavailable) || took < 3*time.Second || took > 5*time.Second {
			t.Errorf("took %s, error %v", took, err)
		}
	})
}

// Nothing is told of what is quick, and the teller has stopped when Resolve returns.
func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := map[string]time.Duration{"quick": 900 * time.Millisecond, "slow": 2500 * time.Millisecond}
		store := newFake(func(_ context.Context, path string, _ int) (Document, error) {
			time.Sleep(takes[path])
			return Document{Data: []byte("x")}, nil
		})
		for _, c := range []struct {
			refs []string
			want string
		}{
			{[]string{"a://quick"}, "[]"},
			{[]string{"a://quick", "b://slow", "c://slow#x"}, "[{1 3 [b c]} {1 3 [b c]}]"},
		} {
			told := []Progress{} // not guarded: the race detector watches
			r := NewResolver(Env{}, store.kind("a"), store.kind("b"), store.kind("c"))
			r.SetProgress(func(p Progress) { told = append(told, p) })
			_, _ = r.Resolve(t.Context(), requests(t, c.refs...))
			if got := fmt.Sprint(told); got != c.want {
				t.Errorf("told %s, want %s", got, c.want)
			}
		}
	})
}
