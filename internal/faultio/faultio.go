// Package faultio has readers and writers that misbehave in one chosen way each,
// for tests.
//
// They misbehave within the contracts of [io.Reader] and [io.Writer], except
// where the comment says otherwise, and they do the same every time: no chance,
// and no clock unless a pace is asked for. Readers for the other known oddities
// (one byte at a time, data together with io.EOF) are in testing/iotest.
//
// # Concurrency
//
// Readers are for one goroutine. Writers may be used by several at a time.
package faultio

import (
	"io"
	"sync"
	"time"
)

// FailWriter returns a writer that passes on k bytes to w and then fails with
// err for ever: the Write that crosses the limit reports how much it passed on.
func FailWriter(w io.Writer, k int, err error) io.Writer {
	return &failWriter{w: w, left: k, err: err}
}

type failWriter struct {
	mu   sync.Mutex
	w    io.Writer
	left int
	err  error
}

func (f *failWriter) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(p) <= f.left {
		n, err := f.w.Write(p)
		f.left -= n
		return n, err
	}
	n, err := f.w.Write(p[:f.left])
	f.left -= n
	if err == nil {
		err = f.err
	}
	return n, err
}

// ShortWriter returns a writer that takes at most max bytes of every Write and
// says nothing about the rest. That breaks the contract of io.Writer: a caller
// has to make io.ErrShortWrite of it.
func ShortWriter(w io.Writer, max int) io.Writer { return &shortWriter{w: w, max: max} }

type shortWriter struct {
	w   io.Writer
	max int
}

func (s *shortWriter) Write(p []byte) (int, error) { return s.w.Write(p[:min(len(p), s.max)]) }

// FlakyWriter returns a writer whose every nth Write (n > 0) fails with err, a
// temporary one such as EAGAIN, and takes nothing; the others pass.
func FlakyWriter(w io.Writer, n int, err error) io.Writer {
	return &flakyWriter{w: w, n: n, err: err}
}

type flakyWriter struct {
	mu       sync.Mutex
	w        io.Writer
	n, calls int
	err      error
}

func (f *flakyWriter) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.calls%f.n == 0 {
		return 0, f.err
	}
	return f.w.Write(p)
}

// SlowWriter returns a writer that passes on chunk bytes (> 0) at a time and
// pauses after each.
func SlowWriter(w io.Writer, chunk int, pause time.Duration) io.Writer {
	return &slowWriter{w: w, chunk: chunk, pause: pause}
}

type slowWriter struct {
	mu    sync.Mutex
	w     io.Writer
	chunk int
	pause time.Duration
}

func (s *slowWriter) Write(p []byte) (done int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for done < len(p) && err == nil {
		var n int
		n, err = s.w.Write(p[done:min(len(p), done+s.chunk)])
		done += n
		time.Sleep(s.pause)
	}
	return done, err
}

// A Gate is a writer that blocks until it is opened. Make it with [NewGate].
type Gate struct {
	w       io.Writer
	entered chan struct{}
	open    chan struct{}
	enter   sync.Once
	release sync.Once
}

// NewGate returns a closed gate before w.
func NewGate(w io.Writer) *Gate {
	return &Gate{w: w, entered: make(chan struct{}), open: make(chan struct{})}
}

// Write waits for Open and then passes p on.
func (g *Gate) Write(p []byte) (int, error) {
	g.enter.Do(func() { close(g.entered) })
	<-g.open
	return g.w.Write(p)
}

// Entered is closed when the first Write has arrived.
func (g *Gate) Entered() <-chan struct{} { return g.entered }

// Open lets all writes pass, those that wait and those to come. It may be called
// more than once.
func (g *Gate) Open() { g.release.Do(func() { close(g.open) }) }

// FailReader returns a reader of the first k bytes of r that ends with err in
// place of io.EOF. If r ends earlier, so does it, with the error of r.
func FailReader(r io.Reader, k int, err error) io.Reader {
	return &failReader{r: r, left: k, err: err}
}

type failReader struct {
	r    io.Reader
	left int
	err  error
}

func (f *failReader) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, f.err
	}
	n, err := f.r.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}

// IdleReader returns a reader whose every other Read, the first included, yields
// 0 and nil, which means that nothing happened, not that the stream has ended.
func IdleReader(r io.Reader) io.Reader { return &idleReader{r: r} }

type idleReader struct {
	r    io.Reader
	busy bool
}

func (i *idleReader) Read(p []byte) (int, error) {
	i.busy = !i.busy
	if i.busy {
		return 0, nil
	}
	return i.r.Read(p)
}

// ChunkReader returns a reader that yields at most the given sizes (> 0), in
// turn and again from the first; at least one.
func ChunkReader(r io.Reader, sizes ...int) io.Reader { return &chunkReader{r: r, sizes: sizes} }

type chunkReader struct {
	r     io.Reader
	sizes []int
	turn  int
}

func (c *chunkReader) Read(p []byte) (int, error) {
	size := c.sizes[c.turn%len(c.sizes)]
	c.turn++
	return c.r.Read(p[:min(len(p), size)])
}
