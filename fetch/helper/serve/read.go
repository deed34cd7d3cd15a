package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

// start answers a batch of reads, without keeping run from its input.
func (s *server) start(batch []wire.Request) {
	if len(batch) == 0 {
		return
	}
	ctxs := make([]context.Context, len(batch))
	s.mu.Lock()
	for i, r := range batch {
		ctxs[i], s.running[r.ID] = context.WithCancel(s.ctx)
	}
	s.mu.Unlock()
	s.reads.Go(func() {
		st, err := s.source(batch)
		var many fetch.ManyReader
		ok := false
		if err == nil {
			many, ok = st.src.(fetch.ManyReader)
		}
		switch {
		case err != nil:
			for _, r := range batch {
				s.answer(r.ID, fetch.Answer{Err: err})
			}
		case ok && len(batch) > 1:
			s.readMany(ctxs, st, many, batch)
		default:
			for i, r := range batch {
				s.reads.Go(func() { s.read(ctxs[i], st, r) })
			}
		}
	})
}

// answer sends what a store said to request id, and forgets the request.
func (s *server) answer(id uint64, a fetch.Answer) {
	s.mu.Lock()
	if cancel := s.running[id]; cancel != nil {
		cancel()
		delete(s.running, id)
	}
	s.mu.Unlock()
	if a.Err != nil {
		s.say(wire.FromError(id, a.Err))
		return
	}
	s.say(wire.FromDocument(id, a.Document))
}

func (s *server) read(ctx context.Context, st *store, r wire.Request) {
	var a fetch.Answer
	if a.Err = st.slot(ctx); a.Err == nil {
		a.Err = guard(r.Scheme, func() (err error) {
			a.Document, err = st.src.Read(ctx, path(r), r.Params)
			return err
		})
		<-st.slots
	}
	s.answer(r.ID, a)
}

func path(r wire.Request) string {
	if r.Path == nil {
		return ""
	}
	return *r.Path
}

// readMany gives the batch to a store that reads many at once. It is cancelled
// when every request of it is.
func (s *server) readMany(ctxs []context.Context, st *store, src fetch.ManyReader, batch []wire.Request) {
	ctx, cancel := allOf(s.ctx, ctxs)
	defer cancel()
	var queries []fetch.Query
	for _, r := range batch {
		queries = append(queries, fetch.Query{Path: path(r), Params: r.Params})
	}
	var answers []fetch.Answer
	err := st.slot(ctx)
	if err == nil {
		err = guard(batch[0].Scheme, func() error { answers = src.ReadMany(ctx, queries); return nil })
		<-st.slots
	}
	if err == nil && len(answers) != len(batch) {
		err = fmt.Errorf("the store %s answered %d of %d queries", batch[0].Scheme, len(answers), len(batch))
	}
	for i, r := range batch {
		if err != nil {
			s.answer(r.ID, fetch.Answer{Err: err})
			continue
		}
		s.answer(r.ID, answers[i])
	}
}

// allOf gives a context that ends when all of ctxs have.
func allOf(parent context.Context, ctxs []context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	var left sync.WaitGroup
	left.Add(len(ctxs))
	for _, c := range ctxs {
		context.AfterFunc(c, left.Done)
	}
	go func() { left.Wait(); cancel() }()
	return ctx, cancel
}

// slot waits until a read may begin.
func (st *store) slot(ctx context.Context) error {
	select {
	case st.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for its turn: %w: %w", ctx.Err(), fetch.ErrUnavailable)
	}
}

// guard turns a panic of a store into an error without the panic's value, which may hold anything.
func guard(scheme string, f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the store %s failed (panic)", scheme)
		}
	}()
	return f()
}

// A store is a source that was opened for some configuration, root and trust.
type store struct {
	once  sync.Once
	src   fetch.Source
	err   error
	slots chan struct{} // one element for each read under way
}

// source gives the open store that every request of batch wants. The store is
// opened once, and not again for another request's sake if this one is cancelled.
func (s *server) source(batch []wire.Request) (*store, error) {
	r := batch[0]
	key := storeKey(r)
	for _, other := range batch[1:] {
		if storeKey(other) != key {
			return nil, errors.New("requests joined by more are for different stores")
		}
	}
	kind, ok := s.kinds[r.Scheme]
	if !ok {
		return nil, fetch.StoreWide(fmt.Errorf("no store for %s:// here", r.Scheme))
	}
	s.mu.Lock()
	st := s.stores[key]
	if st == nil {
		st = &store{slots: make(chan struct{}, maxReads)}
		s.stores[key] = st
	}
	s.mu.Unlock()
	st.once.Do(func() {
		st.err = fetch.StoreWide(guard(r.Scheme, func() error { return s.open(st, kind, r) }))
	})
	return st, st.err
}

func storeKey(r wire.Request) string {
	config, _ := json.Marshal(r.Config) // it came as JSON
	return fmt.Sprintf("%q %q %t %t %s", r.Scheme, r.Root, r.Trusted, r.ConfigTrusted, config)
}

func (s *server) open(st *store, kind fetch.Kind, r wire.Request) error {
	env := s.o.Env
	env.Config, env.Trusted, env.ConfigTrusted, env.Warn, env.Identity = r.Config, r.Trusted, r.ConfigTrusted, s.warn, nil
	if s.identity {
		env.Identity = s.token
	}
	env.Root = nil
	if r.Root != "" {
		root, err := os.OpenRoot(r.Root)
		if err != nil {
			return fmt.Errorf("the root directory %s: cannot be opened", r.Root)
		}
		env.Root = root // open as long as the process
	}
	var err error
	st.src, err = kind.Open(s.ctx, env)
	return err
}

func (s *server) warn(msg string) { s.say(wire.Answer{Type: wire.Warning, Message: wire.Clean(msg)}) }

// token asks maskrun for an OIDC token: it is fetch.Env.Identity of the stores.
func (s *server) token(ctx context.Context, audience string) (string, error) {
	answer := make(chan wire.Request, 1)
	s.mu.Lock()
	s.asked++
	id := s.asked
	s.tokens[id] = answer
	s.mu.Unlock()
	s.say(wire.Answer{Type: wire.Identity, ID: id, Audience: audience})
	select {
	case r := <-answer:
		if r.Token == "" {
			return "", fmt.Errorf("no identity: %s", wire.Clean(r.Message))
		}
		return r.Token, nil
	case <-ctx.Done():
		s.mu.Lock()
		delete(s.tokens, id)
		s.mu.Unlock()
		return "", ctx.Err()
	}
}
