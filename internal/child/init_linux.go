package child

import (
	"context"
	"os/exec"

	"golang.org/x/sys/unix"
)

// ownProgram is the program that runs now, even if its file has been replaced.
const ownProgram = "/proc/self/exe"

// Init is what process 1 of a container does: it runs this program once more,
// with i.Argv, and is an init to it. The second one does the work, and is a process
// like any other.
//
// Two processes, because the first inherits every orphan of the container and
// must collect them, and the second waits for children of its own (commands that
// fetch a secret, helpers, the command itself). In one process nobody could tell
// the ones from the others for sure, and an exit status would be stolen now and
// then. And to process 1 the kernel sends no signal that it has not asked for:
// what ends any other program would not end it.
//
// Signals are passed on as [Run] does. Files are passed as they are, also those
// above 2. When the second process ends, so may the first: with its exit code.
// The error is a [*StartError] if there is no second process.
func Init(i InitSpec) (Status, error) {
	inbox := listen()
	defer inbox.stop()
	cmd := &exec.Cmd{Path: ownProgram, Args: i.Argv, Env: i.Env, Stdin: i.Stdin, Stdout: i.Stdout, Stderr: i.Stderr}
	p := &process{cmd: cmd, await: reapUntilExit}
	p.group = attributes(cmd, false)
	s := Spec{Argv: i.Argv, Around: i.Around, alarm: newAlarm()}
	if err := p.start(s.around); err != nil {
		return failed(startError(s, codeOwn, bare(err)))
	}
	r := newRelay(s, p, inbox, &wiring{})
	return r.untilExit(context.Background())
}

// reapUntilExit returns when our one child has exited, and collects every other
// process that does so before. It looks first and collects then: a call that
// does both at once would collect the child too.
func reapUntilExit(pid int) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_ALL, 0, &info, unix.WEXITED|unix.WNOWAIT|unix.WALL, nil)
		if err == unix.EINTR {
			continue
		}
		orphan := int(*numberIn(&info, 0))
		if err != nil || orphan == pid {
			return
		}
		unix.Wait4(orphan, nil, unix.WNOHANG|unix.WALL, nil)
	}
}
