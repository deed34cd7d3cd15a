package child

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// extraSignals are the forwarded signals that only Linux has.
func extraSignals() []os.Signal { return []os.Signal{syscall.SIGPWR} }

// attributes sets how the child starts, and tells whether it leads a group.
//
// Pdeathsig: when we are killed the child gets TERM.
//
// Setpgid only without a controlling terminal: a child outside the foreground
// group that touches its terminal is stopped by TTIN or TTOU
// (golang.org/issue/37217).
//
// On a screen, which is its standard output, it leads the session.
func attributes(cmd *exec.Cmd, screen bool) (group bool) {
	if screen {
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setsid: true, Setctty: true, Ctty: 1}
		return true
	}
	group = !hasTerminal()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: group}
	return group
}

// awaitExit returns when the child has exited, and leaves it to be collected.
func awaitExit(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// signalGroup signals the child's group, if the child is still in it. The caller
// knows that the child has not been collected.
func signalGroup(pid int, sig syscall.Signal) bool {
	pgid, err := unix.Getpgid(pid)
	return err == nil && pgid == pid && unix.Kill(-pid, sig) == nil
}

// Widen asks for a pipe of 1 MiB in place of the usual 64 KiB, so that who writes
// and who reads wait for each other less often. It never makes a pipe smaller.
// Users have a quota of such pipes, and f may be no pipe at all: failing is fine.
func Widen(f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		if size, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil && size < pipeSize {
			unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize)
		}
	})
}

// ignoredSignals asks the kernel, because signal.Ignored knows of HUP and INT
// only. Without /proc those two have to do.
func ignoredSignals() map[syscall.Signal]bool {
	ignored := map[syscall.Signal]bool{}
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		hex, ok := strings.CutPrefix(line, "SigIgn:")
		if !ok {
			continue
		}
		mask, _ := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
		for n := range 64 {
			if mask&(1<<n) != 0 {
				ignored[syscall.Signal(n+1)] = true
			}
		}
	}
	return ignored
}

// deliverPending makes this thread take the signals that are sent to the process and
// that the thread chosen for them has not come to take. It does so when it unblocks
// them.
func deliverPending() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if unix.PthreadSigmask(unix.SIG_BLOCK, &all, &before) == nil {
		_ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	}
}

// pollable replaces f by a file that can be given a deadline, and closed while it is
// read: pkg pty takes the descriptor of those that it opens, which makes them block.
func pollable(f *os.File) (*os.File, error) {
	defer f.Close()
	fd := -1
	err := control(f, func(old int) (err error) {
		if fd, err = unix.FcntlInt(uintptr(old), unix.F_DUPFD_CLOEXEC, 3); err != nil {
			return err
		}
		return unix.SetNonblock(fd, true)
	})
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// canLead tells that Spec.Lead is used.
const canLead = true

const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)
