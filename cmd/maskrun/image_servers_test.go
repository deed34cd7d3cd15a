//go:build servers && linux

package main_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// inImage runs an image that .ci/run image has built, with podman and runc, and
// gives the exit code and the two streams.
func inImage(t *testing.T, stdin, image string, flags, args []string) (int, string, string) {
	t.Helper()
	dir := os.Getenv("MASKRUN_IMAGE_DIR")
	if dir == "" {
		t.Fatal("MASKRUN_IMAGE_DIR is not set: .ci/run image sets it")
	}
	argv := []string{"--root", dir + "/root", "--runroot", dir + "/run", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc",
		"run", "--rm", "-i", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096", "--pull=never", "--network", "none"}
	argv = append(append(append(argv, flags...), "localhost/"+image), args...)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "podman", argv...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if ctx.Err() != nil || cmd.ProcessState == nil {
		t.Fatalf("podman: %v\n%s", err, errOut.String())
	}
	if strings.Contains(out.String()+errOut.String(), "CANARY") {
		t.Errorf("the value is shown:\n%s%s", out.String(), errOut.String())
	}
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

const (
	theImage = "maskrun:job"
	jobEnv   = "MASKRUN_SECRETS=TOKEN=env://JOB_VALUE"
)

// The image as a runner uses it: its shell is appended, the script comes on stdin.
// FAULTS 57, 58
func TestImage(t *testing.T) {
	env := []string{"-e", jobEnv, "-e", "JOB_VALUE=" + jobValue}
	for _, c := range []struct {
		why, script string
		flags       []string
		code        int
		out         string
	}{
		{"masked, and the code kept", "echo \"token $TOKEN\"; exit 7", nil, 7, "token ***\n"},
		{"any user id", "id -u; echo \"token $TOKEN\"; echo x >/tmp/x && cat /tmp/x", []string{"--user", "12345:54321"}, 0, "12345\ntoken ***\nx\n"},
		{"a root file system that cannot be written", "echo \"token $TOKEN\"", []string{"--read-only", "--user", "12345"}, 0, "token ***\n"},
		{"certificates are there", "grep -c BEGIN /etc/ssl/certs/ca-certificates.crt | grep -qv '^0$' && echo yes", nil, 0, "yes\n"},
		{"no package cache", "ls -A /var/cache /var/lib 2>/dev/null | wc -l", nil, 0, "0\n"},
		{"maskrun is the first process", "tr '\\0' ' ' </proc/1/cmdline | cut -c1-20", nil, 0, "maskrun entrypoint -\n"},
		{"a signal that ended the shell", "kill -TERM $$; sleep 9", nil, 143, ""},
		{"the hook inside of it", "eval \"$(maskrun hook --secret OTHER=env://JOB_VALUE || echo exit 125)\"\necho \"other $OTHER\"; exit 5", nil, 5, "other ***\n"},
	} {
		t.Run(c.why, func(t *testing.T) {
			code, out, errOut := inImage(t, c.script, theImage, append(c.flags, env...), []string{"sh"})
			if code != c.code || out != c.out {
				t.Errorf("code %d, want %d; stdout %q, want %q\n%s", code, c.code, out, c.out, errOut)
			}
		})
	}
}

// FAULTS 57: as the first process we collect orphans, and their ends are not ours.
func TestImageOrphans(t *testing.T) {
	script := `i=0
while [ $i -lt 20 ]; do (sh -c 'exit 9' & sleep 0.01 & ) ; i=$((i+1)); done
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	z=$(grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l)
	[ "$z" = 0 ] && break
	sleep 1
done
echo "zombies $z"
exit 3`
	code, out, errOut := inImage(t, script, theImage, nil, []string{"sh"})
	if code != 3 || out != "zombies 0\n" {
		t.Errorf("code %d, %q %s", code, out, errOut)
	}
}

// The other target holds the programs alone.
func TestImageBinary(t *testing.T) {
	code, out, errOut := inImage(t, "", "maskrun:binary", nil, []string{"version"})
	if code != 0 || !strings.HasPrefix(out, "maskrun ") {
		t.Errorf("code %d, %q %s", code, out, errOut)
	}
}
