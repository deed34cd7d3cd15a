package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

func shellCommand() command {
	return command{
		name:  "shell",
		args:  "[flags] SHELL [ARG...] {0}",
		short: "be the shell of a CI step, and hide secrets in its output",
		long: `For a step of GitHub Actions, or for all of a job (defaults.run.shell):

   shell: maskrun shell bash --noprofile --norc -eo pipefail {0}

Hidden are the values that an earlier step exported, those of variables whose
names tell of a secret, and what references in the step's own env: stand for:
these are fetched for this step alone. Of maskrun.yaml only stores: and mask:
are used, unless -c or -e is given. Works with bash, sh, python, pwsh and any
program that takes a script's name.`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Which secrets", secretFlagSet()},
				{"How they are hidden", maskFlagSet()},
				{"The step", runFlagSet()},
			}
		},
		run: runShell,
	}
}

func runShell(p *program, c *cli.Context) error {
	argv := c.Args().Slice()
	if len(argv) < 2 {
		return usagef("shell", "want a shell and a script: shell: maskrun shell bash -e {0}")
	}
	if strings.Contains(argv[len(argv)-1], "{0}") {
		return usagef("shell", "{0} stands for a script that the CI system puts there: this is for shell: in a workflow")
	}
	argv, cleanUp, err := powerShell(argv)
	defer cleanUp()
	if err != nil {
		return fmt.Errorf("shell: %w", err)
	}
	f := readSecretFlags(c)
	f.storesOnly = f.config == "" && f.environment == ""
	return p.runWith(c, argv, f)
}

// What GitHub's runner puts around a script for pwsh and powershell: it does so
// by the name of the shell, and does not know ours. Without it an error would
// not end the script, and the exit code of the last program would be lost.
const (
	powerShellBegin = "$ErrorActionPreference = 'stop'\n"
	powerShellEnd   = "\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) { exit $LASTEXITCODE }\n"
)

// powerShell gives PowerShell its script as the runner would have: under a name
// that ends in .ps1, the only kind it runs. Other shells are left as they are.
// The clean-up is never nil.
func powerShell(argv []string) (out []string, cleanUp func(), err error) {
	nothing := func() {}
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(argv[0])), ".exe")
	if name != "pwsh" && name != "powershell" {
		return argv, nothing, nil
	}
	last := argv[len(argv)-1]
	path, dotted := strings.CutPrefix(last, ". '")
	if dotted {
		path = strings.ReplaceAll(strings.TrimSuffix(path, "'"), "''", "'")
	}
	if strings.EqualFold(filepath.Ext(path), ".ps1") {
		return argv, nothing, nil
	}
	script, err := os.ReadFile(path)
	if err != nil {
		return nil, nothing, fmt.Errorf("script: %w", pathless(err))
	}
	script = slices.Concat([]byte(powerShellBegin), bytes.TrimPrefix(script, []byte("\xef\xbb\xbf")), []byte(powerShellEnd))
	renamed := path + ".ps1"
	f, err := os.OpenFile(renamed, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, nothing, fmt.Errorf("script: %w", pathless(err))
	}
	cleanUp = func() { _ = os.Remove(renamed) }
	if _, err = f.Write(script); err == nil {
		err = f.Close()
	}
	dot := ". '" + strings.ReplaceAll(renamed, "'", "''") + "'"
	if out = append(slices.Clone(argv[:len(argv)-1]), dot); !dotted {
		out = append(slices.Clone(argv[:len(argv)-1]), "-command", dot)
	}
	return out, cleanUp, err
}
