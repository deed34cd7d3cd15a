// Package exec is the store exec://COMMAND: what a command prints.
//
// The command runs in a shell, in the working directory, with maskrun's
// environment and no stdin. Newlines at the end of its output are removed, as
// $(…) does. Only trusted references may run one.
package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "exec", Help: "what a command prints; needs trust", TrimNewline: true, Open: open}
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	if !env.Trusted {
		return nil, fmt.Errorf("running a command from this configuration needs --trust-config: %w", fetch.ErrDenied)
	}
	dir := ""
	if env.Root != nil {
		dir = env.Root.Name()
	}
	return source{dir}, nil
}

type source struct{ dir string }

// lingering is how long the command's pipe may stay open after the command has
// ended: a process it left behind would hold us for ever.
const lingering = time.Second

// Read runs the command; when ctx ends its whole process group is killed. What
// it writes to stderr is dropped: nothing here could mask it.
func (s source) Read(ctx context.Context, command string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, fmt.Errorf("%w: in a command write ? as %%3F", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &bounded{overflow: cancel}
	cmd := shell(ctx, command)
	cmd.Dir, cmd.Stdout, cmd.WaitDelay = s.dir, out, lingering
	err := cmd.Run()
	if err = explain(ctx, err); err != nil {
		clear(out.buf.Bytes())
		return fetch.Document{}, err
	}
	return fetch.Document{Data: out.buf.Bytes()}, nil
}

var errOverflow = errors.New("the command printed more than 1 MiB")

// explain puts the end of the command into words. None of them wraps what would
// make the Resolver run it again: commands have effects.
func explain(ctx context.Context, err error) error {
	var exit *exec.ExitError
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errOverflow):
		return errOverflow
	case errors.Is(cause, context.DeadlineExceeded):
		return errors.New("the command did not end in time and was killed")
	case cause != nil:
		return cause
	case errors.Is(err, exec.ErrWaitDelay):
		return errors.New("the command left a process behind that holds its output open")
	case errors.As(err, &exit):
		return fmt.Errorf("the command failed (%s): run it by itself to see its messages", exit.ProcessState)
	case err != nil:
		return errors.New("no shell to run the command")
	}
	return nil
}

// bounded collects at most fetch.MaxDocument bytes and then calls off the command.
type bounded struct {
	buf      bytes.Buffer
	overflow context.CancelCauseFunc
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > fetch.MaxDocument {
		b.overflow(errOverflow)
		return 0, errOverflow
	}
	return b.buf.Write(p)
}
