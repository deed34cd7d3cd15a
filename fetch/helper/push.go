package helper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

var _ fetch.Pusher = (*source)(nil)

// Push sends everything in one request. A scheme that cannot be written to answers
// with an error.
func (s *source) Push(ctx context.Context, p fetch.Push) ([]fetch.Change, error) {
	if !s.session.pushes {
		return nil, fmt.Errorf("helper %s: cannot write: install matching versions", s.session.o.Name)
	}
	r := wire.Request{Type: wire.Push, Path: &p.Path, Params: p.Params, Values: map[string][]byte{}, Remove: p.Remove, Plan: p.Plan, Prune: p.Prune}
	for name, value := range p.Values {
		r.Values[name] = value.Reveal()
	}
	d, err := s.ask(ctx, r)
	var bad requestError
	switch {
	case errors.As(err, &bad):
		return nil, fmt.Errorf("helper %s: the values together are too much for one request, which is %w: push them in parts with --only", s.session.o.Name, bad.error)
	case err != nil:
		return nil, err
	}
	return s.changes(d)
}

// changes reads the answer. Its words are shown to people.
func (s *source) changes(d fetch.Document) ([]fetch.Change, error) {
	var changes []fetch.Change
	if json.Unmarshal(d.Data, &changes) != nil {
		return nil, fmt.Errorf("helper %s: answered a push with something else than changes", s.session.o.Name)
	}
	for i, c := range changes {
		changes[i] = fetch.Change{Name: wire.Clean(c.Name), Do: wire.Clean(c.Do), Note: wire.Clean(c.Note)}
	}
	return changes, nil
}
