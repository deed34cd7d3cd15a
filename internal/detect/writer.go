package detect

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// pieceSize is how much of a Write is scanned before it is passed on: with the
// held bytes it bounds the memory of a stream.
const pieceSize = 32 << 10

var errClosed = errors.New("detect: write after close")

// A Writer is one stream: it passes what is written to it on to its
// destination, hiding every match of its [Detector]'s rules. Make it with
// [Detector.NewWriter].
//
// # Memory
//
// At most the longest pattern ([Rule.Bounds]) is held, and 64 KiB for work.
//
// # Errors
//
// Errors of the destination are sticky: after the first nothing more is
// written, and Write and Close return it. A short write is [io.ErrShortWrite].
type Writer struct {
	mu     sync.Mutex
	d      *Detector
	dst    io.Writer
	err    error
	closed bool

	scan scanner
	open bool // the byte before scan.at is hidden: its run goes on
	line int64
	out  []byte
}

// Write passes p on, but for what must be hidden or held. It returns len(p), or
// an error and the number of bytes taken before it.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed && w.err == nil {
		return 0, errClosed
	}
	taken := 0
	for w.err == nil && taken < len(p) {
		piece := p[taken:min(len(p), taken+pieceSize)]
		w.scan.feed(piece)
		w.flush(w.scan.hold())
		if w.err == nil {
			taken += len(piece)
		}
	}
	return taken, w.err
}

// Close ends the stream: what was held is written, or hidden where it is a
// match or the better part of one: at least 8 bytes and half of the shortest
// match. It does not close the destination. Further calls return the same.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.err != nil {
		w.closed = true
		return w.err
	}
	w.closed = true
	w.scan.finish()
	w.flush(w.scan.pos)
	return w.err
}

// flush writes what lies before end.
func (w *Writer) flush(end int64) {
	s := &w.scan
	if end == s.at {
		return
	}
	data := s.buf[s.at-s.base : end-s.base]
	s.order()
	w.tell(data, end)
	w.send(w.mask(data, end))
	s.settle(end)
}

// mask returns data with its hidden runs replaced. It may be data itself.
func (w *Writer) mask(data []byte, end int64) []byte {
	s := &w.scan
	if len(s.spans) == 0 || s.spans[0].from >= end {
		w.open = false
		return data
	}
	out, from := w.out[:0], s.at
	for _, sp := range s.spans {
		if sp.from >= end {
			break
		}
		if sp.from > from {
			out = append(out, data[from-s.at:sp.from-s.at]...)
			w.open = false
		}
		if !w.open {
			out = append(out, w.d.marker(sp.rule)...)
			w.open = true
		}
		from = max(from, min(sp.end, end))
	}
	w.out = append(out, data[from-s.at:]...)
	w.open = from == end
	return w.out
}

func (w *Writer) send(p []byte) {
	if len(p) == 0 {
		return
	}
	n, err := w.dst.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	w.err = err
}

// tell calls OnHit for the matches that begin before end.
func (w *Writer) tell(data []byte, end int64) {
	if w.d.opts.OnHit == nil {
		w.scan.hits = w.scan.hits[:0]
		return
	}
	from, n := w.scan.at, 0
	for _, h := range w.scan.hits {
		if h.from >= end {
			break
		}
		w.line += int64(bytes.Count(data[from-w.scan.at:h.from-w.scan.at], []byte{'\n'}))
		from = h.from
		n++
		w.d.opts.OnHit(Hit{h.rule.Name, h.from, w.line})
	}
	w.scan.hits = append(w.scan.hits[:0], w.scan.hits[n:]...)
	w.line += int64(bytes.Count(data[from-w.scan.at:], []byte{'\n'}))
}
