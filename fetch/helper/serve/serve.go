// Package serve is the helper's end of the store protocol: it reads requests,
// opens stores, and answers. docs/store-protocol.md is the contract.
//
// A program that serves its own store is
//
//	err := serve.Serve(ctx, os.Stdin, os.Stdout, kinds, serve.Options{Name: "maskrun-store-x v1", Env: env})
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

// maxReads is how many documents of one store are read at once; the other requests wait.
const maxReads = 8

// Options say who serves, and in which world.
type Options struct {
	// Name and version of the helper, for its hello.
	Name string
	// Env is given to the stores. Root, Config, Identity, Trusted, ConfigTrusted and
	// Warn are set for each from what maskrun says; only Getenv and HTTP are used.
	Env fetch.Env
}

// Serve answers the requests on in, on out, until in ends and every answer is
// written. It returns nil then, and an error if in breaks the protocol, out fails or
// ctx ends; requests under way are cancelled in that case. A store that panics
// answers with an error. Serve writes to out from several goroutines, one line a Write.
func Serve(ctx context.Context, in io.Reader, out io.Writer, kinds []fetch.Kind, o Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if o.Env.Getenv == nil {
		o.Env.Getenv = func(string) string { return "" }
	}
	s := &server{o: o, ctx: ctx, out: out, fail: cancel, kinds: table(kinds), stores: map[string]*store{}, running: map[uint64]context.CancelFunc{}, tokens: map[uint64]chan wire.Request{}}
	done := make(chan error, 1)
	go func() { done <- s.serve(in) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// table makes the stores findable by scheme and alias.
func table(kinds []fetch.Kind) map[string]fetch.Kind {
	t := map[string]fetch.Kind{}
	for _, k := range kinds {
		for _, name := range append([]string{k.Scheme}, k.Aliases...) {
			t[name] = k
		}
	}
	return t
}

type server struct {
	o     Options
	ctx   context.Context
	fail  context.CancelCauseFunc
	kinds map[string]fetch.Kind
	reads sync.WaitGroup

	writing sync.Mutex
	out     io.Writer

	mu       sync.Mutex
	stores   map[string]*store
	running  map[uint64]context.CancelFunc
	tokens   map[uint64]chan wire.Request // identity questions without an answer
	asked    uint64                       // the id of the last identity question
	identity bool                         // maskrun has an identity to give
}

// serve is run, and then closes the stores that are open.
func (s *server) serve(in io.Reader) error {
	err := s.run(in)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.stores {
		if c, ok := st.src.(io.Closer); ok {
			_ = guard("at its close", c.Close) // maskrun has what it wanted, and hears no more
		}
	}
	return err
}

// run serves in to its end.
func (s *server) run(in io.Reader) error {
	lines := wire.NewLines(in)
	if err := s.greet(lines); err != nil {
		return err
	}
	var batch []wire.Request
	for {
		var r wire.Request
		switch err := lines.Next(&r); {
		case errors.Is(err, io.EOF):
			s.start(batch)
			s.reads.Wait()
			return context.Cause(s.ctx) // nil unless out failed
		case err != nil:
			return s.refuse(fmt.Errorf("line %d of the input %w", lines.N(), err))
		}
		if r.Type == wire.Read {
			if batch = append(batch, r); !r.More {
				s.start(batch)
				batch = nil
			}
			continue
		}
		if others[r.Type] != nil {
			s.startOther(r)
			continue
		}
		s.act(r)
	}
}

// greet exchanges hellos.
func (s *server) greet(lines *wire.Lines) error {
	var r wire.Request
	if err := lines.Next(&r); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil || r.Type != wire.Hello {
		return s.refuse(errors.New("the first line of the input is not a hello"))
	}
	if r.Protocol < wire.Version {
		return s.refuse(fmt.Errorf("maskrun speaks protocol %d, this helper %d: install matching versions", r.Protocol, wire.Version))
	}
	s.identity = r.Identity
	schemes := make([]string, 0, len(s.kinds))
	for name := range s.kinds {
		schemes = append(schemes, name)
	}
	s.say(wire.Answer{Type: wire.Hello, Protocol: wire.Version, Helper: s.o.Name, Schemes: schemes, Push: true, Leases: true})
	return nil
}

// refuse tells maskrun that the conversation is over, and why.
func (s *server) refuse(err error) error {
	s.say(wire.FromError(0, err))
	return err
}

// act does what the messages beside read ask. Types from the future are passed over.
func (s *server) act(r wire.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.Type {
	case wire.Cancel:
		if cancel := s.running[r.ID]; cancel != nil {
			cancel()
		}
	case wire.Identity:
		if answer := s.tokens[r.ID]; answer != nil {
			delete(s.tokens, r.ID)
			answer <- r
		}
	}
}

// say writes one line. After out has failed nothing more is written.
func (s *server) say(a wire.Answer) {
	line, err := wire.Line(a)
	if err != nil {
		line, _ = wire.Line(wire.FromError(a.ID, fmt.Errorf("the answer is %w", err)))
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	if _, err := s.out.Write(line); err != nil {
		s.fail(errors.New("cannot write an answer"))
	}
}
