package helper

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

// A source is one scheme of a helper. The queries of a ReadMany leave in one
// piece, so that a store at the other end that can read many at once does.
type source struct {
	session *session
	scheme  string
	root    string
	env     fetch.Env
}

var _ fetch.ManyReader = (*source)(nil)

func (s *source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	a := s.ReadMany(ctx, []fetch.Query{{Path: path, Params: params}})[0]
	return a.Document, a.Err
}

func (s *source) ReadMany(ctx context.Context, queries []fetch.Query) []fetch.Answer {
	ctx, cancel := s.patience(ctx)
	defer cancel()
	answers := make([]fetch.Answer, len(queries))
	calls := s.session.calling(len(queries))
	lines, err := s.lines(calls, queries)
	if err == nil {
		err = s.session.send(ctx, lines)
	}
	for i, c := range calls {
		if err != nil {
			s.session.forget(c.id, false)
			answers[i].Err = s.explain(ctx, err)
			continue
		}
		answers[i].Document, answers[i].Err = s.await(ctx, c)
	}
	return answers
}

// patience bounds callers that have no deadline.
func (s *source) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, s.session.o.Answer, errNoAnswer)
}

// lines gives the requests for queries, one line each, in one piece.
func (s *source) lines(calls []call, queries []fetch.Query) ([]byte, error) {
	var all []byte
	for i, q := range queries {
		line, err := s.line(calls[i], wire.Request{Type: wire.Read, Path: &q.Path, Params: q.Params, More: i < len(queries)-1})
		if err != nil {
			return nil, fmt.Errorf("helper %s: the request is %w", s.session.o.Name, err)
		}
		all = append(all, line...)
	}
	return all, nil
}

// line gives one request, of this scheme and in its world.
func (s *source) line(c call, r wire.Request) ([]byte, error) {
	r.ID, r.Scheme, r.Root = c.id, s.scheme, s.root
	r.Trusted, r.ConfigTrusted, r.Config = s.env.Trusted, s.env.ConfigTrusted, s.env.Config
	return wire.Line(r)
}

// A requestError says why a request cannot be a line.
type requestError struct{ error }

// ask makes one request that is no read, and waits for its answer.
func (s *source) ask(ctx context.Context, r wire.Request) (fetch.Document, error) {
	ctx, cancel := s.patience(ctx)
	defer cancel()
	c := s.session.calling(1)[0]
	line, err := s.line(c, r)
	if err != nil {
		s.session.forget(c.id, false)
		return fetch.Document{}, requestError{err}
	}
	if err := s.session.send(ctx, line); err != nil {
		s.session.forget(c.id, false)
		return fetch.Document{}, s.explain(ctx, err)
	}
	return s.await(ctx, c)
}

// await gives what the helper answers to c.
func (s *source) await(ctx context.Context, c call) (fetch.Document, error) {
	select {
	case a := <-c.answer:
		return s.result(a)
	case <-s.session.broken:
	case <-ctx.Done():
	}
	select { // an answer that came before the end counts
	case a := <-c.answer:
		return s.result(a)
	default:
	}
	s.session.forget(c.id, true)
	if ctx.Err() != nil {
		return fetch.Document{}, s.explain(ctx, ctx.Err())
	}
	return fetch.Document{}, s.session.failure()
}

func (s *source) result(a wire.Answer) (fetch.Document, error) {
	if a.Type == wire.Error {
		return fetch.Document{}, a.Err()
	}
	d, err := a.Document()
	if err != nil {
		return fetch.Document{}, fmt.Errorf("helper %s: answered with %w", s.session.o.Name, err)
	}
	return d, nil
}

var errNoAnswer = errors.New("no answer in time")

// explain makes the error of a context that ended say who was being waited for.
func (s *source) explain(ctx context.Context, err error) error {
	switch {
	case ctx.Err() == nil:
		return err
	case errors.Is(context.Cause(ctx), errNoAnswer):
		return fmt.Errorf("helper %s: no answer within %v: %w", s.session.o.Name, s.session.o.Answer, fetch.ErrUnavailable)
	}
	return fmt.Errorf("helper %s: no answer: %w", s.session.o.Name, ctx.Err())
}

// A call is a request under way.
type call struct {
	id     uint64
	answer chan wire.Answer // holds one, so that listen never waits
}

// calling registers n calls with ids in a row.
func (s *session) calling(n int) []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]call, n)
	for i := range calls {
		s.last++
		calls[i] = call{id: s.last, answer: make(chan wire.Answer, 1)}
		s.calls[s.last] = calls[i].answer
	}
	return calls
}

// forget ends a call nobody waits for any more. If it was sent, its answer may
// still come and is passed over, and the helper is told, as far as that is possible at once.
func (s *session) forget(id uint64, sent bool) {
	s.mu.Lock()
	_, waiting := s.calls[id]
	if waiting && sent {
		s.calls[id] = nil
	} else {
		delete(s.calls, id)
	}
	s.mu.Unlock()
	if !waiting || !sent {
		return
	}
	if line, err := wire.Line(wire.Request{Type: wire.Cancel, ID: id}); err == nil {
		select {
		case s.out <- line:
		case <-s.broken:
		case <-time.After(10 * time.Millisecond): // the pipe is full
		}
	}
}
