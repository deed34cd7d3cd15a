package main

import (
	"bytes"
	"io"
	"os"

	"github.com/maskrun/maskrun/internal/child"
	"github.com/maskrun/maskrun/internal/crash"
	"github.com/maskrun/maskrun/internal/detect"
)

// A stream is the way of one output to its file: the redactor of the registered
// values, and behind it, with --detect, the one that knows shapes. Before both, under
// GitHub Actions, workflow commands are read.
type stream struct {
	w       io.Writer
	closers []io.Closer // in the order of the way
	broken  error       // a redactor panicked: nothing more is written
}

// stream makes a way to dst; hits are told under its name.
func (l *load) stream(name string, dst io.Writer) *stream {
	if l.detector == nil {
		first := l.masker.NewStream(name, dst)
		return l.following(name, &stream{w: first, closers: []io.Closer{first}})
	}
	second := l.detector.NewWriter(dst)
	first := l.masker.NewStream(name, second)
	return l.following(name, &stream{w: first, closers: []io.Closer{first, second}})
}

// following puts before a command's stream what reads workflow commands of it.
func (l *load) following(name string, s *stream) *stream {
	if l.commands == nil || name == "" {
		return s
	}
	w := l.commands.NewWriter(s.w)
	return &stream{w: w, closers: append([]io.Closer{w}, s.closers...)}
}

// Write passes p on the way. Should a redactor panic, the error says so without
// the value of the panic, and no byte comes out any more: what it would hold
// back is not known. FAULTS 101.
func (s *stream) Write(p []byte) (n int, err error) {
	err = s.guard(func() error { n, err = s.w.Write(p); return err })
	return n, err
}

func (s *stream) guard(f func() error) (err error) {
	if s.broken != nil {
		return s.broken
	}
	panicked := true
	err = crash.Guard(func() error { err := f(); panicked = false; return err })
	if panicked {
		s.broken = err
	}
	return err
}

// Close ends the stream: what was held back is hidden or written, from the first
// redactor into the second and then to the file, which stays open. An error of
// the file sticks to every writer before it, and is returned once.
func (s *stream) Close() error {
	var first error
	for _, c := range s.closers {
		if err := s.guard(c.Close); first == nil {
			first = err
		}
	}
	return first
}

// streams makes those of stdout and stderr. When these are one open file (2>&1),
// or are one terminal, they are one stream, so that the order of the writes is kept.
func (l *load) streams(stdout, stderr *os.File, tty terminal) (out, errOut *stream) {
	child.Widen(stdout)
	child.Widen(stderr)
	if tty.typing && l.detector == nil {
		out = l.echo("stdout", child.Sink(stdout))
	} else {
		out = l.stream("stdout", child.Sink(stdout))
	}
	if tty.joined || sameFile(stdout, stderr) {
		return out, out
	}
	return out, l.stream("stderr", child.Sink(stderr))
}

// mask passes b through a stream of its own.
func (l *load) mask(b []byte) []byte {
	if l.detector == nil {
		return l.masker.Mask(b)
	}
	var out bytes.Buffer
	s := l.stream("", &out)
	_, _ = s.Write(b) // a bytes.Buffer does not fail
	_ = s.Close()
	return out.Bytes()
}

// detectorFor makes the redactor of --detect. It writes the marker of the other
// one, which is known to show and to complete no value.
func (l *load) detectorFor(m maskFlags) (*detect.Detector, error) {
	return detect.New(&detect.Options{Marker: l.masker.Marker(), Label: m.label, OnHit: l.leaks.found})
}
