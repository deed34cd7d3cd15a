package fetch

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// A Resolver reads secrets from the stores it was given. It is safe for
// concurrent use. Close it when no more secrets are wanted.
type Resolver struct {
	env      Env
	kinds    map[string]Kind // by scheme and alias
	list     []Kind
	fallback func(scheme string) (Kind, bool)
	limits   limits
	progress func(Progress)

	mu      sync.Mutex
	sources map[sourceKey]*openSource
}

// limits bound one Resolve. They are the same for everybody; tests shorten them.
type limits struct {
	try, total, firstWait time.Duration
	tries                 uint
	parallel              int
}

// The time that one try and all of a Resolve have unless [Resolver.SetPatience] says otherwise.
const (
	DefaultTry   = 10 * time.Second
	DefaultTotal = 30 * time.Second
)

// The figures of FAULTS 87, 90 and 95: patience that a CI job has, and a load
// that one store does not mind.
var standardLimits = limits{
	try:       DefaultTry,
	total:     DefaultTotal,
	firstWait: 300 * time.Millisecond,
	tries:     3,
	parallel:  8,
}

// NewResolver returns a Resolver over kinds. It opens nothing.
//
// The Config of env is the whole stores: block of the configuration; each store
// is given its own part of it, by scheme. The Trusted of env is not used: every
// Request says its own. Two kinds with one scheme or alias are a mistake in the
// program and panic.
func NewResolver(env Env, kinds ...Kind) *Resolver {
	if env.Getenv == nil {
		env.Getenv = func(string) string { return "" }
	}
	if env.Warn == nil {
		env.Warn = func(string) {}
	}
	r := &Resolver{env: env, kinds: map[string]Kind{}, limits: standardLimits, sources: map[sourceKey]*openSource{}}
	for _, k := range kinds {
		r.list = append(r.list, k)
		for _, name := range append([]string{k.Scheme}, k.Aliases...) {
			if _, taken := r.kinds[name]; taken {
				panic("fetch: two stores for scheme " + name)
			}
			r.kinds[name] = k
		}
	}
	return r
}

// SetFallback names the function that is asked for a Kind when no store of the
// table has the scheme (maskrun-store-NAME on PATH). Call it before Resolve.
func (r *Resolver) SetFallback(find func(scheme string) (Kind, bool)) { r.fallback = find }

// SetPatience replaces the time that all of a Resolve has, and that of one try.
// Zero keeps what is set: 30 and 10 seconds. Call it before Resolve.
func (r *Resolver) SetPatience(total, try time.Duration) {
	if total > 0 {
		r.limits.total = total
	}
	if try > 0 {
		r.limits.try = try
	}
}

// Kinds returns the table, in the order given to NewResolver.
func (r *Resolver) Kinds() []Kind { return slices.Clone(r.list) }

// Schemes returns every scheme and alias of the table, sorted: what [LooksLikeRef] wants.
func (r *Resolver) Schemes() []string { return slices.Sorted(maps.Keys(r.kinds)) }

// Lookup returns the Kind that serves a scheme or alias, asking the fallback last.
func (r *Resolver) Lookup(scheme string) (Kind, bool) {
	if k, ok := r.kinds[scheme]; ok {
		return k, true
	}
	if r.fallback != nil {
		return r.fallback(scheme)
	}
	return Kind{}, false
}

// Resolve reads all requests and returns their secrets in the same order.
//
// Requests for the same document share one read, at most 8 reads of one store run
// at once, and a [ManyReader] is asked for all its documents together. A read has 10
// seconds and is tried up to 3 times while it fails with [ErrUnavailable], after
// waits that are jittered and as long as the store asks for; everything has 30 seconds
// ([Resolver.SetPatience]). A request that is optional or has a default is
// forgiven [ErrNotFound] alone: it yields its default as written, or is left
// out. A store that cannot be opened is never forgiven.
//
// When anything fails Resolve returns no secrets, having wiped those it had
// read, and an [*Errors] that lists every failure.
func (r *Resolver) Resolve(ctx context.Context, reqs []Request) ([]Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, r.limits.total)
	defer cancel()
	return r.resolve(ctx, reqs)
}
