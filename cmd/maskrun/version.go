package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func versionCommand() command {
	return command{
		name:  "version",
		short: "print the version",
		flags: func() []flagGroup {
			return []flagGroup{{"Flags", []cli.Flag{
				&cli.BoolFlag{Name: "verbose", Usage: "also the commit, the Go version and the platform"},
			}}}
		},
		run: func(_ *program, c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("version", "takes no arguments")
			}
			return printVersion(c.App.Writer, c.Bool("verbose"))
		},
	}
}

// released is the version of a release: .ci/release sets it when it links. Without
// it the same source would not give the same bytes, with or without its history.
var released string

// version is that of the release, or the module's, as the go command wrote it into
// the binary: a tag, a pseudo-version, or (devel).
func version() string {
	if released != "" {
		return "v" + released
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

func printVersion(w io.Writer, verbose bool) error {
	_, err := fmt.Fprintf(w, "maskrun %s\n", version())
	if err != nil || !verbose {
		return err
	}
	_, err = fmt.Fprintf(w, "commit %s\n%s %s/%s\n", commit(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

func commit() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "unknown"
}
