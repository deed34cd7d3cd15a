package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/child"
	"github.com/maskrun/maskrun/internal/coredump"
	"github.com/maskrun/maskrun/internal/crash"
	"github.com/maskrun/maskrun/internal/nearest"
)

// A program is one invocation: everything it may touch of the process.
type program struct {
	*speaker
	environ               []string
	stdin, stdout, stderr *os.File
	core                  *coredump.Guard
	identified            atomic.Bool // a store was given a token of the job's identity
}

// A command is one row of the table.
type command struct {
	name  string
	args  string // what follows the flags in the usage line
	short string // one line for the list of commands
	long  string // the text of its help
	flags func() []flagGroup
	run   func(p *program, c *cli.Context) error

	hidden bool      // not in the list of commands: programs call it
	sub    []command // its own commands, called by both words: "push gitlab"
}

// commands is the table. A command is one file and one line here.
func commands() []command {
	return []command{
		runCommand(),
		maskCommand(),
		entrypointCommand(),
		hookCommand(),
		getCommand(),
		planCommand(),
		doctorCommand(),
		storeTestCommand(),
		exportCommand(),
		pushCommand(),
		shellCommand(),
		addMaskCommand(),
		actionCommand(),
		leadCommand(),
		appendCommand(),
		versionCommand(),
	}
}

// run is the whole program; args begins with the program's name.
func run(args, environ []string, stdin, stdout, stderr *os.File) (code int) {
	// Should a goroutine of a library panic, no stack (with arguments) is printed.
	debug.SetTraceback("none")
	p := &program{
		speaker: &speaker{w: child.Sink(stderr)},
		environ: environ, stdin: stdin, stdout: stdout, stderr: stderr,
		core: coredump.Off(), // every command holds secrets: those of the environment
	}
	defer func() {
		if r := recover(); r != nil {
			p.say(crash.Error(r).Error())
			code = exitFailed
		}
	}()
	if os.Getpid() == 1 {
		return p.init(args)
	}
	return p.exit(p.app(args).Run(args))
}

// init is the whole program as process 1 of a container: see child.Init. Where it
// cannot be had (a container without /proc) we do without.
func (p *program) init(args []string) int {
	status, err := child.Init(child.InitSpec{
		Argv: args, Env: p.environ, Stdin: p.stdin, Stdout: p.stdout, Stderr: p.stderr, Around: p.core.Start,
	})
	if err != nil {
		p.say("orphaned processes will not be collected: " + err.Error())
		return p.exit(p.app(args).Run(args))
	}
	return status.ExitCode()
}

// exit prints err and gives its code.
func (p *program) exit(err error) int {
	var status exitStatus
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, syscall.EPIPE):
		return exitPipe // maskrun plan | head: as quiet as any program that SIGPIPE ends
	}
	p.say(err.Error())
	return exitFailed
}

// app builds the command line for args. Everything that cli/v2 would take from
// globals (exit, error writer, version printer) is set or switched off here.
func (p *program) app(args []string) *cli.App {
	app := &cli.App{
		Name:                      "maskrun",
		HelpName:                  "maskrun",
		Usage:                     "hide a job's secrets in its log",
		CustomAppHelpTemplate:     appHelp,
		HideHelpCommand:           true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true,
		Reader:                    p.stdin,
		Writer:                    child.Sink(p.stdout),
		ErrWriter:                 io.Discard,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              onUsageError,
		Flags:                     []cli.Flag{&cli.BoolFlag{Name: "version", Usage: "print the version"}},
		Action:                    p.noCommand,
	}
	for _, row := range commands() {
		cmd := &cli.Command{Name: row.name, Usage: row.short, Hidden: row.hidden}
		if slices.Contains(args, row.name) {
			p.complete(cmd, row) // the others are only listed: to make their flags costs a millisecond
		}
		app.Commands = append(app.Commands, cmd)
	}
	return app
}

