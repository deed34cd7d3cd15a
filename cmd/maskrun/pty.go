package main

import (
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/internal/child"
)

// ptyModes are the values of --pty.
var ptyModes = []string{"auto", "always", "never"}

func ptyFlag() cli.Flag {
	return &cli.StringFlag{Name: "pty", Value: "auto", Usage: "`WHEN` the command gets a terminal: auto (when our output is one, but not in CI), always (for colours in a log), never; docs/terminal.md"}
}

func readPTYFlag(c *cli.Context) (mode string, err error) {
	mode = c.String("pty")
	if mode == "" {
		mode = "auto" // entrypoint and others that run a command have no such flag
	}
	if !slices.Contains(ptyModes, mode) {
		return "", usagef(c.Command.Name, "flag --pty: want auto, always or never")
	}
	return mode, nil
}

// A terminal says what of a command's files is to be one.
type terminal struct {
	on     bool
	screen *os.File // ours, if what the command writes goes there
	joined bool     // the command's stderr is its terminal too
	typing bool     // a person sits there, and sees what is typed
}

// terminalFor decides. In CI nobody watches, and programs that believe it draw
// progress bars into the log. A stderr that is redirected to a file stays so.
func (p *program) terminalFor(mode string) terminal {
	watched := isTerminal(p.stdout)
	if mode != "always" && (mode != "auto" || !watched || p.inCI() || !child.Terminals) {
		return terminal{}
	}
	t := terminal{on: true}
	if watched {
		t.screen = p.stdout
		t.joined = isTerminal(p.stderr)
		t.typing = isTerminal(p.stdin) && !p.inCI()
		return t
	}
	info, err := p.stderr.Stat()
	t.joined = err == nil && !info.Mode().IsRegular()
	return t
}

// inCI goes by the variable that every CI sets.
func (p *program) inCI() bool {
	ci := p.getenv("CI")
	return ci != "" && ci != "false" && ci != "0"
}

// leadCommand is ourselves in another role: see child.Lead.
func leadCommand() command {
	return command{
		name:   "lead",
		args:   "-- PATH COMMAND [ARG...]",
		short:  "what maskrun run starts to lead the session of a terminal",
		flags:  func() []flagGroup { return nil },
		hidden: true,
		run: func(p *program, c *cli.Context) error {
			return exitStatus(child.Lead(c.Args().Slice(), p.environ, p.core.Start))
		},
	}
}

var leadArgv = []string{"maskrun", "lead", "--"}
