package helper

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/maskrun/maskrun/fetch/helper/internal/wire"
)

// A process is a running helper and our ends of its pipes. The pipes are ours,
// not os/exec's, so that waiting for the process never waits for a grandchild that
// keeps one of them open.
type process struct {
	cmd                   *exec.Cmd
	stdin, stdout, stderr *os.File
	exited                chan struct{} // closed when it is reaped
}

// startProcess runs the executable at path, in a session of its own.
func startProcess(path string, environ []string) (*process, error) {
	cmd := exec.Command(path)
	cmd.Env = append([]string{}, environ...) // never nil: nil would mean ours
	cmd.SysProcAttr = ownSession()
	p := &process{cmd: cmd, exited: make(chan struct{})}
	theirs, err := p.pipes()
	defer closeAll(theirs)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.closePipes()
		return nil, plain(err)
	}
	go p.reap()
	return p, nil
}

// pipes makes the three pipes and gives the ends that are the helper's.
func (p *process) pipes() ([]*os.File, error) {
	in, stdin, err1 := os.Pipe()
	stdout, out, err2 := os.Pipe()
	stderr, errw, err3 := os.Pipe()
	p.stdin, p.stdout, p.stderr = stdin, stdout, stderr
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = in, out, errw
	return []*os.File{in, out, errw}, errors.Join(err1, err2, err3)
}

// reap waits for the process, then kills what is left of its group. The group's
// number cannot be another's by then: numbers are given out in a circle.
func (p *process) reap() {
	_ = p.cmd.Wait() // ProcessState says it all; a stolen status leaves it nil
	killGroup(p.cmd.Process)
	// What it wrote before it ended is in the pipe still; a daemon that holds the pipe does not keep us.
	_ = p.stdout.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	_ = p.stderr.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	close(p.exited)
}

// waitFor tells whether the process ended within d.
func (p *process) waitFor(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.exited:
		return true
	case <-t.C:
		return false
	}
}

// kill ends the group at once and returns when the process is reaped.
func (p *process) kill() {
	select {
	case <-p.exited:
		return
	default:
	}
	killGroup(p.cmd.Process)
	<-p.exited
}

// status says how the process ended, e.g. "exit status 2" or "signal: killed".
// It must not be called before exited is closed.
func (p *process) status() string {
	if p.cmd.ProcessState == nil {
		return "its status was lost"
	}
	return p.cmd.ProcessState.String()
}

func (p *process) closePipes() { closeAll([]*os.File{p.stdin, p.stdout, p.stderr}) }

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// Limits of what is passed on of a helper's stderr. The rest is read and dropped,
// so that a helper that floods it is never blocked by us.
const maxStderrLines = 100

// drain reads stderr to its end, passing cleaned lines on to show.
func drain(r io.Reader, show func(string)) {
	if show != nil {
		b := bufio.NewReaderSize(r, 4096)
		for range maxStderrLines {
			line, err := firstPart(b)
			if err != nil {
				break
			}
			show(wire.Clean(line))
		}
		r = b
	}
	_, _ = io.Copy(io.Discard, r)
}

// firstPart gives the first part of the next line, at most the reader's buffer, and passes over the rest.
func firstPart(b *bufio.Reader) (string, error) {
	part, long, err := b.ReadLine()
	line := string(part)
	for long && err == nil {
		_, long, err = b.ReadLine()
	}
	return line, err
}

// plain strips the path and operation from an error of os/exec: our messages name the helper.
func plain(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
