package child

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/maskrun/maskrun/internal/crash"
)

// A led is a command with a leader between it and us, see [Lead].
type led struct {
	leader *process
	exited chan ending
	stops  chan syscall.Signal

	mu      sync.Mutex // held while control is used, but for listening
	control int        // a socket to the leader; -1 when that has gone
}

// startLed starts the leader of a terminal's session and, by it, the command.
func startLed(s Spec, w *wiring, path string) (runner, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, startError(s, codeOwn, os.NewSyscallError("socketpair", err))
	}
	l := &led{control: pair[0], exited: make(chan ending, 1), stops: make(chan syscall.Signal, 16)}
	theirs := os.NewFile(uintptr(pair[1]), "control")
	cmd := command(s, w, ownProgram)
	cmd.Args = append(append(append([]string{}, s.Lead...), path), s.Argv...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs, w.screen.slave, w.screen.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	l.leader = &process{cmd: cmd, await: awaitExit}
	err = l.leader.start(s.around)
	theirs.Close()
	if err != nil {
		unix.Close(l.control)
		return nil, classify(s, err)
	}
	if err = l.begin(w); err == nil {
		go func() { l.exited <- l.listen(l.control) }()
		return l, nil
	}
	l.hangUp() // the leader ends
	end := <-l.leader.exited
	if !endsUs[end.Signal] {
		return nil, classify(s, err)
	}
	// A key was pressed between its fork and its session: till then it was in our
	// group. A command would have ended by that too.
	l.exited <- end
	return l, nil
}

// begin hands over the command's files and waits until it runs.
func (l *led) begin(w *wiring) error {
	front := byte(1)
	if c := w.screen.console; c != nil && !c.taken {
		front = 0
	}
	hello := []byte{sayFront, front}
	err := withFds([]*os.File{w.stdin, w.stdout, w.stderr}, func(fds []int) error {
		if c := w.screen.console; c != nil {
			fds = append(fds, c.fd)
			hello = append(hello, bytesOf(c.found())[:]...)
		}
		return unix.Sendmsg(l.control, hello, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL)
	})
	if err != nil {
		return os.NewSyscallError("sendmsg", err)
	}
	switch what, n := hear(l.control); what {
	case tellBegun:
		return nil
	case tellError:
		return syscall.Errno(n)
	}
	return errNoLeader
}

// withFds lends the descriptors of files; /dev/null for nil.
func withFds(files []*os.File, use func(fds []int) error) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	var fds []int
	var lend func(rest []*os.File) error
	lend = func(rest []*os.File) error {
		if len(rest) == 0 {
			return use(fds)
		}
		f := rest[0]
		if f == nil {
			f = null
		}
		return control(f, func(fd int) error {
			fds = append(fds, fd)
			return lend(rest[1:])
		})
	}
	return lend(files)
}

func (l *led) signal(sig syscall.Signal) { l.say(saySignal, byte(sig)) }

func (l *led) say(what, n byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.control >= 0 {
		say(l.control, what, n)
	}
}

func (l *led) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.control >= 0 {
		unix.Close(l.control)
	}
	l.control = -1
}

func (l *led) front(on bool) {
	n := byte(0)
	if on {
		n = 1
	}
	l.say(sayFront, n)
}

func (l *led) events() (<-chan ending, <-chan syscall.Signal) { return l.exited, l.stops }

// listen takes what the leader tells until it is gone.
func (l *led) listen(control int) (end ending) {
	end = ending{Status{Code: codeOwn}, errLeaderGone}
	err := crash.Guard(func() error { l.follow(control, &end); return nil })
	l.hangUp()        // the leader ends the command if it is there yet
	<-l.leader.exited // so that the last one who has the terminal open is gone
	if err != nil {
		end.err = err
	}
	return end
}

func (l *led) follow(control int, end *ending) {
	for {
		switch what, n := hear(control); what {
		case tellStop:
			select {
			case l.stops <- syscall.Signal(n):
			default: // sixteen stops that nobody has looked at: as good as one
			}
		case tellExit:
			*end = ending{Status{Code: n}, nil}
		case tellKill:
			*end = ending{Status{Code: -1, Signal: syscall.Signal(n)}, nil}
		case 0:
			return
		}
	}
}

// Lead leads the session of a terminal that [Run] has made, in a process of its
// own: it starts the command there, passes signals on, and tells how it fares. It
// returns when the command has exited. argv is what Run put behind Spec.Lead,
// around is for Spec.Around; the files are the process's own.
//
// There has to be a leader for Ctrl-Z to work: the kernel stops no process by it
// whose parent is not of the same session, because nobody there would continue
// it. And when a session's leader exits, its terminal's foreground is ended by
// HUP: a command that leads would take what it leaves behind along.
func Lead(argv, env []string, around func(start func() error) error) int {
	if len(argv) < 2 {
		return codeOwn
	}
	inbox := listen() // what is sent to us is not meant for us, and must not end us
	defer inbox.stop()
	l := leader{}
	files, err := l.receive()
	if err != nil {
		return codeOwn
	}
	l.proc = &process{
		cmd:   &exec.Cmd{Path: argv[0], Args: argv[1:], Env: env, Stdin: files[0], Stdout: files[1], Stderr: files[2]},
		group: true, jobs: true,
		await: l.watch,
	}
	l.proc.cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGTERM, Setpgid: true, Foreground: l.front.Load(), Ctty: leaderTerminal,
	}
	if err := l.proc.start(Spec{Around: around}.around); err != nil {
		var errno syscall.Errno
		if !errors.As(err, &errno) {
			errno = syscall.EINVAL
		}
		say(leaderControl, tellError, byte(errno))
		return codeOwn
	}
	for _, f := range files {
		f.Close()
	}
	a := newAlarm()
	go a.watch(l.obey)
	go a.watch(func() { l.standIn(inbox.c) })
	select {
	case end := <-l.proc.exited:
		l.report(end)
		return 0
	case <-a: // our end tells
		l.orphaned()
		return codeOwn
	}
}

