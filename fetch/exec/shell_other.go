//go:build !unix

package exec

import (
	"context"
	"os/exec"
)

// shell is cmd /C. There are no process groups: only the shell itself is killed.
func shell(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "cmd", "/C", command)
}
