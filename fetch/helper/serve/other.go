package serve

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

// others are the requests that are no reads, by type. Each is answered by itself.
var others = map[string]func(context.Context, fetch.Source, wire.Request) (fetch.Document, error){
	wire.Push:   push,
	wire.Renew:  renew,
	wire.Revoke: revoke,
}

// startOther answers one of them, without keeping run from its input.
func (s *server) startOther(r wire.Request) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.mu.Lock()
	s.running[r.ID] = cancel
	s.mu.Unlock()
	s.reads.Go(func() {
		var a fetch.Answer
		st, err := s.source([]wire.Request{r})
		if a.Err = err; err == nil {
			a.Err = guard(r.Scheme, func() (err error) {
				a.Document, err = others[r.Type](ctx, st.src, r)
				return err
			})
		}
		s.answer(r.ID, a)
	})
}

func push(ctx context.Context, src fetch.Source, r wire.Request) (fetch.Document, error) {
	pusher, ok := src.(fetch.Pusher)
	if !ok {
		return fetch.Document{}, fmt.Errorf("the store %s cannot be written to", r.Scheme)
	}
	p := fetch.Push{Path: path(r), Params: r.Params, Values: map[string]fetch.Value{}, Remove: r.Remove, Plan: r.Plan, Prune: r.Prune}
	for name, value := range r.Values {
		p.Values[name] = fetch.NewValue(value)
		clear(value)
	}
	changes, err := pusher.Push(ctx, p)
	if err != nil {
		return fetch.Document{}, err
	}
	data, err := json.Marshal(changes)
	return fetch.Document{Data: data, Format: fetch.JSON}, err
}

func renew(ctx context.Context, src fetch.Source, r wire.Request) (fetch.Document, error) {
	keeper, lease, err := leaseOf(src, r)
	if err != nil {
		return fetch.Document{}, err
	}
	renewed, err := keeper.Renew(ctx, lease)
	return fetch.Document{Lease: &renewed}, err
}

func revoke(ctx context.Context, src fetch.Source, r wire.Request) (fetch.Document, error) {
	keeper, lease, err := leaseOf(src, r)
	if err != nil {
		return fetch.Document{}, err
	}
	return fetch.Document{}, keeper.Revoke(ctx, lease)
}

// leaseOf gives the lease that r is about, and who keeps it.
func leaseOf(src fetch.Source, r wire.Request) (fetch.LeaseKeeper, fetch.Lease, error) {
	keeper, ok := src.(fetch.LeaseKeeper)
	if !ok {
		return nil, fetch.Lease{}, fmt.Errorf("the store %s issues no leases", r.Scheme)
	}
	lease, err := r.Lease.Lease()
	if err != nil || lease == nil {
		return nil, fetch.Lease{}, fmt.Errorf("%s without a lease", r.Type)
	}
	return keeper, *lease, nil
}