// The leader's own files.
const (
	leaderControl  = 0
	leaderTerminal = 1
)

// A leader is the process that runs Lead.
type leader struct {
	proc    *process
	front   atomic.Bool // the command has the foreground of its terminal; else we have it
	console int         // the person's terminal, if we are to put it in order; else 0
	found   unix.Termios
}

// receive takes the command's files, and the person's terminal if there is one.
func (l *leader) receive() (files []*os.File, err error) {
	p, oob := make([]byte, 2+termiosSize), make([]byte, unix.CmsgSpace(4*4))
	n, oobn, _, _, err := unix.Recvmsg(leaderControl, p, oob, unix.MSG_CMSG_CLOEXEC)
	if err != nil || n < 2 {
		return nil, errNoLeader
	}
	l.front.Store(p[1] == 1)
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 {
		return nil, errNoLeader
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) < 3 {
		return nil, errNoLeader
	}
	for i, fd := range fds[:3] {
		files = append(files, os.NewFile(uintptr(fd), strconv.Itoa(i)))
	}
	if len(fds) > 3 && n == len(p) {
		l.console = fds[3]
		copy(bytesOf(&l.found)[:], p[2:])
	}
	return files, nil
}

const termiosSize = unsafe.Sizeof(unix.Termios{})

// bytesOf is the memory of t: two processes of one program agree on what it means.
func bytesOf(t *unix.Termios) *[termiosSize]byte { return (*[termiosSize]byte)(unsafe.Pointer(t)) }

// watch tells that the command runs, waits for it to exit, and tells when it is
// stopped.
func (l *leader) watch(pid int) {
	say(leaderControl, tellBegun, 0)
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WSTOPPED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil || info.Code != cldStopped && info.Code != cldTrapped {
			return
		}
		info = unix.Siginfo{}
		err = unix.Waitid(unix.P_PID, pid, &info, unix.WSTOPPED|unix.WNOHANG, nil)
		if sig := statusIn(&info); err == nil && info.Signo != 0 {
			say(leaderControl, tellStop, byte(sig))
		}
	}
}

// Reasons of SIGCHLD, from signal.h.
const (
	cldTrapped = 4
	cldStopped = 5
)

// statusIn reads the exit code or signal, two numbers behind the process.
func statusIn(info *unix.Siginfo) int { return int(*numberIn(info, 2)) }

// numberIn reads what unix.Siginfo has no names for: behind three numbers of 32
// bits comes a union, aligned like a pointer, that begins with the process.
func numberIn(info *unix.Siginfo, n uintptr) *int32 {
	const union = (3*4 + unsafe.Sizeof(uintptr(0)) - 1) &^ (unsafe.Sizeof(uintptr(0)) - 1)
	return (*int32)(unsafe.Add(unsafe.Pointer(info), union+4*n))
}

// obey does as it is told. At the end of the socket the one who tells is dead.
func (l *leader) obey() {
	for {
		switch what, n := hear(leaderControl); what {
		case saySignal:
			l.proc.signal(syscall.Signal(n))
		case sayFront:
			pgrp := unix.Getpgrp()
			if l.front.Store(n == 1); n == 1 {
				pgrp = l.proc.cmd.Process.Pid
			}
			setForeground(leaderTerminal, pgrp)
		case 0:
			l.orphaned()
			return
		}
	}
}

// standIn passes on what our terminal sends to its foreground while that is us: a key
// pressed just before the command got the keyboard, a new size. The end of the
// terminal it tells us always, and the foreground besides.
func (l *leader) standIn(signals <-chan os.Signal) {
	for s := range signals {
		sig := s.(syscall.Signal)
		if typed[sig] || (sig == syscall.SIGHUP || sig == syscall.SIGCONT) && !l.front.Load() {
			l.proc.signal(sig)
		}
	}
}

// orphaned ends the command, as when we are killed without a leader, and puts the
// person's terminal in order: nobody else will. But only if it is as we left it.
func (l *leader) orphaned() {
	l.proc.signal(syscall.SIGTERM)
	if l.console == 0 {
		return
	}
	now, err := unix.IoctlGetTermios(l.console, getTermios)
	if err == nil && (*now == *rawMode(l.found, true) || *now == *rawMode(l.found, false)) {
		_ = unix.IoctlSetTermios(l.console, setTermios, &l.found)
	}
}

// report tells how the command ended. First it takes the terminal's foreground:
// when a leader exits that gets HUP, and shall be nobody but us.
func (l *leader) report(end ending) {
	setForeground(leaderTerminal, unix.Getpgrp())
	if end.Signal != 0 {
		say(leaderControl, tellKill, byte(end.Signal))
		return
	}
	say(leaderControl, tellExit, byte(end.Code))
}

// setForeground gives a group the terminal tty. Who does so from the background
// would get TTOU for it, if that were not blocked.
func setForeground(tty, pgrp int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var ttou, before unix.Sigset_t
	ttou.Val[0] = 1 << (unix.SIGTTOU - 1)
	if unix.PthreadSigmask(unix.SIG_BLOCK, &ttou, &before) != nil {
		return
	}
	_ = unix.IoctlSetPointerInt(tty, unix.TIOCSPGRP, pgrp) // a group that is gone needs none
	_ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
}
