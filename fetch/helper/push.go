package helper

import (
	"context"
	"encoding/json"
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
	ctx, cancel := s.patience(ctx)
	defer cancel()
	c := s.session.calling(1)[0]
	r := wire.Request{
		Type: wire.Push, ID: c.id, Scheme: s.scheme, Path: &p.Path, Params: p.Params, Root: s.root,
		Trusted: s.env.Trusted, ConfigTrusted: s.env.ConfigTrusted, Config: s.env.Config,
		Values: map[string][]byte{}, Remove: p.Remove, Plan: p.Plan, Prune: p.Prune,
	}
	for name, value := range p.Values {
		r.Values[name] = value.Reveal()
	}
	line, err := wire.Line(r)
	if err != nil {
		s.session.forget(c.id, false)
		return nil, fmt.Errorf("helper %s: the values together are too much for one request, which is %w: push them in parts with --only", s.session.o.Name, err)
	}
	if err := s.session.send(ctx, line); err != nil {
		s.session.forget(c.id, false)
		return nil, s.explain(ctx, err)
	}
	d, err := s.await(ctx, c)
	if err != nil {
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
