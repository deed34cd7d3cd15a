// Package helper reads documents from stores that live in another program.
//
// A helper is maskrun-stores, which holds the cloud SDKs, or an executable
// maskrun-store-NAME that someone else wrote to serve NAME://. A [Client] starts
// it when the first reference needs it, pipelines requests over its stdin and
// stdout as docs/store-protocol.md says, and ends it.
//
// # Guarantee
//
// No byte that a helper writes to its stdout as data, or outside the protocol, is
// in an error of this package. The message of an error answer is, and those of
// warnings: on one line, control characters escaped, at most 300 bytes. Whatever a
// helper does, every Read returns: with a document, with an error, or when its
// context ends; and no process of the helper's group outlives [Client.Close].
package helper

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// Stores is the name of the helper that comes with maskrun.
const Stores = "maskrun-stores"

// Default time-outs of a [Client].
const (
	// DefaultHello is generous for a program that loads every cloud SDK on a busy machine: 0.2 s is usual.
	DefaultHello = 10 * time.Second
	// DefaultAnswer bounds callers that have no deadline. The Resolver has one.
	DefaultAnswer = time.Minute
	// DefaultGrace is what a helper has to exit after its stdin ended.
	DefaultGrace = time.Second
)

// Options say which helper to start and how. Only Name is required.
type Options struct {
	// Name of the executable: [Stores], or what [ThirdParty] gives.
	Name string
	// Dir is looked in first: the directory of the running executable. Empty looks on PATH only.
	Dir string
	// Environ is the helper's whole environment, and its PATH is searched for Name.
	Environ []string
	// Version of maskrun: told to the helper, and named in the advice when the helper is missing.
	Version string
	// Stderr is given each line the helper writes to stderr, cleaned and cut to 300 bytes,
	// at most the first 100. Nil drops them: they may hold a value, so print them through a redactor.
	Stderr func(line string)
	// Hello, Answer and Grace replace the default time-outs where they are not zero.
	Hello, Answer, Grace time.Duration
}

// A Client is one helper process, started when first needed and shared by every
// Kind it gives. It is safe for concurrent use. A helper that has failed is not
// started again: what it answered before holds, and every later Read gives the failure.
type Client struct {
	o    Options
	life context.Context
	stop context.CancelFunc

	mu      sync.Mutex
	closed  bool
	ready   chan struct{} // nil until the start, closed when session and err are set
	session *session
	err     error
}

// New makes a Client; nothing is started. When ctx ends the helper is killed.
// Close the client in any case.
func New(ctx context.Context, o Options) *Client {
	o.Hello = orDefault(o.Hello, DefaultHello)
	o.Answer = orDefault(o.Answer, DefaultAnswer)
	o.Grace = orDefault(o.Grace, DefaultGrace)
	life, stop := context.WithCancel(ctx)
	return &Client{o: o, life: life, stop: stop}
}

// failed makes err one of all stores that the helper serves.
func (o Options) failed(err error) error {
	return &fetch.StoreError{Of: "helper " + o.Name, Err: err}
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// Kind gives the row of the table of stores for one scheme of the helper.
func (c *Client) Kind(scheme string) fetch.Kind {
	return c.Bind(fetch.Kind{Scheme: scheme, Help: "served by " + c.o.Name})[0]
}

// Kinds gives the rows for several schemes.
func (c *Client) Kinds(schemes ...string) []fetch.Kind {
	var rows []fetch.Kind
	for _, s := range schemes {
		rows = append(rows, c.Kind(s))
	}
	return rows
}

// Bind gives a copy of rows whose Open goes through the helper. The rows say
// scheme, aliases and help, as names.Kinds of fetch/heavy/names does.
func (c *Client) Bind(rows ...fetch.Kind) []fetch.Kind {
	rows = slices.Clone(rows)
	for i := range rows {
		scheme := rows[i].Scheme
		rows[i].Open = func(ctx context.Context, env fetch.Env) (fetch.Source, error) {
			return c.open(ctx, scheme, env)
		}
	}
	return rows
}

// Close ends the helper: its stdin is closed, and after a short grace its process
// group is killed. It returns when the process is reaped. The error says that the
// helper broke the protocol or exited with a failure, for a warning: every
// Read that it spoilt has failed already. Close may be called more than once.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	ready := c.ready
	c.mu.Unlock()
	defer c.stop()
	if ready == nil {
		return nil
	}
	select {
	case <-ready:
	default:
		c.stop() // still starting: do not wait for its hello
		<-ready
	}
	if c.session == nil {
		return nil
	}
	return c.session.close()
}

// open starts the helper if need be and gives a source of scheme.
func (c *Client) open(ctx context.Context, scheme string, env fetch.Env) (fetch.Source, error) {
	s, err := c.start(ctx, env)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(s.schemes, scheme) {
		return nil, fmt.Errorf("helper %s does not serve %s://", c.o.Name, scheme)
	}
	root := ""
	if env.Root != nil {
		if root, err = filepath.Abs(env.Root.Name()); err != nil {
			return nil, fmt.Errorf("helper %s: no absolute path for the root directory", c.o.Name)
		}
	}
	return &source{session: s, scheme: scheme, root: root, env: env}, nil
}

// start gives the session, starting it the first time. The start itself does not
// depend on ctx: another caller may be waiting for it.
func (c *Client) start(ctx context.Context, env fetch.Env) (*session, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, c.o.failed(fmt.Errorf("helper %s: already closed", c.o.Name))
	}
	if c.ready == nil {
		c.ready = make(chan struct{})
		go c.launch(env)
	}
	c.mu.Unlock()
	select {
	case <-c.ready:
		return c.session, c.err
	case <-ctx.Done():
		return nil, fmt.Errorf("helper %s: starting: %w", c.o.Name, ctx.Err())
	}
}

func (c *Client) launch(env fetch.Env) {
	defer close(c.ready)
	path, err := Find(c.o)
	if err != nil {
		c.err = c.o.failed(err)
		return
	}
	c.session, c.err = begin(c.life, path, c.o, env)
}
