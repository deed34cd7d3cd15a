package child

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// sigSuspend is no signal: Windows cannot suspend this way.
const sigSuspend = syscall.Signal(-1)

var toJobs map[syscall.Signal]bool

const sigHangUp = syscall.SIGHUP

type inbox struct{ c chan os.Signal }

// listen catches Ctrl-C and Ctrl-Break, and the closing of the console.
func listen() *inbox {
	in := &inbox{c: make(chan os.Signal, 16)}
	signal.Notify(in.c, os.Interrupt, syscall.SIGTERM)
	return in
}

func (in *inbox) stop() { signal.Stop(in.c) }

// fromTerminal is always true of Ctrl-C: the console sends it to all of its
// processes.
func fromTerminal(sig syscall.Signal) bool { return sig == syscall.SIGINT }

func (*inbox) suspend() {}

func (*inbox) flush() {}

func attributes(*exec.Cmd, bool) (group bool) { return false }

func awaitExit(int) {}

func signalGroup(int, syscall.Signal) bool { return false }

// Widen does nothing: here a pipe's size is fixed when it is made.
func Widen(*os.File) {}

const canLead = false

// Terminals tells whether Spec.PTY can be had on this system.
const Terminals = false

var errNoScreen = errors.New("terminals cannot be made on this system")

// A screen is what ConPTY would be behind. It is not built: PTY is refused.
type screen struct{ slave *os.File }

func openScreen(Spec) (*screen, error)        { return nil, errNoScreen }
func (*screen) give()                         {}
func (*screen) leave()                        {}
func (*screen) close()                        {}
func (*screen) hungUp() <-chan struct{}       { return nil }
func (*screen) ends(*os.File) (_, _ *os.File) { return nil, nil }
func (*screen) input() input                  { return nil }
func (*screen) begin()                        {}
func (*screen) pass()                         {}
func (*relay) onStop(syscall.Signal)          {}
func (r *relay) onScreen(sig syscall.Signal)  { r.send(sig) }

// source is our end of a pipe. Windows has no deadlines for those: closing it is
// what ends a Read.
type source struct{ *os.File }

func (s source) expire() { s.Close() }

func (s source) poll([]byte) (int, error) { return 0, os.ErrClosed }

func find(s Spec) (string, error) {
	path, err := exec.LookPath(s.Argv[0])
	if errors.Is(err, exec.ErrNotFound) {
		return "", startError(s, codeNotFound, errNotFound)
	}
	if err != nil {
		return "", startError(s, codeCannot, err)
	}
	return path, nil
}

func classify(s Spec, err error) *StartError { return startError(s, codeCannot, err) }

func statusOf(state *os.ProcessState) Status { return Status{Code: state.ExitCode()} }

// Sink returns a writer to f; here f itself will do.
func Sink(f *os.File) io.Writer { return f }
