//go:build unix

package child

import (
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Sink returns a writer that puts every byte into f or fails.
//
// It is meant for descriptors we share with others, as 1 and 2 are: it neither
// sets nor clears O_NONBLOCK, which belongs to the file and not to us. When
// somebody else has set it (node does) and the reader is slow, Sink waits with
// poll(2) and goes on. Interrupted and partial writes are continued. A reader
// that has gone away is the error EPIPE, on descriptors 1 and 2 too, where
// os.File would end the process. So is a terminal that has hung up.
//
// It is safe for concurrent use; one Write is not cut by another. It does not
// close f.
func Sink(f *os.File) io.Writer {
	s := &sink{f: f}
	s.raw, s.closed = f.SyscallConn()
	s.put = func(fd uintptr) {
		if s.n, s.err = writeAll(int(fd), s.p); s.err == unix.EIO && atTerminal(int(fd)) {
			s.err = unix.EPIPE
		}
	}
	return s
}

// A sink has what one Write needs, made once: a log is many writes, and none of
// them allocates.
type sink struct {
	f      *os.File
	raw    syscall.RawConn
	closed error // why there is no raw

	mu  sync.Mutex
	put func(fd uintptr) // puts p, and sets n and err
	p   []byte
	n   int
	err error
}

// Write returns len(p) and nil, or fewer and an [*fs.PathError].
func (s *sink) Write(p []byte) (int, error) {
	if s.closed != nil {
		return 0, s.closed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p, s.n, s.err = p, 0, nil
	if s.raw.Control(s.put) != nil {
		s.err = os.ErrClosed // the one way in which Control fails
	}
	s.p = nil
	if s.err != nil {
		return s.n, &fs.PathError{Op: "write", Path: s.f.Name(), Err: s.err}
	}
	return s.n, nil
}

func writeAll(fd int, p []byte) (done int, err error) {
	for done < len(p) {
		n, err := retry(unix.Write, fd, p[done:])
		switch {
		case err == unix.EAGAIN:
			if err := awaitRoom(fd); err != nil {
				return done, err
			}
		case err != nil:
			return done, err
		case n == 0:
			return done, io.ErrShortWrite
		default:
			done += n
		}
	}
	return done, nil
}

// atTerminal tells a terminal, for which EIO is that nobody is there to read, from a
// disk that fails. One that has hung up cannot even be asked for its modes.
func atTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, getTermios)
	return err == nil || err == unix.EIO
}

// awaitRoom waits until fd takes bytes again or has failed, which the next write
// finds out.
func awaitRoom(fd int) error {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for {
		_, err := unix.Poll(fds, -1)
		if err != unix.EINTR {
			return err
		}
	}
}
