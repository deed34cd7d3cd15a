package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/internal/child"
)

// The hook has four parts; the shell runs them in this order, each as "maskrun
// hook" with a word behind it that no person types:
//
//	(none)   prints the first snippet, which calls enter
//	enter    starts redact, waits until it has the secrets, prints the second snippet
//	redact   the redactor: reads the shell's output from FIFOs until it ends
//	leave    called by the EXIT trap: waits until the last byte is out
//
// No snippet holds a value: with set -x a shell would print it. The values come
// through a FIFO once the shell's output, and so its trace, goes through redact.
func hookCommand() command {
	return command{
		name:  "hook",
		args:  "[flags]",
		short: "print what makes a running shell script hide its secrets",
		long: `For jobs whose shell the runner starts, be it bash, dash or busybox sh:

   eval "$(maskrun hook || echo exit 125)"

From that line on the script has its secrets as variables, everything that it
prints passes the redactor, and its exit code stays. If a secret cannot be had
the script ends with 125. The EXIT trap waits until the last byte is out; one of
the script's own is run before it.

MASKRUN_CONFIG, MASKRUN_ENVIRONMENT and MASKRUN_ENV_FILE stand for -c, -e and
--env-file; MASKRUN_SECRETS holds lines NAME=REF, as --secret takes them.`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Which secrets", secretFlagSet()},
				{"How they are hidden", maskFlagSet()},
				{"The script", []cli.Flag{
					&cli.BoolFlag{Name: "fail-on-leak", Usage: "exit 86 if something was hidden and the script succeeded"},
					&cli.StringSliceFlag{Name: "keep-env", Usage: "leave the script the variables `NAMES` even if they opened a store (A,B; repeatable)"},
					&cli.DurationFlag{Name: "drain", Value: child.DefaultDrain, Usage: "wait this `LONG` for processes that the script left behind with its output open (default: 2s)"},
				}},
			}
		},
		run: runHook,
	}
}

func runHook(p *program, c *cli.Context) error {
	args := c.Args().Slice()
	if len(args) == 0 {
		return p.hookPrint(c)
	}
	for _, part := range []struct {
		word string
		args int
		run  func(p *program, c *cli.Context, args []string) error
	}{
		{"enter", 2, (*program).hookEnter},
		{"redact", 3, (*program).hookRedact},
		{"leave", 3, (*program).hookLeave},
	} {
		if args[0] == part.word && len(args) == part.args {
			return part.run(p, c, args[1:])
		}
	}
	return usagef("hook", `takes no arguments: eval "$(maskrun hook)"`)
}

// hookPrint prints the first snippet. It hands descriptor 9, the script's stdout,
// to enter, whose own stdout is the text to be evaluated. The number of the
// shell's process is asked of a child: $$ is wrong in a subshell, and GitLab's
// runner runs every script in one.
func (p *program) hookPrint(c *cli.Context) error {
	if _, err := readMaskFlags(c); err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("own program: %w", err)
	}
	words := append([]string{exe, "hook"}, givenFlags(c)...)
	for i, w := range words {
		words[i] = shellQuote(w)
	}
	_, err = fmt.Fprintf(child.Sink(p.stdout), hookFirst, strings.Join(words, " "))
	return err
}

// hookFirst begins with what holds if anything of it fails: the end.
const hookFirst = `maskrun_text='exit 125';
maskrun_shell=$(exec sh -c 'echo "$PPID"' </dev/null);
{ maskrun_text=$(%s enter "$maskrun_shell" 9>&9 </dev/null || echo "exit $?"); } 9>&1;
eval "$maskrun_text";
`

