//go:build unix

package child

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// A screen is the terminal that we make for the command, and the one it mirrors,
// if there is one.
type screen struct {
	master, slave *os.File
	model         *os.File // whose size it has; nil if nobody's
	console       *console // nil if nobody can type
	wanted        bool     // the command has the keyboard, or had it when it was stopped
	env           []string
}

// openScreen makes a terminal like the one we have: its modes, its size.
func openScreen(s Spec) (*screen, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	if master, err = pollable(master); err != nil {
		slave.Close()
		return nil, err
	}
	t := &screen{master: master, slave: slave, env: s.Env, model: s.Screen}
	if err := t.furnish(s); err != nil {
		master.Close()
		slave.Close()
		return nil, err
	}
	return t, nil
}

func (t *screen) furnish(s Spec) error {
	t.console = openConsole(s.Stdin, s.Screen != nil)
	t.wanted = t.console != nil && s.Screen != nil && s.Stdin != nil && isTerminal(s.Stdin)
	if err := t.setModes(s.Screen != nil); err != nil {
		return err
	}
	t.resize()
	if t.console == nil {
		return nil
	}
	keys, err := newKeys(t.console.fd, t.master, s.alarm)
	t.console.keys = keys
	return err
}

// setModes gives the new terminal the modes of ours. Where its output does not go
// to a terminal, line ends stay as the command writes them. Where nobody can type
// a read finds the end at once: a prompt shall fail, not wait for ever.
func (t *screen) setModes(post bool) error {
	return control(t.slave, func(fd int) error {
		m, err := unix.IoctlGetTermios(fd, getTermios)
		if err != nil {
			return err
		}
		if t.console != nil {
			if ours, err := unix.IoctlGetTermios(t.console.fd, getTermios); err == nil {
				m = ours
			}
		} else {
			m.Lflag &^= unix.ICANON | unix.ECHO
			m.Cc[unix.VMIN], m.Cc[unix.VTIME] = 0, 0
		}
		if !post {
			m.Oflag &^= unix.OPOST
		}
		m.Lflag &^= unix.TOSTOP // it is us whom TOSTOP is to stop, and does
		if err := unix.IoctlSetTermios(fd, setTermios, m); err != nil {
			return err
		}
		return unix.SetNonblock(fd, false)
	})
}

// resize makes the size what it should be, and tells whether it was another. The
// kernel sends WINCH to the command's foreground then.
func (t *screen) resize() (changed bool) {
	want := t.size()
	err := control(t.master, func(fd int) error {
		if had, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ); err == nil && *had == want {
			return nil
		}
		changed = true
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &want)
	})
	return changed && err == nil
}

// size is that of the terminal we write to, or read from; without one what
// COLUMNS and LINES say, and otherwise that of the terminals of old.
func (t *screen) size() (size unix.Winsize) {
	read := func(fd int) error {
		ws, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
		if err == nil {
			size = *ws
		}
		return err
	}
	if t.model != nil && control(t.model, read) == nil && size.Col > 0 {
		return size
	}
	if t.console != nil && read(t.console.fd) == nil && size.Col > 0 {
		return size
	}
	return unix.Winsize{Row: number(t.env, "LINES=", 24), Col: number(t.env, "COLUMNS=", 80)}
}

func number(env []string, prefix string, otherwise uint16) uint16 {
	n := otherwise
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, prefix); ok {
			if i, err := strconv.ParseUint(v, 10, 16); err == nil && i > 0 {
				n = uint16(i)
			}
		}
	}
	return n
}

// begin takes the keyboard if the command is to have it from the start: before it
// starts, so that it finds everything in its place.
func (t *screen) begin() {
	if t != nil && t.wanted && t.console.foreground() {
		t.console.take()
	}
}

// pass lets through to the command, which has started, what is typed.
func (t *screen) pass() {
	if t != nil {
		t.console.pass()
	}
}

// ends are what the command gets: the terminal, and nil where what we were given
// stays, because it is no terminal.
func (t *screen) ends(stdin *os.File) (in, out *os.File) {
	if t.console != nil && stdin != nil && isTerminal(stdin) {
		return t.slave, t.slave
	}
	return stdin, t.slave
}

func (t *screen) input() input { return glass{source{t.master}} }

// hungUp is closed when our terminal is gone.
func (t *screen) hungUp() <-chan struct{} {
	if t == nil || t.console == nil {
		return nil
	}
	return t.console.keys.gone
}

// give gives our terminal back, as we found it.
func (t *screen) give() {
	if t != nil {
		t.console.give()
	}
}

// leave gives up our copy of the command's end. We keep it until the command has
// exited: it may close all of its own and open /dev/tty later.
func (t *screen) leave() {
	if t != nil {
		t.slave.Close()
	}
}

// close ends it all. The master is closed by then, or was never used.
func (t *screen) close() {
	if t == nil {
		return
	}
	t.give()
	t.leave()
	t.master.Close()
	if c := t.console; c != nil {
		if c.keys != nil {
			c.keys.stop()
		}
		unix.Close(c.fd)
	}
}

func isTerminal(f *os.File) bool {
	is := false
	err := control(f, func(fd int) error {
		_, err := unix.IoctlGetTermios(fd, getTermios)
		is = err == nil
		return nil
	})
	return err == nil && is
}

// control lends the descriptor of f without changing its mode, as Fd would.
func control(f *os.File, use func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var useErr error
	if err := raw.Control(func(fd uintptr) { useErr = use(int(fd)) }); err != nil {
		return err
	}
	return useErr
}

// glass is our end of a screen. When nobody has the other end open any more, and
// all that was written has been read, Linux says EIO: that is its end.
type glass struct{ source }

func (g glass) Read(p []byte) (int, error) { return eof(g.source.Read(p)) }

func (g glass) poll(p []byte) (int, error) { return eof(g.source.poll(p)) }

func eof(n int, err error) (int, error) {
	if errors.Is(err, syscall.EIO) {
		return n, io.EOF
	}
	return n, err
}
