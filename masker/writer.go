package masker

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// pieceSize is how much of a Write is scanned before it is passed on: it bounds
// the memory of a stream.
const pieceSize = 64 << 10

// joinSize is how much of a large Write is put behind held bytes to find out what
// becomes of them. The rest is scanned where it is, without being copied.
const joinSize = 256

var errClosed = errors.New("masker: write after close")

// A Writer is one stream: it passes what is written to it on to its
// destination, hiding every form of its [Masker]'s values. Make it with
// [Masker.NewWriter].
//
// Before Write returns, everything is on the destination except what begins at
// the first byte of the longest live proper prefix of a form. Nothing waits for
// a line's end, a full buffer or a clock.
//
// # Memory
//
// At most twice the longest form and 64 KiB are held. A flood of blanks or
// control sequences inside a form longer than that ends the match in the views
// that leave them out, never in the raw one.
//
// # Errors
//
// Errors of the destination are sticky: after the first nothing more is
// written, and Write and Close return it. A short write is [io.ErrShortWrite].
type Writer struct {
	mu     sync.Mutex
	m      *Masker
	dst    io.Writer
	err    error
	closed bool
	stream string

	scan  scanner
	found findings

	// The first byte that is not on dst: its raw position, the context there,
	// and the bytes from there on.
	at   int64
	base context
	held []byte

	open bool // the byte before at is hidden: its run goes on
	line int64
	told map[string]int64 // by name: end of the last hit told
	out  []byte
}

func (w *Writer) start(s *set) {
	w.scan.found = &w.found
	w.found.want = s.all
	w.line = 1
	w.scan.start(s, w.base, w.at)
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
		n := w.accept(p[taken:])
		if w.err == nil {
			taken += n
		}
	}
	return taken, w.err
}

// Close ends the stream: what was held is written, or hidden where it is the
// better part of a form: at least 8 bytes and half of the shortest one it could
// have become. It does not close the destination. Further calls return the same.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.err != nil {
		w.closed = true
		return w.err
	}
	w.closed = true
	w.renew(w.held)
	w.scan.finish()
	w.flush(w.held, w.scan.pos)
	return w.err
}

// Held returns a copy of the bytes that have been taken and not passed on: the
// beginning of what may be hidden. For who shows a person that a key was heard; to
// write them to a log would defeat the purpose.
func (w *Writer) Held() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.held)
}

// accept scans a piece of p behind the held bytes, and flushes what is settled. It
// returns how much of p is dealt with.
func (w *Writer) accept(p []byte) int {
	piece := p[:min(len(p), pieceSize)]
	data := piece
	if len(w.held) > 0 {
		piece = piece[:min(len(piece), joinSize)]
		w.held = append(w.held, piece...)
		data = w.held
	}
	if !w.renew(data) {
		w.scan.scan(data, w.at, w.base)
	}
	w.renew(data) // Add may have come meanwhile
	at := w.at
	w.flush(data, w.scan.hold())
	rest := data[w.at-at:]
	if len(piece) < len(p) && len(rest) < min(len(piece), joinSize) && w.scan.quiet() {
		w.held = w.held[:0] // all that is held is of this piece: look at it again where it is
		return len(piece) - len(rest)
	}
	w.keep(rest)
	return len(piece)
}

// renew scans all of data anew, from the first byte not yet written, if values
// were added since. What was found for the old ones stays found.
func (w *Writer) renew(data []byte) bool {
	fresh := false
	for s := w.m.cur.Load(); s != w.scan.set; s = w.m.cur.Load() {
		w.scan.start(s, w.base, w.at)
		w.scan.scan(data, w.at, w.base)
		fresh = true
	}
	return fresh
}

// keep makes rest the held bytes.
func (w *Writer) keep(rest []byte) {
	if cap(w.held) > 4*pieceSize && len(rest) < pieceSize {
		w.held = nil // a long form is over: give its memory back
	}
	w.held = append(w.held[:0], rest...) // rest may be the end of held: append moves
}

// flush writes data, which begins at w.at, up to raw position end.
func (w *Writer) flush(data []byte, end int64) {
	if end == w.at {
		return
	}
	data = data[:end-w.at]
	w.tell(data, end)
	w.send(w.mask(data, end))
	w.found.drop(end)
	w.base = w.scan.contextAt(data, w.at, end)
	w.at = end
	w.scan.from, w.scan.fromCtx = w.at, w.base
}

// mask returns data with its hidden runs replaced. It may be data itself.
func (w *Writer) mask(data []byte, end int64) []byte {
	spans := w.found.spans
	if len(spans) == 0 || spans[0].start >= end {
		w.open = false
		return data
	}
	out, from := w.out[:0], w.at
	for _, s := range spans {
		if s.start >= end {
			break
		}
		out = append(out, data[from-w.at:s.start-w.at]...)
		from = min(s.end, end)
		out, w.open = w.hide(out, data[s.start-w.at:from-w.at], w.open && s.start == w.at, w.scan.set.markerFor(s.form))
		w.open = w.open && from == end
	}
	w.out = append(out, data[from-w.at:]...)
	return w.out
}

// hide appends to out what stands for a hidden run, or the rest of one whose marker
// is out already, and says whether a marker is now the last.
func (w *Writer) hide(out, run []byte, marked bool, marker []byte) ([]byte, bool) {
	for _, b := range run {
		lineEnd := w.m.opts.KeepLines && (b == '\n' || b == '\r')
		switch {
		case lineEnd:
			out = append(out, b)
		case !marked:
			out = append(out, marker...)
		}
		if marked = !lineEnd; marked && !w.m.opts.KeepLines {
			break
		}
	}
	return out, marked
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

// tell calls OnHit for the occurrences that begin before end.
func (w *Writer) tell(data []byte, end int64) {
	if !w.found.want {
		return
	}
	from := w.at
	for _, h := range w.found.takeHits(end) {
		if h.end <= w.told[h.form.name] {
			continue
		}
		if w.told == nil {
			w.told = map[string]int64{}
		}
		w.told[h.form.name] = h.end
		w.line += int64(bytes.Count(data[from-w.at:h.start-w.at], []byte{'\n'}))
		from = h.start
		w.m.opts.OnHit(Hit{h.form.name, h.form.encoding, h.start, w.line, w.stream})
	}
	w.line += int64(bytes.Count(data[from-w.at:], []byte{'\n'}))
}