// hookSecond takes: DIR, where stderr goes, the program.
//
// In it trap becomes a function that knows of the hook: the script may have set an
// EXIT trap before, or set one later, which then runs first. In bash a function can
// have the name of a special builtin, in the others an alias can. Traps set before
// are read from a file because dash lists none in $(trap). In a subshell the
// function sets the EXIT trap of that subshell, whose end is not the script's:
// hence the comparison of processes. The if has two equal branches because $? must
// be what it was when the script's own trap begins, and set -e must not end that.
const hookSecond = `[ -z "${ZSH_VERSION-}" ] || setopt posixbuiltins posixtraps;
maskrun_dir=%s;
exec >"$maskrun_dir/out" 2>%s;
eval "$(cat "$maskrun_dir/env" </dev/null)";
maskrun_user=:;
maskrun_all='if maskrun_note; then eval "$maskrun_user"; else eval "$maskrun_user"; fi; maskrun_exit';
maskrun_note() { maskrun_code=$?; return "$maskrun_code"; };
maskrun_exit() {
	[ "$(exec sh -c 'echo "$PPID"' </dev/null)" = "$maskrun_shell" ] || return 0;
	exec >/dev/null 2>&1;
	maskrun_end=0;
	%s hook leave "$maskrun_dir" "$maskrun_code" </dev/null || maskrun_end=$?;
	[ "$maskrun_end" = "$((maskrun_code & 255))" ] || exit "$maskrun_end";
};
maskrun_trap() {
	case ${1-} in --) shift ;; -?*) command trap "$@"; return ;; esac;
	case $# in 0) command trap; return ;; 1) set -- - "$1" ;; esac;
	case $1 in *[!0-9]* | "") maskrun_do=$1; shift ;; *) maskrun_do=- ;; esac;
	for maskrun_on; do
		case $maskrun_on in
		EXIT | exit | 0)
			case $maskrun_do in
			"$maskrun_all") ;;
			- | "") maskrun_user=: ;;
			*) maskrun_user=$maskrun_do ;;
			esac;
			command trap "$maskrun_all" EXIT ;;
		*) command trap -- "$maskrun_do" "$maskrun_on" || return ;;
		esac;
	done;
};
command trap >"$maskrun_dir/trap";
case ${ZSH_VERSION-}/${BASH_VERSION-}/${SHELLOPTS-} in
/?*/*posix* | ?*/*/* | //*) alias trap=maskrun_trap 2>/dev/null || : ;;
*) eval 'trap() { maskrun_trap "$@"; }' ;;
esac;
command trap "$maskrun_all" EXIT;
eval "$(cat "$maskrun_dir/trap" </dev/null)";
`

// givenFlags writes the flags that were given as arguments again.
func givenFlags(c *cli.Context) []string {
	var out []string
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if !c.IsSet(name) {
			continue
		}
		switch f.(type) {
		case *cli.BoolFlag:
			out = append(out, fmt.Sprintf("--%s=%t", name, c.Bool(name)))
		case *cli.StringSliceFlag:
			for _, v := range c.StringSlice(name) {
				out = append(out, "--"+name+"="+v)
			}
		default:
			out = append(out, fmt.Sprintf("--%s=%v", name, c.Value(name)))
		}
	}
	return out
}

// shellQuote writes s as one word of a POSIX shell.
func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// hookEnter starts the redactor, waits until it is ready, and prints the second
// snippet. Its descriptor 9 is the script's stdout.
func (p *program) hookEnter(c *cli.Context, args []string) error {
	out := os.NewFile(9, "stdout")
	if out == nil {
		return errors.New("hook enter: not started by the hook")
	}
	dir, err := (&privateFiles{getenv: p.getenv}).makeDir()
	if err != nil {
		return fmt.Errorf("private directory: %w", err)
	}
	one := sameFile(out, p.stderr)
	if err := p.hookStart(c, dir, args[0], out, one); err != nil {
		_ = os.RemoveAll(dir)
		return err
	}
	stderr := `"$maskrun_dir/err"`
	if one {
		stderr = "&1"
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(child.Sink(p.stdout), hookSecond, shellQuote(dir), stderr, shellQuote(exe))
	return err
}

// hookStart makes the FIFOs and starts the redactor, in a session of its own: a
// signal to the job's group must not end it before the job's last words. It says
// ready, or its exit code, on a pipe.
func (p *program) hookStart(c *cli.Context, dir, shell string, out *os.File, one bool) error {
	names := []string{"out", "env"}
	if !one {
		names = append(names, "err")
	}
	for _, name := range names {
		if err := makeFIFO(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("FIFO: %w", err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	ready, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	argv := append(append([]string{"maskrun", "hook"}, givenFlags(c)...), "redact", shell, dir)
	cmd := inSession(exe, argv, p.environ)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, p.stderr, []*os.File{theirs}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the redactor: %w", pathless(err))
	}
	theirs.Close()
	said, err := io.ReadAll(io.LimitReader(ready, 64))
	if string(said) == "ready" {
		return cmd.Process.Release()
	}
	_ = cmd.Wait() // it has said why
	if code := cmd.ProcessState.ExitCode(); code > 0 {
		return exitStatus(code)
	}
	return errors.Join(errors.New("the redactor did not start"), err)
}

// hookLeave tells the redactor that the script has ended, waits until it has
// written everything, and gives the exit code: the script's, unless the
// redactor has another.
func (p *program) hookLeave(_ *cli.Context, args []string) error {
	dir := args[0]
	code, err := strconv.Atoi(args[1])
	if err != nil {
		return usagef("hook", "leave: want the exit code of the script")
	}
	lock, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return exitStatus(code) // it has ended by itself
	}
	defer lock.Close()
	if err := os.WriteFile(filepath.Join(dir, "left"), nil, 0o600); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := waitForLock(lock); err != nil {
		return err
	}
	said, err := io.ReadAll(io.LimitReader(lock, 16))
	if err != nil {
		return err
	}
	switch string(said) {
	case "cut":
		return exitStatus(exitFailed)
	case "leak":
		if code == exitOK {
			return exitStatus(exitLeak)
		}
	}
	return exitStatus(code)
}
