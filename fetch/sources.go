package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// sourceKey names an open store: trusted and untrusted references never share one.
type sourceKey struct {
	scheme  string
	trusted bool
}

// openSource is a store that is being opened, is open, or failed for good.
type openSource struct {
	mu   sync.Mutex
	done bool
	src  Source
	err  error
}

// source returns the open store for key, opening it at the first call.
func (r *Resolver) source(ctx context.Context, key sourceKey, kind Kind) (Source, error) {
	r.mu.Lock()
	o := r.sources[key]
	if o == nil {
		o = &openSource{}
		r.sources[key] = o
	}
	r.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done {
		return o.src, o.err
	}
	src, err := r.open(ctx, key, kind)
	if err == nil || ctx.Err() == nil && !errors.Is(err, ErrUnavailable) {
		o.done, o.src, o.err = true, src, err
	}
	return src, err
}

// open opens a store in its own view of the world. A store that cannot be opened fails
// as a whole.
func (r *Resolver) open(ctx context.Context, key sourceKey, kind Kind) (Source, error) {
	src, err := r.openOnce(ctx, key, kind)
	return src, StoreWide(err)
}

func (r *Resolver) openOnce(ctx context.Context, key sourceKey, kind Kind) (Source, error) {
	env := r.env
	env.Trusted = key.trusted
	var err error
	if env.Config, err = storeConfig(r.env.Config, kind); err != nil {
		return nil, err
	}
	var src Source
	err = r.retry(ctx, r.limits.try, func(ctx context.Context) error {
		return guard(func() (err error) {
			src, err = kind.Open(ctx, env)
			return err
		})
	})
	switch {
	case errors.Is(err, ErrNotFound):
		// A key file or a helper is missing, not the secret: optional=true must not forgive it.
		return nil, fmt.Errorf("open the store: %s", err)
	case err == nil && src == nil:
		return nil, errors.New("open the store: it has no source")
	}
	return src, err
}

// storeConfig picks the block of one store, under its scheme or an alias.
func storeConfig(all map[string]any, kind Kind) (map[string]any, error) {
	for _, name := range append([]string{kind.Scheme}, kind.Aliases...) {
		block, ok := all[name]
		if !ok || block == nil {
			continue
		}
		config, ok := block.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("stores.%s of the configuration is not a mapping", name)
		}
		return config, nil
	}
	return nil, nil
}

// Close closes every open store that can be closed. The Resolver may be used
// again: it opens them anew.
func (r *Resolver) Close() error {
	r.mu.Lock()
	sources := r.sources
	r.sources = map[sourceKey]*openSource{}
	r.mu.Unlock()
	var errs []error
	for _, o := range sources {
		o.mu.Lock()
		if c, ok := o.src.(io.Closer); ok && o.err == nil {
			errs = append(errs, c.Close())
		}
		o.mu.Unlock()
	}
	return errors.Join(errs...)
}
