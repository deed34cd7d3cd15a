package helper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

// Limits on what a helper may make us do.
const (
	maxWarnings   = 20
	maxIdentities = 8 // OIDC tokens being fetched at once
)

// A session is the conversation with one helper process.
//
// Three goroutines serve it: write owns stdin, listen owns stdout, and drain
// stderr. Whoever first finds the conversation broken calls fail.
type session struct {
	o       Options
	env     fetch.Env // for Identity and Warn only
	life    context.Context
	proc    *process
	schemes []string
	pushes  bool // it knows what a push is
	leases  bool // and what renew and revoke are

	out     chan []byte   // lines for write
	hello   chan struct{} // closed when the helper has said hello
	broken  chan struct{} // closed by fail
	ended   chan struct{} // closed when listen has returned
	drained chan struct{} // closed when drain has returned
	tokens  chan struct{} // one element for each token being fetched

	closing  sync.Once
	closeErr error

	mu       sync.Mutex
	err      error // why broken is closed; nil after an orderly close
	shut     bool  // broken is closed
	greeted  bool
	last     uint64 // the highest id given out
	calls    map[uint64]chan wire.Answer
	warnings int
}

// begin starts the helper at path and exchanges hellos. When life ends it is killed.
func begin(life context.Context, path string, o Options, env fetch.Env) (*session, error) {
	proc, err := startProcess(path, o.Environ)
	if err != nil {
		return nil, o.failed(fmt.Errorf("helper %s: cannot start %s: %w", o.Name, path, err))
	}
	s := newSession(life, o, env)
	s.proc = proc
	go func() {
		defer close(s.drained)
		drain(proc.stderr, o.Stderr)
	}()
	go s.write(proc.stdin)
	go func() {
		defer close(s.ended)
		s.fail(s.diagnose(s.listen(proc.stdout)))
	}()
	context.AfterFunc(life, func() { s.fail(errors.New("stopped")); proc.kill() })
	if err := s.greet(); err != nil {
		s.fail(err)
		s.end(0)
		return nil, s.failure()
	}
	return s, nil
}

func newSession(life context.Context, o Options, env fetch.Env) *session {
	return &session{
		o: o, env: env, life: life,
		out: make(chan []byte, 16), hello: make(chan struct{}), broken: make(chan struct{}), ended: make(chan struct{}), drained: make(chan struct{}),
		tokens: make(chan struct{}, maxIdentities), calls: map[uint64]chan wire.Answer{},
	}
}

// greet says hello and waits for the helper's. No request, and so no
// configuration, is sent to a program that has not said that it speaks the protocol.
func (s *session) greet() error {
	line, err := wire.Line(wire.Request{Type: wire.Hello, Protocol: wire.Version, Maskrun: s.o.Version, Identity: s.env.Identity != nil})
	if err != nil {
		return err
	}
	s.out <- line
	t := time.NewTimer(s.o.Hello)
	defer t.Stop()
	select {
	case <-s.hello:
		return nil
	case <-s.broken:
		return s.failure()
	case <-t.C:
		return fmt.Errorf("said no hello within %v; is it a maskrun helper?", s.o.Hello)
	}
}

// fail ends the conversation for every caller. The first reason holds; nil is an orderly end.
func (s *session) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return
	}
	s.shut = true
	if err != nil {
		s.err = fmt.Errorf("helper %s: %w", s.o.Name, err)
	}
	close(s.broken)
}

// failure is what a call gets once broken is closed: of whatever store.
func (s *session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		return s.o.failed(fmt.Errorf("helper %s: already closed", s.o.Name))
	}
	return s.o.failed(s.err)
}

// close ends the session in order, and gives the reason if it had broken before.
// Later calls give the same.
func (s *session) close() error {
	s.closing.Do(func() { s.closeErr = s.closeOnce() })
	return s.closeErr
}

func (s *session) closeOnce() error {
	s.fail(nil)
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	grace := s.o.Grace
	if err != nil {
		grace = 0
	}
	killed := s.end(grace)
	if err == nil && !killed && !s.proc.cmd.ProcessState.Success() {
		err = fmt.Errorf("helper %s: ended with %s", s.o.Name, s.proc.status())
	}
	return err
}

// end closes the helper's stdin, which asks it to exit, and kills it if it has
// not after grace. It returns when nothing of the session is left running.
func (s *session) end(grace time.Duration) (killed bool) {
	_ = s.proc.stdin.Close()
	if killed = !s.proc.waitFor(grace); killed {
		s.proc.kill()
	}
	<-s.ended
	<-s.drained
	s.proc.closePipes()
	return killed
}

