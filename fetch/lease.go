package fetch

import (
	"context"
	"errors"
	"fmt"
)

// Renew prolongs the lease of a secret that r has resolved, for as much time as it had, and
// says what it got. It can until [Resolver.Close]. A secret without a lease, and one that no
// open store issued, wraps [ErrNotFound].
func (r *Resolver) Renew(ctx context.Context, s Secret) (Lease, error) {
	var got Lease
	err := r.withLease(s, func(k LeaseKeeper) (err error) { got, err = k.Renew(ctx, *s.Lease); return err })
	return got, err
}

// Revoke gives the lease of a secret back, after which its value is of no use. Errors are
// those of Renew.
func (r *Resolver) Revoke(ctx context.Context, s Secret) error {
	return r.withLease(s, func(k LeaseKeeper) error { return k.Revoke(ctx, *s.Lease) })
}

// withLease asks the open stores of the secret's scheme, of which one issued the lease:
// that for trusted references, or the other.
func (r *Resolver) withLease(s Secret, do func(LeaseKeeper) error) error {
	if s.Lease == nil {
		return fmt.Errorf("%s has no lease: %w", s.Name, ErrNotFound)
	}
	kind, _ := r.Lookup(s.Ref.Scheme)
	for _, trusted := range []bool{true, false} {
		keeper, ok := r.opened(sourceKey{kind.Scheme, trusted}).(LeaseKeeper)
		if !ok {
			continue
		}
		if err := guard(func() error { return do(keeper) }); !errors.Is(err, ErrNotFound) {
			if err != nil {
				err = fmt.Errorf("lease of %s: %w", s.Name, err)
			}
			return err
		}
	}
	return fmt.Errorf("lease of %s: no store that is open issued it: %w", s.Name, ErrNotFound)
}

// opened is the store for key if it is open, else nil.
func (r *Resolver) opened(key sourceKey) Source {
	r.mu.Lock()
	o := r.sources[key]
	r.mu.Unlock()
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.src
}
