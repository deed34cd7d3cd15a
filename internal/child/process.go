package child

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"github.com/maskrun/maskrun/internal/crash"
)

// A runner is a started child, near or far.
type runner interface {
	signal(sig syscall.Signal)

	// front says whether the child has the keyboard of its terminal.
	front(on bool)

	// events returns a channel of one value, and one that tells of stops, or nil.
	events() (exited <-chan ending, stops <-chan syscall.Signal)
}

// An ending is how a child ended, and the error if that could not be learnt.
type ending struct {
	Status
	err error
}

// A process is a started child that has not been waited for by anybody else.
type process struct {
	cmd    *exec.Cmd
	jobs   bool          // it has a terminal of its own: its group is a shell's job
	group  bool          // it leads its own process group
	exited chan ending   // receives one value
	await  func(pid int) // returns when it has exited, and does not collect it

	mu   sync.Mutex
	gone bool // it has exited, and its number may soon belong to another
}

// start starts the child of s.
func start(s Spec, w *wiring) (runner, error) {
	path, err := find(s)
	if err != nil {
		return nil, err
	}
	if w.screen != nil && canLead && len(s.Lead) > 0 {
		return startLed(s, w, path)
	}
	p := &process{cmd: command(s, w, path), await: awaitExit}
	p.jobs = w.screen != nil
	p.group = attributes(p.cmd, p.jobs)
	if err := p.start(s.around); err != nil {
		return nil, classify(s, err)
	}
	return p, nil
}

// start starts p on a thread of its own, which waits for it too: Linux sends
// Pdeathsig when the *thread* that started the child ends
// (golang.org/issue/27505), so that thread has to live as long as the child.
func (p *process) start(around func(func() error) error) error {
	p.exited = make(chan ending, 1)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := crash.Guard(func() error { return around(p.cmd.Start) })
		if err != nil && p.cmd.Process != nil { // it failed behind the start
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
		started <- err
		if err == nil {
			p.wait()
		}
	}()
	return <-started
}

func command(s Spec, w *wiring, path string) *exec.Cmd {
	cmd := &exec.Cmd{Path: path, Args: s.Argv, Env: s.Env, Dir: s.Dir}
	if cmd.Env == nil {
		cmd.Env = []string{} // nil would mean our own
	}
	// A nil *os.File in an interface is not nil: hence the tests.
	if w.stdin != nil {
		cmd.Stdin = w.stdin
	}
	if w.stdout != nil {
		cmd.Stdout = w.stdout
	}
	if w.stderr != nil {
		cmd.Stderr = w.stderr
	}
	return cmd
}

// wait first learns that the child has exited and only then collects it, so that
// no signal can be on its way to a number that is free again.
func (p *process) wait() {
	err := crash.Guard(func() error { p.await(p.cmd.Process.Pid); return nil })
	if err != nil {
		p.cmd.Process.Kill()
	}
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	p.cmd.Wait() // its error only repeats the state
	p.exited <- ending{statusOf(p.cmd.ProcessState), err}
}

func (p *process) events() (<-chan ending, <-chan syscall.Signal) { return p.exited, nil }

// front has nothing to do: who leads a session has the keyboard, or takes it.
func (p *process) front(bool) {}

// signal sends sig to the child, or to its group when it has one and the signal
// is one to end by, or one that jobs get. A child that has exited, or that may no
// longer be signalled because it changed user, is no error: there is nobody to tell.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return
	}
	if p.group && (endsUs[sig] || sig == syscall.SIGKILL || p.jobs && toJobs[sig]) && signalGroup(p.cmd.Process.Pid, sig) {
		return
	}
	p.cmd.Process.Signal(sig)
}