// write sends lines until the session ends. A helper that does not read blocks
// only this goroutine: closing the pipe frees it.
func (s *session) write(w io.Writer) {
	for {
		select {
		case line := <-s.out:
			if _, err := w.Write(line); err != nil {
				// It closed its stdin, mostly by exiting: let listen find out which, and say so if it does not.
				time.AfterFunc(s.o.Grace, func() { s.fail(errors.New("does not read its input")) })
				return
			}
		case <-s.broken:
			return
		}
	}
}

// listen reads answers until one is wrong or the helper's stdout ends.
func (s *session) listen(r io.Reader) error {
	lines := wire.NewLines(r)
	for {
		var a wire.Answer
		err := lines.Next(&a)
		if err == nil {
			err = s.take(a)
		} else if !isProtocol(err) {
			return io.EOF // its end, a deadline after its end, or our own close
		}
		if err != nil {
			return fmt.Errorf("line %d of its output %w", lines.N(), err)
		}
	}
}

func isProtocol(err error) bool {
	return errors.Is(err, wire.ErrTooLong) || errors.Is(err, wire.ErrNotJSON)
}

// diagnose turns the end of the helper's stdout into what happened to the helper.
func (s *session) diagnose(err error) error {
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case s.proc.waitFor(s.o.Grace):
		return fmt.Errorf("ended with %s before it had answered", s.proc.status())
	default:
		return errors.New("closed its output before it had answered")
	}
}

// take acts on one message. An error means that the helper cannot be understood
// any more: after a mixed-up id, a value could reach the wrong variable.
func (s *session) take(a wire.Answer) error {
	if a.Type == wire.Hello {
		return s.takeHello(a)
	}
	if a.Type == wire.Error && a.ID == 0 {
		return fmt.Errorf("says: %w", a.Err())
	}
	if !s.greeted {
		return errors.New("is not a hello, which must come first")
	}
	switch a.Type {
	case wire.Document, wire.Error:
		return s.takeAnswer(a)
	case wire.Warning:
		s.takeWarning(a)
		return nil
	case wire.Identity:
		return s.takeIdentity(a)
	}
	return errors.New("is of a type that the protocol does not know")
}

func (s *session) takeHello(a wire.Answer) error {
	switch {
	case s.greeted:
		return errors.New("is a second hello")
	case a.Protocol != wire.Version:
		return fmt.Errorf("offers protocol %d where this maskrun speaks %d: install matching versions", a.Protocol, wire.Version)
	}
	s.greeted, s.schemes, s.pushes, s.leases = true, slices.Clone(a.Schemes), a.Push, a.Leases
	close(s.hello)
	return nil
}

func (s *session) takeAnswer(a wire.Answer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	call, ok := s.calls[a.ID]
	switch {
	case !ok && a.ID > s.last:
		return errors.New("answers a request that was never made")
	case !ok:
		return errors.New("answers a request for the second time")
	}
	delete(s.calls, a.ID)
	if call != nil { // nil: nobody waits any more
		call <- a
	}
	return nil
}

func (s *session) takeWarning(a wire.Answer) {
	s.warnings++
	if s.warnings <= maxWarnings && s.env.Warn != nil {
		s.env.Warn(fmt.Sprintf("helper %s: %s", s.o.Name, wire.Clean(a.Message)))
	}
}

// takeIdentity fetches a token for the helper, without keeping listen from its work.
func (s *session) takeIdentity(a wire.Answer) error {
	if s.env.Identity == nil {
		return errors.New("asks for an identity, which its hello said there is not")
	}
	select {
	case s.tokens <- struct{}{}:
	default:
		return fmt.Errorf("asks for more than %d identities at once", maxIdentities)
	}
	go func() {
		defer func() { <-s.tokens }()
		ctx, cancel := context.WithTimeout(s.life, s.o.Answer)
		defer cancel()
		r := wire.Request{Type: wire.Identity, ID: a.ID}
		token, err := s.env.Identity(ctx, a.Audience)
		if r.Token = token; err != nil {
			r.Token, r.Message = "", wire.Clean(err.Error())
		}
		if line, err := wire.Line(r); err == nil {
			_ = s.send(ctx, line)
		}
	}()
	return nil
}

// send hands line to write, and gives an error if the session or ctx ends first.
func (s *session) send(ctx context.Context, line []byte) error {
	select {
	case s.out <- line:
		return nil
	case <-s.broken:
		return s.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
}
