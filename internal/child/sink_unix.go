//go:build unix

package child

import (
	"io"
	"io/fs"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Sink returns a writer that puts every byte into f or fails.
//
// It is meant for descriptors we share with others, as 1 and 2 are: it neither
// sets nor clears O_NONBLOCK, which belongs to the file and not to us. When
// somebody else has set it (node does) and the reader is slow, Sink waits with
// poll(2) and goes on. Interrupted and partial writes are continued. A reader
// that has gone away is the error EPIPE, on descriptors 1 and 2 too, where
// os.File would end the process.
//
// It is safe for concurrent use; one Write is not cut by another. It does not
// close f.
func Sink(f *os.File) io.Writer { return &sink{f: f} }

type sink struct {
	f  *os.File
	mu sync.Mutex
}

// Write returns len(p) and nil, or fewer and an [*fs.PathError].
func (s *sink) Write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := s.f.SyscallConn()
	if err != nil {
		return 0, err
	}
	if raw.Control(func(fd uintptr) { n, err = writeAll(int(fd), p) }) != nil {
		err = os.ErrClosed // the one way in which Control fails
	}
	if err != nil {
		return n, &fs.PathError{Op: "write", Path: s.f.Name(), Err: err}
	}
	return n, nil
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
