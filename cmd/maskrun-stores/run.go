package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/heavy"
	"github.com/maskrun/maskrun/fetch/helper/serve"
	"github.com/maskrun/maskrun/internal/coredump"
	"github.com/maskrun/maskrun/internal/httpx"
	"golang.org/x/term"
)

// version is set by the release build; see buildVersion.
var version string

const about = `maskrun-stores holds the stores of maskrun that need a large SDK.
maskrun starts it when a reference needs one of them and speaks to it over its
stdin and stdout: it is not meant to be run by hand. Put it beside maskrun or on PATH.

`

const usage = `usage: maskrun-stores [--version | --help]
`

// run is the program: 0 when its input ended in order, 2 for wrong usage, else 1.
func run(args []string, stdin *os.File, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 0 && term.IsTerminal(int(stdin.Fd())):
		fmt.Fprint(stderr, about, usage)
		return 2
	case len(args) == 0:
		return answer(stdin, stdout, stderr)
	case len(args) == 1 && args[0] == "--version":
		fmt.Fprintln(stdout, "maskrun-stores", buildVersion())
		return 0
	case len(args) == 1 && (args[0] == "--help" || args[0] == "-h"):
		fmt.Fprint(stdout, about, usage, stores())
		return 0
	}
	fmt.Fprint(stderr, usage)
	return 2
}

// answer serves until the input ends. Ctrl-C is left to maskrun, which closes the
// input; SIGTERM is for us.
func answer(stdin io.Reader, stdout, stderr io.Writer) int {
	coredump.Off() // maskrun says, in doctor, where it is not possible
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	client, _ := httpx.New(&httpx.Options{Getenv: os.Getenv}) // fails for certificates alone, and none is given
	o := serve.Options{Name: "maskrun-stores " + buildVersion(), Env: fetch.Env{Getenv: os.Getenv, HTTP: client}}
	if err := serve.Serve(ctx, stdin, stdout, heavy.Kinds(), o); err != nil {
		fmt.Fprintln(stderr, "maskrun-stores:", err)
		return 1
	}
	return 0
}

// stores lists the stores, one line each.
func stores() string {
	text := "\nstores:\n"
	for _, k := range heavy.Kinds() {
		text += fmt.Sprintf("  %-10s %s\n", k.Scheme+"://", k.Help)
	}
	return text
}

// buildVersion is the release's, or what go install wrote into the binary.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}
