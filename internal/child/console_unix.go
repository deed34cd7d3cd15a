//go:build unix

package child

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// A console is the terminal we were started from, where a person may sit. While
// it is taken its modes are raw, and what is typed goes to the command's terminal.
//
// Its methods are called from one goroutine, that of the relay.
type console struct {
	fd   int
	post bool // our output goes there as it is, so that it must not change line ends
	keys *keys

	taken bool
	saved unix.Termios // from before it was taken
}

// openConsole finds the terminal: standard input if it is one, else the
// controlling terminal. It returns nil if there is none.
func openConsole(stdin *os.File, screen bool) *console {
	fd, err := dupTerminal(stdin)
	if err != nil {
		fd, err = openTerminal()
	}
	if err != nil {
		return nil
	}
	return &console{fd: fd, post: !screen}
}

// dupTerminal returns a descriptor of our own for f, if f is a terminal.
func dupTerminal(f *os.File) (fd int, err error) {
	if f == nil {
		return -1, os.ErrInvalid
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	e := raw.Control(func(from uintptr) {
		if _, err = unix.IoctlGetTermios(int(from), getTermios); err == nil {
			fd, err = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 3)
		}
	})
	if e != nil {
		return -1, e
	}
	return fd, err
}

// foreground tells whether we may use the terminal. Where it is not our
// controlling terminal nobody keeps us from it.
func (c *console) foreground() bool {
	pgrp, err := unix.IoctlGetInt(c.fd, unix.TIOCGPGRP)
	return err != nil || pgrp == unix.Getpgrp()
}

// take makes the terminal raw. What is typed stays in it until pass. The caller has
// seen that we are in the foreground; else we would be stopped here, as any program.
func (c *console) take() {
	if c.taken {
		return
	}
	now, err := unix.IoctlGetTermios(c.fd, getTermios)
	if err != nil {
		return
	}
	c.saved = *now
	c.taken = unix.IoctlSetTermios(c.fd, setTermios, rawMode(*now, c.post)) == nil
}

// pass starts to hand on what is typed, if the terminal is taken: only when there is
// a command, or Ctrl-C would find nobody, or a leader that cannot catch it yet.
func (c *console) pass() {
	if c != nil && c.taken {
		c.keys.turn(true)
	}
}

// found are the modes that the terminal has without us.
func (c *console) found() *unix.Termios {
	if !c.taken {
		if now, err := unix.IoctlGetTermios(c.fd, getTermios); err == nil {
			c.saved = *now
		}
	}
	return &c.saved
}

// give stops reading and puts the modes back.
func (c *console) give() {
	if c == nil || !c.taken {
		return
	}
	c.taken = false
	c.keys.turn(false)
	if c.foreground() {
		_ = unix.IoctlSetTermios(c.fd, setTermios, &c.saved) // a terminal that is gone has no modes
	}
}

// rawMode is cfmakeraw(3), but for reads, which do not wait: we ask poll(2) first,
// and then another program may have taken what there was.
func rawMode(t unix.Termios, post bool) *unix.Termios {
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	if !post {
		t.Oflag &^= unix.OPOST
	}
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 0, 0
	return &t
}

// keys carries what is typed at a console to the command's terminal.
type keys struct {
	fd   int
	to   interface{ Write([]byte) (int, error) }
	wake [2]int        // a pipe: a byte says that on has changed, its end that we end
	gone chan struct{} // closed when the terminal has hung up
	done chan struct{} // closed at the end

	mu sync.Mutex // held while reading: after turn(false) nothing more is read
	on bool
}

func newKeys(fd int, to interface{ Write([]byte) (int, error) }, a alarm) (*keys, error) {
	k := &keys{fd: fd, to: to, gone: make(chan struct{}), done: make(chan struct{})}
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return nil, os.NewSyscallError("pipe", err)
	}
	unix.CloseOnExec(p[0])
	unix.CloseOnExec(p[1])
	k.wake = p
	go a.watch(k.run)
	return k, nil
}

func (k *keys) turn(on bool) {
	k.mu.Lock()
	k.on = on
	k.mu.Unlock()
	_, _ = unix.Write(k.wake[1], []byte{0}) // a pipe of ours with a byte or two in it
}

// stop ends the reading. What is being written to the command's terminal ends
// when that is closed.
func (k *keys) stop() {
	unix.Close(k.wake[1])
	<-k.done
	unix.Close(k.wake[0])
}

func (k *keys) run() {
	defer close(k.done)
	var buf [4096]byte
	for {
		n, hungUp, more := k.read(buf[:])
		if !more {
			return
		}
		if n > 0 {
			_, _ = k.to.Write(buf[:n]) // closed: the end is near
		}
		if hungUp {
			close(k.gone)
			return
		}
	}
}

// read waits until something is typed, and reads it if it is still ours to read.
func (k *keys) read(p []byte) (n int, hungUp, more bool) {
	fds := []unix.PollFd{{Fd: int32(k.wake[0]), Events: unix.POLLIN}, {Fd: -1, Events: unix.POLLIN}}
	k.mu.Lock()
	if k.on {
		fds[1].Fd = int32(k.fd)
	}
	k.mu.Unlock()
	if _, err := unix.Poll(fds, -1); err != nil {
		return 0, false, err == unix.EINTR
	}
	if fds[0].Revents != 0 {
		n, _ := unix.Read(k.wake[0], make([]byte, 16))
		return 0, false, n > 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.on {
		return 0, false, true
	}
	n, err := retry(unix.Read, k.fd, p)
	lost := fds[1].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
	return max(n, 0), n <= 0 && (lost || err == unix.EIO), true
}
