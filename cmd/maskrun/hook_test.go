//go:build unix

package main_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A script ends in one of these ways, and must end so under the hook too: with the
// same code, the same lines, and the value in none of them. $S is the value, and $C
// what there would be without it.
var hookEndings = []struct{ why, script string }{
	{"the end of the text", `echo "one $S"`},
	{"exit 0", `echo "one $S"; exit 0; echo never`},
	{"a code", `echo "one $S"; exit 3`},
	{"the highest code", `exit 255`},
	{"the last command fails", `echo one; (exit 9)`},
	{"set -e: the failing line's code", "set -e\necho one\nsh -c 'exit 42'\necho never"},
	{"set -e in a function", "set -e\nf() { echo in; false; echo never; }\nf\necho never"},
	{"set -e and a failing trap condition is no end", "set -e\nif false; then :; fi\nfalse || echo \"or $S\"\nexit 6"},
	{"a failing pipeline without pipefail", "set -e\nfalse | cat\necho \"after $S\""},
	{"set -u", "set -u\necho one\necho \"$no_such_variable\"\necho never"},
	{"exit in a function", "f() { echo \"in $S\"; exit 5; }\nf\necho never"},
	{"exit in a subshell is not the end", "(echo sub; exit 4)\necho \"code $?\"\nexit 8"},
	{"a subshell's own trap", "(trap 'echo \"sub trap $S\"' EXIT; exit 4)\necho \"code $?\""},
	{"a trap set later", "trap 'echo \"bye $? $S\"' EXIT\nexit 7"},
	{"a trap set later, and set -e", "set -e\ntrap 'echo \"bye $? $S\"' EXIT\nfalse\necho never"},
	{"a trap replaced and reset", "trap 'echo first' EXIT\ntrap 'echo second' 0\ntrap - EXIT\nexit 2"},
	{"a trap on a signal", "trap 'echo \"usr1 $S\"' USR1\nkill -USR1 $$\nexit 11"},
	{"a trap that exits otherwise", "trap 'echo \"bye $?\"; exit 21' EXIT\nexit 3"},
	{"a trap set for two at once", "trap 'echo both' EXIT TERM\nexit 12"},
	{"the shell killed by TERM", "echo \"one $S\"\nkill -TERM $$\nsleep 5"},
	{"the shell killed by KILL", "echo \"one $S\"\nkill -KILL $$\nsleep 5"},
	{"a command killed by a signal", "sh -c 'kill -TERM $$'"},
	{"exec into a program", `echo before; exec sh -c 'echo "after $S"; exit 13'`},
	{"exec into what prints long", `exec sh -c 'i=0; while [ $i -lt 2000 ]; do echo "line $i $S"; i=$((i+1)); done; exit 14'`},
	{"a background job, waited for", "{ sleep 0.2; echo \"late $S\"; } &\nwait\necho done\nexit 15"},
	{"a background job with its code", "sh -c 'exit 33' &\nwait $!\nexit $?"},
	{"a long last line without its end", `printf '%s' "no newline $S"; exit 16`},
	{"stderr too", "echo \"to stderr $S\" >&2\nexit 17"},
	{"command not found", "no-such-command-here\nexit $?"},
	{"a syntax error", "echo one\nfi\necho never"},
	{"set -f, IFS, umask and noclobber", "set -f -C\nIFS=:\numask 077\necho \"one $S\"\nexit 18"},
	{"a trace", "set -x\necho \"one $S\" >/dev/null\n{ set +x; } 2>/dev/null\nexit 19"},
	{"many lines, and the last one counts", "i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i+1)); done\nexit 20"},
	{"reads its own text no further", "read -r x\nthis line is data $\necho \"got $x\""},
	{"cd away", "cd /\necho \"in $PWD $S\"\nexit 22"},
	{"stdout closed at the end", "exec >&-\nexit 23"},
}

const hookValue = "CANARY-of-the-hook/%+="

// TestHook runs every ending in sh; the others wait for the suite with servers.
func TestHook(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of processes")
	}
	testHook(t, filepath.Dir(buildMaskrun(t)), "sh")
}

func testHook(t *testing.T, bin string, shell ...string) {
	if _, err := exec.LookPath(shell[0]); err != nil {
		t.Fatal(err)
	}
	for _, c := range hookEndings {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			bare := runScript(t, shell, bin, "export S='"+hookValue+"'\n"+c.script)
			hooked := runScript(t, shell, bin, `eval "$(maskrun hook --secret S=env://HOOK_VALUE || echo exit 125)"`+"\n"+c.script)
			if hooked.code != bare.code {
				t.Errorf("exit code %d, want %d\n%s", hooked.code, bare.code, hooked.err)
			}
			for name, got := range map[string][2]string{"stdout": {hooked.out, bare.out}, "stderr": {hooked.err, bare.err}} {
				want := strings.ReplaceAll(got[1], hookValue, "***")
				if c.why == "a trace" && name == "stderr" {
					continue // shells quote the value each in their own way, and trace our trap too
				}
				if shown(got[0]) != shown(want) {
					t.Errorf("%s:\n%s\nwant\n%s", name, got[0], want)
				}
			}
			if strings.Contains(hooked.out+hooked.err, "CANARY") {
				t.Errorf("the value is shown:\n%s%s", hooked.out, hooked.err)
			}
		})
	}
}

// shown is a text without the numbers of lines: the snippet adds some.
func shown(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if head, rest, ok := strings.Cut(line, ": "); ok && strings.ContainsAny(head, "0123456789") || strings.Contains(line, ": line ") {
			line = rest[strings.LastIndex(strings.TrimSuffix(rest, "\n"), ": ")+1:]
		}
		b.WriteString(line)
	}
	return b.String()
}

type scriptEnd struct {
	code     int
	out, err string
}

// runScript gives the text on stdin, as GitLab's runner does, and reads until both
// streams have ended. A process that keeps them open would hang the test.
func runScript(t *testing.T, shell []string, bin, script string) scriptEnd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOOK_VALUE="+hookValue, "LC_ALL=C")
	cmd.Stdin = strings.NewReader(script)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s hangs; so far:\n%s%s", shell[0], out.String(), errOut.String())
	}
	code := cmd.ProcessState.ExitCode()
	if code < 0 {
		code = 128 + int(cmd.ProcessState.Sys().(syscall.WaitStatus).Signal())
	}
	if _, isExit := err.(*exec.ExitError); err != nil && !isExit {
		t.Fatal(err)
	}
	return scriptEnd{code, out.String(), errOut.String()}
}