// complete makes cmd what its row says.
func (p *program) complete(cmd *cli.Command, row command) {
	for _, sub := range row.sub {
		c := &cli.Command{Name: sub.name[strings.LastIndex(sub.name, " ")+1:], Usage: sub.short}
		p.complete(c, sub)
		cmd.Subcommands = append(cmd.Subcommands, c)
	}
	cmd.CustomHelpTemplate = commandHelp(row)
	cmd.HideHelpCommand = true
	cmd.OnUsageError = onUsageError
	cmd.Flags = flatten(row.flags())
	cmd.Action = func(c *cli.Context) error { return row.run(p, c) }
}

// noCommand runs when the first argument names no command.
func (p *program) noCommand(c *cli.Context) error {
	switch name := c.Args().First(); {
	case c.Bool("version"):
		return printVersion(c.App.Writer, false)
	case name == "help" && c.NArg() > 1:
		return p.helpFor(c.Args().Get(1))
	case name == "help":
		return cli.ShowAppHelp(c)
	case name == "":
		return usagef("", "no command")
	default:
		return unknownCommand(name, fmt.Sprintf(" (to run it with secrets: maskrun run -- %s)", name))
	}
}

// helpFor shows what COMMAND --help shows: maskrun help COMMAND.
func (p *program) helpFor(name string) error {
	if !slices.Contains(commandNames(), name) {
		return unknownCommand(name, "")
	}
	return p.app([]string{name}).Run([]string{"maskrun", name, "--help"})
}

func commandNames() []string {
	var names []string
	for _, row := range commands() {
		names = append(names, row.name)
	}
	return names
}

// unknownCommand suggests the nearest, else what the advice is.
func unknownCommand(name, advice string) error {
	if near := nearest.Of(name, commandNames()); near != "" {
		return fmt.Errorf("unknown command %q, did you mean %q?", name, near)
	}
	return usagef("", "unknown command %q%s", name, advice)
}

// What package flag says, taken apart: it repeats values, which we must not.
var (
	undefinedFlag = fetch.Pattern(`^flag provided but not defined: -(\S+)$`)
	needsArgument = fetch.Pattern(`^flag needs an argument: -(\S+)$`)
	invalidValue  = fetch.Pattern(`(?s)^invalid (?:boolean )?value .* for (?:flag )?-([a-z-]+): `)
)

// onUsageError says in our words, without any value, what is wrong with a flag.
func onUsageError(c *cli.Context, err error, _ bool) error {
	name, flags := "", c.App.Flags
	if c.Command != nil && c.Command.Name != c.App.Name {
		name, flags = strings.TrimPrefix(c.Command.HelpName, c.App.Name+" "), c.Command.Flags
	}
	msg := err.Error()
	if m := undefinedFlag().FindStringSubmatch(msg); m != nil {
		if name == "" && slices.Contains(flagsOfRun(), m[1]) {
			return usagef(name, "flag %s stands behind a command: maskrun run %[1]s …", dashed(m[1]))
		}
		if near := nearest.Of(m[1], longNames(flags)); near != "" {
			return usagef(name, "unknown flag %s, did you mean --%s?", dashed(m[1]), near)
		}
		return usagef(name, "unknown flag %s", dashed(m[1]))
	}
	if m := needsArgument().FindStringSubmatch(msg); m != nil {
		return usagef(name, "flag %s needs a value", dashed(m[1]))
	}
	if m := invalidValue().FindStringSubmatch(msg); m != nil {
		return usagef(name, "flag %s: %s", dashed(m[1]), wantedValue(flags, m[1]))
	}
	return usagef(name, "the flags cannot be read")
}

// flagsOfRun are the flags of run, by all their names.
func flagsOfRun() []string {
	var names []string
	for _, f := range flatten(runCommand().flags()) {
		names = append(names, f.Names()...)
	}
	return names
}

// wantedValue says what a flag takes.
func wantedValue(flags []cli.Flag, name string) string {
	for _, f := range flags {
		if f.Names()[0] != name {
			continue
		}
		switch f.(type) {
		case *cli.DurationFlag:
			return "want a duration such as 500ms or 2s"
		case *cli.BoolFlag:
			return "takes no value"
		}
	}
	return "the value cannot be read"
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

func longNames(flags []cli.Flag) []string {
	names := []string{"help"}
	for _, f := range flags {
		names = append(names, f.Names()[0])
	}
	return names
}
