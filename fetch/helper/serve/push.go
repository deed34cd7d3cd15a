package serve

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

// startPush answers a push, without keeping run from its input.
func (s *server) startPush(r wire.Request) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.mu.Lock()
	s.running[r.ID] = cancel
	s.mu.Unlock()
	s.reads.Go(func() {
		var a fetch.Answer
		var changes []fetch.Change
		a.Err = guard(r.Scheme, func() (err error) { changes, err = s.push(ctx, r); return err })
		if a.Err == nil {
			a.Document.Format = fetch.JSON
			a.Document.Data, a.Err = json.Marshal(changes)
		}
		s.answer(r.ID, a)
	})
}

func (s *server) push(ctx context.Context, r wire.Request) ([]fetch.Change, error) {
	st, err := s.source([]wire.Request{r})
	if err != nil {
		return nil, err
	}
	pusher, ok := st.src.(fetch.Pusher)
	if !ok {
		return nil, fmt.Errorf("the store %s cannot be written to", r.Scheme)
	}
	p := fetch.Push{Path: path(r), Params: r.Params, Values: map[string]fetch.Value{}, Remove: r.Remove, Plan: r.Plan, Prune: r.Prune}
	for name, value := range r.Values {
		p.Values[name] = fetch.NewValue(value)
		clear(value)
	}
	return pusher.Push(ctx, p)
}
