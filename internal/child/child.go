// Package child runs one command and stays out of its way.
//
// [Run] starts the command, hands every byte of its two output streams to an
// [io.Writer], passes on the signals the caller receives, and reports how the
// command ended. It knows nothing of masking: the writers do that.
//
// # Output
//
// Each stream has its own pipe, one goroutine and one fixed buffer. What the
// command writes is handed on at once; a writer that blocks makes the command
// block, so memory does not grow. When Spec.Stdout and Spec.Stderr are the same
// writer the command gets one pipe for both and the order of its writes is kept.
//
// # Terminals
//
// With Spec.PTY the command's standard output is a terminal that we make. So is
// its standard error if Spec.Stderr is the same writer as Spec.Stdout (another one
// gets a pipe), and its standard input if Spec.Stdin is a terminal; anything else
// it reads as it is. The new terminal has the modes and the size of ours, which is
// Spec.Stdin or else our controlling terminal, and follows its size. Line ends
// become CR LF only where Spec.Screen says that a terminal shows them.
//
// While the command has the keyboard our terminal is raw, and what is typed goes
// to the command's: Ctrl-C is made a signal there. It has the keyboard from the
// start if Spec.Stdin and Spec.Screen are terminals and we are in the foreground;
// otherwise from when it asks, by reading its terminal or changing its modes, so
// that another program of a pipeline can read till then. Our terminal's modes are
// put back when the command ends or stops, by a panic too and, with a leader, when
// we are killed.
//
// When the command stops, we stop with our process group, if there is a shell to
// notice; when we are continued, it is. Without a terminal of ours nobody can
// type, and reads find the end at once.
//
// A terminal that goes away, because a writer has failed, sends HUP.
//
// # The end
//
// Run returns when the command has exited and its pipes have ended. Processes
// the command left behind may keep a pipe open: Run waits for them at most
// Spec.Drain, delivers what is in the pipe by then, closes it, and reports
// Status.Truncated. What the command itself wrote before it exited is delivered
// always, however slow the writer. A clean exit stays a clean exit.
//
// # Writers that fail
//
// When a writer fails, its pipe is closed, so that the command is ended by
// SIGPIPE if it goes on writing, and Run's error holds a [SinkError]. One
// exception: when only the reader of standard error has gone away (EPIPE), that
// stream is read on and thrown away, because standard output must stay whole.
//
// # Signals
//
// HUP INT QUIT TERM USR1 USR2 ALRM VTALRM CONT WINCH TSTP IO PWR XCPU XFSZ are
// caught before the command starts and passed on once each, also those that
// arrive while it is being started. URG CHLD PIPE PROF TTIN and TTOU are never
// passed on. A signal that was ignored stays ignored, for the command too.
//
// With a controlling terminal the command shares our process group. While that
// group is in the foreground INT, QUIT, TSTP and WINCH are taken to come from
// the terminal, which has signalled the command already: they are not passed
// on, unless they came before there was a command. The price: such a signal sent by hand to us alone does not arrive (TERM
// and HUP always do). TSTP suspends us as well. With a terminal of its own the
// command is in another session, and gets every signal through us.
//
// Without a controlling terminal, on Linux, the command leads its own process
// group. So a supervisor that signals our whole group signals it once, through
// us. HUP INT QUIT and TERM go to the command's group, as the supervisor's
// would have; the rest go to the command alone. The price: KILL sent to our
// group does not reach the command, which gets TERM from the kernel instead, as
// always when we are killed (Linux).
//
// The command starts with the signal mask and the dispositions we were started
// with, but for what the Go runtime changes before any of our code runs: of the
// ignored signals only HUP INT TSTP TTIN TTOU and CONT stay ignored, and HUP INT
// QUIT TERM CHLD PROF and those of crashes (ILL TRAP ABRT BUS FPE SEGV STKFLT SYS)
// are unblocked. What else was ignored, PIPE or QUIT for instance, has the default
// action in the command. It cannot be known: the runtime has put handlers of its own
// in place by then, and neither it nor the kernel tells what was there before.
//
// # Concurrency
//
// Signals belong to the process: of several Runs at once each passes on every
// signal.
package child

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// DefaultDrain is what a zero Spec.Drain means. GitHub's runner kills the whole
// process tree 5 s after a step's process exits with its pipes still open; half
// of that leaves time to report.
const DefaultDrain = 2 * time.Second

