package action

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"
)

// Commands follows the workflow commands that a step's command prints, on all
// its streams, as GitHub's runner does. The runner learns what ::add-mask:: says;
// so must the redactor before us, and it must not hide that value from the runner:
// it would learn our marker in its place.
//
//   - ::add-mask::NEW is passed on as it is, and then learned.
//   - ::add-mask::KNOWN is dropped, line and all: printed through the redactor it
//     would tell the runner to hide "***". So is one that has a known value in it;
//     what is new in it is learned here, but not by the runner.
//   - After ::stop-commands::TOKEN all of that is ordinary output, until ::TOKEN::.
//   - Everything else passes untouched, and at once.
//
// ##[add-mask]VALUE counts anywhere in a line, as it does for the runner.
type Commands struct {
	// Known tells whether value, or a part of it, would be hidden. Learn is told
	// each mask. Both may be called on several goroutines.
	Known func(value []byte) bool
	Learn func(value []byte)

	mu      sync.Mutex
	stopped bool
	token   string // in lower case
}

// NewWriter returns a stream to dst, which passes it on through the redactor.
// Commands on all streams of c are followed together. Errors of dst are returned
// as they are, and are sticky if those of dst are.
func (c *Commands) NewWriter(dst io.Writer) *CommandWriter {
	return &CommandWriter{c: c, dst: dst, state: atBlank}
}

// A CommandWriter is one stream of [Commands]. It is for one goroutine. What may
// be the beginning of a command that matters is held until it is clear.
type CommandWriter struct {
	c     *Commands
	dst   io.Writer
	state state
	held  []byte // from the opener on; not written yet
	begun bool   // something of the line has been written
	err   error
}

// A state says what the next byte can be.
type state int

const (
	atBlank  state = iota // only blanks so far: a command can begin with ::
	inText                // it can only begin with ##[
	inOpener              // held is a part of an opener
	inName                // held is an opener and a part of a name that matters
	inLine                // held is a command that matters, up to the end of its line
)

// maxCommand bounds a held line. No value that a runner can hide is longer.
const maxCommand = 1 << 20

// Write passes p on, but for what is held or dropped.
func (w *CommandWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 && w.err == nil {
		p = p[w.step(p):]
	}
	return n, w.err
}

// Close ends the stream: a last line without an end is one. It does not close dst.
func (w *CommandWriter) Close() error {
	if w.state == inLine {
		w.finish(nil)
	} else {
		w.release()
	}
	return w.err
}

// step deals with the beginning of p and says how much of it.
func (w *CommandWriter) step(p []byte) int {
	switch w.state {
	case atBlank:
		return w.blank(p)
	case inText:
		return w.text(p)
	case inOpener:
		return w.opener(p[0])
	case inName:
		return w.name(p[0])
	default:
		return w.line(p)
	}
}

func (w *CommandWriter) emit(b []byte) {
	if len(b) > 0 && w.err == nil {
		w.begun = true
		_, w.err = w.dst.Write(b)
	}
}

// release gives up on what is held: it is text.
func (w *CommandWriter) release() {
	w.emit(w.held)
	w.held = w.held[:0]
	w.state = inText
}

func isEnd(b byte) bool { return b == '\n' || b == '\r' }

// blank passes the blanks at the beginning of lines. The runner takes a carriage
// return for a line's end too.
func (w *CommandWriter) blank(p []byte) int {
	n := 0
	for n < len(p) && (p[n] == ' ' || p[n] >= '\t' && p[n] <= '\r') {
		n++
	}
	if n > 0 {
		w.emit(p[:n])
		w.begun = !isEnd(p[n-1])
	}
	if n < len(p) {
		w.state = inText
		if p[n] == ':' {
			w.held, w.state = append(w.held[:0], ':'), inOpener
			return n + 1
		}
	}
	return n
}

