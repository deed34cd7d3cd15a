package child

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// bufSize is how much one read takes. A quarter of the pipe: while we work on it
// the command fills the other three, and two streams stay well under a MiB.
const bufSize = pipeSize / 4

// pipeSize is what we ask the kernel for: 1 MiB is the most Linux grants without
// privileges (/proc/sys/fs/pipe-max-size). A command that prints in bursts then
// blocks less often.
const pipeSize = 1 << 20

// An input is our end of one stream.
type input interface {
	io.ReadCloser

	// expire makes the Read under way and every later one fail with
	// os.ErrDeadlineExceeded or os.ErrClosed.
	expire()

	// poll reads what is there without waiting: io.EOF when the stream has
	// ended, another error when there is nothing now.
	poll(p []byte) (int, error)
}

// A stream copies one pipe of the child to its writer. The fields below dst
// belong to the goroutine in run until that has returned.
type stream struct {
	name string
	src  input
	dst  io.Writer

	sinkErr, readErr error
	cut              bool // the drain ended before the stream did
}

// run copies until the stream ends, the writer fails or the stream is cut.
func (s *stream) run() {
	defer s.src.Close()
	buf := make([]byte, bufSize)
	err := s.copy(buf)
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, os.ErrClosed) {
		s.cut, err = s.flush(buf), nil
	}
	s.readErr = err
}

// copy hands on what it reads until the end, which is nil, or a read error.
func (s *stream) copy(buf []byte) error {
	for {
		n, err := s.src.Read(buf)
		if n > 0 && !s.deliver(buf[:n]) {
			return nil
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// flush hands on what is in the pipe when the waiting is over, and tells whether
// somebody still holds its other end. The command has exited, so whatever it
// wrote is in the pipe, and a pipe holds at most pipeSize: beyond that it is a
// background process that keeps writing.
func (s *stream) flush(buf []byte) (held bool) {
	for left := pipeSize; left > 0; {
		n, err := s.src.poll(buf)
		if n > 0 && !s.deliver(buf[:n]) {
			return false
		}
		if err != nil {
			return err != io.EOF
		}
		left -= n
	}
	return true
}

// deliver writes p and tells whether to go on. After a failure nothing more is
// written. Only a stderr whose reader has gone is read on and thrown away.
func (s *stream) deliver(p []byte) (more bool) {
	if s.sinkErr != nil {
		return true
	}
	n, err := s.dst.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	s.sinkErr = err
	return err == nil || s.name == "stderr" && errors.Is(err, syscall.EPIPE)
}

func (s *stream) err() error {
	var errs []error
	if s.sinkErr != nil {
		errs = append(errs, &SinkError{Stream: s.name, Err: s.sinkErr})
	}
	if s.readErr != nil {
		errs = append(errs, &ReadError{Stream: s.name, Err: s.readErr})
	}
	return errors.Join(errs...)
}
