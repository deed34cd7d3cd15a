package main

import (
	"errors"
	"io"
	"os"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/internal/child"
	"github.com/maskrun/maskrun/internal/config"
	"github.com/maskrun/maskrun/internal/crash"
)

func maskCommand() command {
	return command{
		name:  "mask",
		args:  "[flags] < LOG",
		short: "hide secrets in a stream: from stdin to stdout",
		long: `The secrets are those that run would give to a command, or, with --values-from
or --values-json, those listed there and no others but --mask-env's.

At the end of a pipeline Ctrl-C goes to every program of it: mask lets it pass
and reads on until the input ends, so that the last lines are not lost. TERM and
HUP end it, after what is in the pipe has been written (one second at most).

   make 2>&1 | maskrun mask --secret TOKEN=env://TOKEN
   printf 'a hunter2hunter2 b' | maskrun mask --values-from values.txt`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Values without a store", []cli.Flag{
					&cli.StringFlag{Name: "values-from", Usage: "hide the lines of `FILE`, or of an open descriptor: fd:N"},
					&cli.StringFlag{Name: "values-json", Usage: "hide the strings of a JSON array in `FILE` or fd:N: for values with line breaks"},
				}},
				{"Which secrets", secretFlagSet()},
				{"How they are hidden", maskFlagSet()},
			}
		},
		run: runMask,
	}
}

func runMask(p *program, c *cli.Context) error {
	if c.NArg() > 0 {
		return usagef("mask", "takes no arguments: it reads stdin (to run a command: maskrun run -- COMMAND)")
	}
	m, err := readMaskFlags(c)
	if err != nil {
		return err
	}
	l, err := p.loadMask(c, readSecretFlags(c), m)
	if err != nil {
		return err
	}
	return p.filter(l)
}

// loadMask makes the redactor from a list of values, or as run does.
func (p *program) loadMask(c *cli.Context, f secretFlags, m maskFlags) (*load, error) {
	lines, json := c.String("values-from"), c.String("values-json")
	if lines == "" && json == "" {
		return p.load(f, m)
	}
	if f.given() {
		return nil, usagef("mask", "--values-from and --values-json go without -c, -e, --env-file, --secret and --only")
	}
	values, err := p.listedValues(lines, json)
	if err != nil {
		return nil, err
	}
	if err := checkPatterns(f.maskEnv); err != nil {
		return nil, err
	}
	return p.compile(f, m, wish{cfg: new(config.Config)}, values)
}

// filter copies stdin to stdout through the redactor.
func (p *program) filter(l *load) error {
	signals, stop := catch()
	defer stop()
	child.Widen(p.stdin)
	child.Widen(p.stdout)
	w := l.stream("stdout", child.Sink(p.stdout))
	interactive := isTerminal(p.stdin)
	done := make(chan error, 1)
	go func() { done <- copyAll(w, p.stdin) }()
	sig, err := waitForEnd(done, signals, interactive)
	if closeErr := w.Close(); err == nil {
		err = closeErr
	}
	switch {
	case errors.Is(err, syscall.EPIPE):
		return exitStatus(exitPipe) // as a filter that SIGPIPE ended, and as quiet
	case err != nil:
		p.say("output was cut short: " + err.Error())
		return exitStatus(exitFailed)
	case sig != nil:
		return signalStatus(sig)
	}
	return nil
}

// copySize is a quarter of a widened pipe: while we work on it the other end has
// room to go on.
const copySize = 256 << 10

// copyAll is io.Copy with a buffer of our own and without its short cuts: every
// byte goes through w. Its panics become errors without a value.
func copyAll(w io.Writer, r io.Reader) error {
	return crash.Guard(func() error {
		_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, make([]byte, copySize))
		return err
	})
}

// waitForEnd waits for the copy, or for a signal and then a little longer.
func waitForEnd(done <-chan error, signals <-chan os.Signal, interactive bool) (os.Signal, error) {
	for {
		select {
		case err := <-done:
			return nil, err
		case sig := <-signals:
			if sig == os.Interrupt && !interactive {
				continue
			}
			return sig, waitOut(done)
		}
	}
}
