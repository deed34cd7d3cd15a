package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/internal/child"
)

func runCommand() command {
	return command{
		name:  "run",
		args:  "[flags] -- COMMAND [ARG...]",
		short: "run a command with its secrets, and hide them in its output",
		long: `The command is run as it is, without a shell. Its output passes the redactor,
each stream on its own; input, signals and the exit code pass untouched. If any
secret cannot be had nothing is run, and every failure is listed.

A variable in the environment whose value is a reference is resolved. Variables
that opened a store, such as SOPS_AGE_KEY, are not passed on; see --keep-env.

   maskrun run --secret TOKEN=sops://secrets.yaml#/ci/token -- make deploy
   maskrun run -e prod -- sh -c 'curl -H "Authorization: Bearer $TOKEN" …'`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Which secrets", secretFlagSet()},
				{"How they are hidden", maskFlagSet()},
				{"The command", runFlagSet()},
			}
		},
		run: runRun,
	}
}

func runRun(p *program, c *cli.Context) error {
	argv := c.Args().Slice()
	if len(argv) == 0 {
		return usagef("run", "no command to run: maskrun run [flags] -- COMMAND [ARG...]")
	}
	return p.runWith(c, argv, readSecretFlags(c))
}

// runWith runs argv with the secrets of f; the other flags are those of c.
func (p *program) runWith(c *cli.Context, argv []string, secrets secretFlags) error {
	m, err := readMaskFlags(c)
	if err != nil {
		return err
	}
	f, err := readRunFlags(c)
	if err != nil {
		return err
	}
	l, err := p.load(secrets, m)
	if err != nil {
		return err
	}
	return p.supervise(argv, f, l)
}

// supervise runs the command to its end and gives its exit code.
func (p *program) supervise(argv []string, f runFlags, l *load) error {
	report, err := p.openReport(f.report)
	if err != nil {
		return err
	}
	env, cleanUp, signalled, err := p.prepare(f, l)
	defer cleanUp()
	if err != nil {
		return err
	}
	tty := p.terminalFor(f.pty)
	out, errOut := l.streams(p.stdout, p.stderr, tty)
	l.leaks.on.Store(true)
	status, err := child.Run(context.Background(), child.Spec{
		Argv: argv, Env: env, Stdin: p.stdin, Stdout: out, Stderr: errOut,
		PTY: tty.on, Screen: tty.screen, Lead: leadArgv,
		Drain: f.drain, KillAfter: f.killAfter, Around: func(start func() error) error {
			if err := signalled(); err != nil {
				return err
			}
			return p.core.Start(start)
		},
	})
	err = errors.Join(err, closeAll(out, errOut))
	l.leaks.on.Store(false)
	return report.close(l, p.verdict(status, err, f, l))
}

// closeAll ends the streams: what they held back is written now.
func closeAll(out, errOut *stream) error {
	err := closeStream("stdout", out)
	if errOut == out {
		return err
	}
	return errors.Join(err, closeStream("stderr", errOut))
}

func closeStream(name string, c io.Closer) error {
	if err := c.Close(); err != nil {
		return &child.SinkError{Stream: name, Err: err}
	}
	return nil
}

// verdict turns how the command ended into our exit code, and says what a
// person must know. A reader that has gone away is no news: see BrokenPipe.
func (p *program) verdict(status child.Status, err error, f runFlags, l *load) error {
	var start *child.StartError
	var signalled exitStatus
	if errors.As(err, &start) {
		if errors.As(err, &signalled) {
			return signalled
		}
		p.say(start.Error())
		return exitStatus(start.Code)
	}
	if status.Truncated {
		p.sayf("a process that the command left behind kept its output open; cut off after %v (see --drain)", f.drain)
	}
	if err != nil && !child.BrokenPipe(err) {
		p.say("output was cut short: " + oncePerLine(err))
		return exitStatus(exitFailed)
	}
	if msg := l.leaks.message(); f.failOnLeak && msg != "" && status.ExitCode() == exitOK {
		p.say(msg)
		return exitStatus(exitLeak)
	}
	return exitStatus(status.ExitCode())
}

// oncePerLine joins the lines of an error, each once: a stream that failed says
// so at the write and at the close.
func oncePerLine(err error) string {
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// prepare is environFor with signals caught, so that one that comes before the
// command or after it leaves no file behind, and changes no exit code. They stay
// caught to our end. When somebody else listens too, signalled returns the status of
// one that came before: then there is to be no command.
func (p *program) prepare(f runFlags, l *load) (env []string, cleanUp func(), signalled func() error, err error) {
	signals, _ := catch()
	env, cleanUp, err = p.environFor(f, l)
	signalled = func() error {
		select {
		case sig := <-signals:
			return signalStatus(sig)
		default:
			return nil
		}
	}
	return env, cleanUp, signalled, err
}

// environFor makes the command's environment, and the files of file: true. The
// clean-up is never nil.
func (p *program) environFor(f runFlags, l *load) (env []string, cleanUp func(), err error) {
	files := &privateFiles{getenv: p.getenv}
	var secrets, used []string
	if p.identified.Load() {
		used = append(used, identityRow)
	}
	for _, s := range l.secrets {
		if s.literal == nil {
			used = append(used, s.ref.Scheme)
		}
		value := string(s.value.Reveal())
		if s.file {
			path, err := files.write(s.name, s.value)
			if err != nil {
				return nil, files.remove, err
			}
			value = path
		}
		secrets = append(secrets, s.name+"="+value)
	}
	inherited := slices.DeleteFunc(slices.Clone(p.environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return l.wish.resolvesVariable(name)
	})
	return childEnviron(inherited, f, used, secrets), files.remove, nil
}
