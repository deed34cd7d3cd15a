package ansiblevault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// longestPassword bounds what a script may print.
const longestPassword = 64 << 10

// runScript gives what a password script prints. One whose name ends in -client is
// told the vault id, as Ansible does. What it says on stderr is dropped: nothing
// here could mask it.
func runScript(ctx context.Context, path, id string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, path)
	if name := filepath.Base(path); strings.HasSuffix(strings.TrimSuffix(name, filepath.Ext(name)), "-client") && id != "" {
		cmd.Args = append(cmd.Args, "--vault-id", id)
	}
	out := &bounded{}
	cmd.Stdout, cmd.WaitDelay = out, time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case errors.As(err, &exit):
		err = fmt.Errorf("the script %s failed (%s): run it by itself to see its messages: %w", path, exit.ProcessState, fetch.ErrDenied)
	case err != nil:
		err = fmt.Errorf("the script %s cannot be run, or printed too much: %w", path, fetch.ErrDenied)
	default:
		return out.buf.Bytes(), nil
	}
	clear(out.buf.Bytes())
	return nil, err
}

// bounded is no Buffer itself: io.Copy would go past Write to its ReadFrom.
type bounded struct{ buf bytes.Buffer }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > longestPassword {
		return 0, errors.New("too much")
	}
	return b.buf.Write(p)
}