// text passes everything up to a line's end or a #.
func (w *CommandWriter) text(p []byte) int {
	n := bytes.IndexAny(p, "\r\n#")
	switch {
	case n < 0:
		w.emit(p)
		return len(p)
	case p[n] == '#':
		w.emit(p[:n])
		w.held, w.state = append(w.held[:0], '#'), inOpener
	default:
		w.emit(p[:n+1])
		w.begun, w.state = false, atBlank
	}
	return n + 1
}

// opener takes the second byte of :: or the second and third of ##[.
func (w *CommandWriter) opener(b byte) int {
	want := "::"
	if w.held[0] == '#' {
		want = "##["
	}
	switch {
	case b == want[len(w.held)]:
		w.held = append(w.held, b)
		if len(w.held) == len(want) {
			w.state = inName
		}
		return 1
	case b == '#' && want == "##[": // a third #: the last two may be the beginning
		w.emit(w.held[:1])
		return 1
	}
	w.release()
	return 0
}

// name takes a byte of the name, as long as it can become one that matters.
func (w *CommandWriter) name(b byte) int {
	size := openerSize(w.held)
	part := strings.ToLower(string(append(w.held[size:], b)))
	for _, name := range w.c.names() {
		full, complete := strings.CutPrefix(part, name)
		if complete && full != "" && (full == " " || full[0] == closer(w.held)) {
			w.state = inLine
		}
		if w.state == inLine || strings.HasPrefix(name, part) {
			w.held = append(w.held, b)
			return 1
		}
	}
	w.release()
	return 0
}

func openerSize(held []byte) int {
	if held[0] == '#' {
		return len("##[")
	}
	return len("::")
}

// closer is the byte that ends the name, or begins its end.
func closer(held []byte) byte {
	if held[0] == '#' {
		return ']'
	}
	return ':'
}

// names are the commands that matter now, in lower case.
func (c *Commands) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return []string{c.token}
	}
	return []string{"add-mask", "stop-commands"}
}

// line takes bytes up to the line's end.
func (w *CommandWriter) line(p []byte) int {
	n := slices.IndexFunc(p, isEnd)
	if n >= 0 {
		w.held = append(w.held, p[:n]...)
		w.finish(p[n : n+1])
		return n + 1
	}
	w.held = append(w.held, p...)
	if len(w.held) > maxCommand {
		w.release()
	}
	return len(p)
}

// finish deals with a whole command and the end of its line.
func (w *CommandWriter) finish(end []byte) {
	value, masks := w.c.follow(w.held)
	if masks && w.c.Known(value) {
		if w.begun {
			w.emit(end) // of what stands before ##[
		}
	} else {
		w.emit(append(w.held, end...))
	}
	if masks {
		w.c.Learn(value)
	}
	w.held = w.held[:0]
	w.begun, w.state = false, atBlank
}

// follow does what a command says. It returns the value of an add-mask.
func (c *Commands) follow(line []byte) (value []byte, masks bool) {
	name, data, ok := splitCommand(string(line))
	if !ok {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.stopped && name == c.token:
		c.stopped = false
	case c.stopped:
	case name == "stop-commands":
		c.stopped, c.token = true, strings.ToLower(data)
	case name == "add-mask" && strings.TrimSpace(data) != "":
		return []byte(data), true
	}
	return nil, false
}

// splitCommand takes ::name props::data or ##[name props]data apart.
func splitCommand(line string) (name, data string, ok bool) {
	rest, close, escapes := line[2:], "::", commandEscapes
	if line[0] == '#' {
		rest, close, escapes = line[3:], "]", legacyEscapes
	}
	info, data, ok := strings.Cut(rest, close)
	name, _, _ = strings.Cut(info, " ")
	for _, e := range escapes {
		data = strings.ReplaceAll(data, e.from, e.to)
	}
	return strings.ToLower(name), data, ok
}

// An escape is undone in the order of its table: % last, as the runner does.
type escape struct{ from, to string }

var (
	commandEscapes = []escape{{"%0D", "\r"}, {"%0A", "\n"}, {"%25", "%"}}
	legacyEscapes  = []escape{{"%3B", ";"}, {"%0D", "\r"}, {"%0A", "\n"}, {"%5D", "]"}, {"%25", "%"}}
)