// Spec says what to run and how. Only Argv must be set. Run does not change it.
type Spec struct {
	// Argv is the command and its arguments, passed as they are: no shell.
	// A name without a slash is looked for on the PATH in Env.
	Argv []string

	// Env is the whole environment, "NAME=value" each; of duplicates the last
	// counts. Nil means an empty environment, never ours.
	Env []string

	// Dir is the working directory; empty means ours. A relative Argv[0] and
	// relative PATH entries are taken from there.
	Dir string

	// Stdin is passed as it is, but for a terminal under PTY; nil means /dev/null.
	// Run does not close it.
	Stdin *os.File

	// Stdout and Stderr receive the two streams; nil means /dev/null. They may
	// be the same writer. Different writers are used from different goroutines
	// at the same time; Run does not close them. For a file use [Sink].
	Stdout, Stderr io.Writer

	// PTY gives the command a terminal in place of the pipe of Stdout: see
	// "Terminals" above.
	PTY bool

	// Screen is the terminal that Stdout writes to, nil if it writes elsewhere.
	// For PTY only.
	Screen *os.File

	// Lead is the command line, from its first word on, that makes this program
	// call [Lead]. Without it a command with a terminal leads the session itself.
	// For PTY, on Linux.
	Lead []string

	// Drain is how long to wait for open pipes after the command has exited:
	// 0 means DefaultDrain, less than 0 no limit. HUP INT QUIT TERM and the end
	// of ctx cut it short.
	Drain time.Duration

	// KillAfter is how long after the first TERM or INT we passed on the
	// command, and its group if it has its own, gets KILL; 0 means never.
	KillAfter time.Duration

	// Around, if not nil, is called in place of start and must call it once,
	// with this process set up as the command is to inherit it (its limits).
	Around func(start func() error) error

	// Signals are sent to the command as though we had received them; nil and
	// closed channels are allowed.
	Signals <-chan syscall.Signal

	alarm alarm // of this Run
}

// InitSpec says how [Init] starts this program once more. Its fields are those of
// [Spec], but for Argv: the program is this one, whatever the first word.
type InitSpec struct {
	Argv, Env             []string
	Stdin, Stdout, Stderr *os.File
	Around                func(start func() error) error
}

// Status says how a command ended: by an exit code or by a signal, never both.
type Status struct {
	// Code is the exit code, -1 when a signal ended the command, and
	// StartError.Code when nothing was run.
	Code int

	// Signal is what ended the command, 0 if it exited.
	Signal syscall.Signal

	// Truncated tells that a background process still held an output pipe when
	// the drain ended. The command itself lost nothing; what the other process
	// went on to write is lost.
	Truncated bool
}

// ExitCode is the status as a shell shows it: 128+n for signal n, else the code.
func (s Status) ExitCode() int {
	if s.Signal != 0 {
		return 128 + int(s.Signal)
	}
	return s.Code
}

// Run runs a command to its end.
//
// The error says what went wrong on our side, never how the command fared. It
// is a [*StartError] when nothing was run. Otherwise the Status is valid, and
// the error joins: one [*SinkError] per writer that failed, a [*ReadError] per
// stream that could not be read, ctx's cause if its end stopped the command, and an
// error without a value for a panic of ours (or of a writer). That ends the command
// as the end of ctx does.
//
// When ctx ends the command gets TERM, and KILL after Spec.KillAfter; if that is
// 0, after Spec.Drain, or DefaultDrain if there is no limit. So do not derive
// ctx from a signal that Run passes on: the command would get two.
func Run(ctx context.Context, s Spec) (Status, error) {
	if err := check(ctx, s); err != nil {
		return failed(err)
	}
	inbox := listen()
	defer inbox.stop()
	return run(ctx, s, inbox)
}

// run is Run with signals coming in already: they wait until there is a child.
func run(ctx context.Context, s Spec, in *inbox) (Status, error) {
	s.alarm = newAlarm()
	// 1. The child's files, and our ends of its pipes.
	w, err := wire(s)
	if err != nil {
		return failed(startError(s, codeOwn, err))
	}
	defer w.screen.close() // also if we panic
	w.screen.begin()
	// 2. Start, and give up our copies of the child's ends.
	p, err := start(s, w)
	w.started()
	if err != nil {
		w.abandon()
		return failed(err)
	}
	// 3. Relay until it exits, then until its pipes end.
	w.screen.pass()
	r := newRelay(s, p, in, w)
	st, err := r.relay(ctx, w.cut)
	// 4. Report.
	st.Truncated = w.truncated()
	return st, errors.Join(w.err(), err)
}

// check refuses what cannot be run before anything has been opened.
func check(ctx context.Context, s Spec) *StartError {
	switch {
	case len(s.Argv) == 0:
		return startError(s, codeOwn, errNoCommand)
	case ctx.Err() != nil:
		return startError(s, codeOwn, context.Cause(ctx))
	}
	for _, bad := range []func(Spec) error{nulByte, badDir, badStdin} {
		if err := bad(s); err != nil {
			return startError(s, codeOwn, err)
		}
	}
	return nil
}

func failed(err error) (Status, error) {
	var s *StartError
	if errors.As(err, &s) {
		return Status{Code: s.Code}, err
	}
	return Status{Code: codeOwn}, err
}

// around starts the command by start.
func (s Spec) around(start func() error) error {
	if s.Around == nil {
		return start()
	}
	return s.Around(start)
}

func (s Spec) drain() time.Duration {
	if s.Drain == 0 {
		return DefaultDrain
	}
	return s.Drain
}

// grace is the time between TERM and KILL when ctx has ended: there has to be
// one, or Run would outlive its context.
func (s Spec) grace() time.Duration {
	switch {
	case s.KillAfter > 0:
		return s.KillAfter
	case s.drain() > 0:
		return s.drain()
	}
	return DefaultDrain
}
