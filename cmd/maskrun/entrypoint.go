package main

import (
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/internal/config"
)

func entrypointCommand() command {
	return command{
		name:  "entrypoint",
		args:  "[flags] -- SHELL [ARG...]",
		short: "run a container's command as run does, set up by variables",
		long: `The ENTRYPOINT of an image for CI jobs: the runner appends the shell it wants
and sends the script to its stdin, so the whole script is masked. As the
container's first process it collects orphans and passes signals on.

Nobody can give it flags there, so variables of the job do: MASKRUN_CONFIG,
MASKRUN_ENVIRONMENT and MASKRUN_ENV_FILE stand for -c, -e and --env-file;
MASKRUN_SECRETS holds lines NAME=REF, as --secret takes them. Without -c
maskrun.yaml is looked for in CI_PROJECT_DIR too.`,
		flags: func() []flagGroup { return runCommand().flags() },
		run:   runEntrypoint,
	}
}

func runEntrypoint(p *program, c *cli.Context) error {
	argv := c.Args().Slice()
	if len(argv) == 0 {
		return usagef("entrypoint", "no command: the runner, or docker run, gives it")
	}
	return p.runWith(c, argv, p.fromVariables(readSecretFlags(c)))
}

// fromVariables fills in from the environment what no flag said, where a job can
// set variables but write no command line.
func (p *program) fromVariables(f secretFlags) secretFlags {
	if f.config == "" {
		f.config = p.getenv("MASKRUN_CONFIG")
	}
	if f.environment == "" {
		f.environment = p.getenv("MASKRUN_ENVIRONMENT")
	}
	if name := p.getenv("MASKRUN_ENV_FILE"); name != "" && len(f.envFiles) == 0 {
		f.envFiles = []string{name}
	}
	for line := range strings.Lines(p.getenv("MASKRUN_SECRETS")) {
		if line = strings.TrimSpace(line); line != "" {
			f.secrets = append(f.secrets, line)
		}
	}
	if dir := p.getenv("CI_PROJECT_DIR"); f.config == "" && dir != "" && config.Find(".") == "" {
		// A container's shell starts in / and goes to the project by itself.
		if found := config.Find(dir); found != "" && filepath.Dir(found) == filepath.Clean(dir) {
			f.config = found
		}
	}
	return f
}
