package helper

import (
	"context"
	"fmt"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

var _ fetch.LeaseKeeper = (*source)(nil)

// Renew has the helper prolong a lease. It can as long as it runs: the store knows
// the leases that it issued.
func (s *source) Renew(ctx context.Context, lease fetch.Lease) (fetch.Lease, error) {
	d, err := s.keep(ctx, wire.Renew, lease)
	switch {
	case err != nil:
		return lease, err
	case d.Lease == nil:
		return lease, fmt.Errorf("helper %s: answered without the lease that it prolonged", s.session.o.Name)
	}
	return *d.Lease, nil
}

// Revoke has the helper give a lease back.
func (s *source) Revoke(ctx context.Context, lease fetch.Lease) error {
	_, err := s.keep(ctx, wire.Revoke, lease)
	return err
}

func (s *source) keep(ctx context.Context, what string, lease fetch.Lease) (fetch.Document, error) {
	if !s.session.leases {
		return fetch.Document{}, fmt.Errorf("helper %s: cannot prolong leases or give them back: install matching versions", s.session.o.Name)
	}
	d, err := s.ask(ctx, wire.Request{Type: what, Lease: wire.FromLease(lease)})
	if bad, ok := err.(requestError); ok {
		return d, fmt.Errorf("helper %s: the request is %w", s.session.o.Name, bad.error)
	}
	return d, err
}
