package main

import (
	"io"
	"sync"
	"time"

	"github.com/maskrun/maskrun/masker"
)

// An echo is what a person types and sees. The redactor holds back what may be the
// beginning of a value until the next byte comes; but a person waits for the echo
// of a key before pressing the next one, and an editor for its cursor. So after
// echoPause of silence a beginning of fewer than echoLimit bytes is shown.
//
// Nothing else changes: the redactor goes on from what it holds, and if that
// becomes a value, all of it but the bytes shown is hidden. It is for a terminal
// where a person types, and never for a log.
type echo struct {
	mu    sync.Mutex
	w     *masker.Writer // writes to sink
	sink  *shown
	timer *time.Timer
}

const (
	echoPause = 30 * time.Millisecond
	echoLimit = 4
)

func (l *load) echo(name string, dst io.Writer) *stream {
	e := &echo{sink: &shown{dst: dst}}
	e.w = l.masker.NewStream(name, e.sink)
	e.timer = time.AfterFunc(time.Hour, e.release)
	e.timer.Stop()
	return &stream{w: e, closers: []io.Closer{e}}
}

// Write passes p on, and starts the clock anew.
func (e *echo) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.timer.Stop()
	n, err := e.w.Write(p)
	e.timer.Reset(echoPause)
	return n, err
}

// Close ends the stream.
func (e *echo) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.timer.Stop()
	return e.w.Close()
}

// release shows what is held, if it is short enough.
func (e *echo) release() {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() { _ = recover() }() // then it is not shown: the next Write tells
	held := e.w.Held()
	if fresh := len(held) - len(e.sink.already); fresh > 0 && visible(held) < echoLimit {
		e.sink.show(held)
	}
}

// visible counts the bytes of p that are not of control sequences, a little too
// high where these are malformed.
func visible(p []byte) (n int) {
	for i := 0; i < len(p); i++ {
		if p[i] != 0x1b {
			n++
			continue
		}
		if i++; i < len(p) && p[i] == '[' {
			for i++; i < len(p) && p[i] >= 0x20 && p[i] <= 0x3f; i++ {
			}
		}
	}
	return n
}

// shown passes on what is written to it, but for what has been shown already.
type shown struct {
	dst     io.Writer
	already []byte
}

func (s *shown) show(held []byte) {
	if _, err := s.dst.Write(held[len(s.already):]); err == nil {
		s.already = held
	}
}

// Write returns len(p), or the error of the destination and 0. Where p is not
// what has been shown, that was a part of what is hidden now.
func (s *shown) Write(p []byte) (int, error) {
	k := 0
	for k < len(p) && k < len(s.already) && p[k] == s.already[k] {
		k++
	}
	s.already = s.already[k:]
	if k < len(p) {
		s.already = nil
		if n, err := s.dst.Write(p[k:]); err != nil {
			return 0, err
		} else if n < len(p)-k {
			return 0, io.ErrShortWrite
		}
	}
	return len(p), nil
}
