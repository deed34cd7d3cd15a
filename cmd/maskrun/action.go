package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/child"
)

func actionCommand() command {
	return command{
		name:   "action",
		args:   "[--post]",
		short:  "what action.yml runs",
		hidden: true,
		long: `Reads the inputs of a GitHub action from the environment (INPUT_NAME), fetches
secrets, and exports them or runs a script with them. With --post it ends what
began: revokes the token, and writes the summary of the job.`,
		flags: func() []flagGroup {
			return []flagGroup{{"Part", []cli.Flag{&cli.BoolFlag{Name: "post", Usage: "after the last step of the job"}}}}
		},
		run: runAction,
	}
}

// A step is the run of the action in a job.
type actionStep struct {
	*program
	to    action.Platform
	state action.Stateful
	in    actionInputs
}

func runAction(p *program, c *cli.Context) error {
	to := p.platform(exportedNames, ledgerFile)
	inputs, hasInputs := to.(action.Inputs)
	state, hasState := to.(action.Stateful)
	if c.NArg() > 0 || !hasInputs || !hasState {
		return errors.New("action: to be run by a step of GitHub Actions (uses: …)")
	}
	if c.Bool("post") {
		return p.actionPost(to, state)
	}
	in, err := readInputs(inputs)
	if err != nil {
		return err
	}
	s := &actionStep{program: p, to: to, state: state, in: in}
	s.environ = s.ownEnviron()
	return s.main()
}

// ownEnviron is the environment without the inputs, and with what those of
// vault-action stand for: only the stores see it.
func (s *actionStep) ownEnviron() []string {
	env := slices.DeleteFunc(slices.Clone(s.environ), func(kv string) bool { return strings.HasPrefix(kv, "INPUT_") })
	for _, v := range vaultInputs {
		if value := s.in.vault[v.variable]; value != "" {
			env = append(env, v.variable+"="+value)
		}
	}
	if pem := s.in.vault["VAULT_CACERT_BYTES"]; pem != "" {
		env = append(env, "VAULT_CACERT_BYTES="+pem)
	}
	return env
}

func (s *actionStep) main() error {
	f, err := s.secretFlags()
	if err != nil {
		return err
	}
	if err := s.openLedger(); err != nil {
		return err
	}
	l, err := s.load(f, maskFlags{minLength: s.in.minLength})
	if err != nil {
		return err
	}
	token, err := s.keepToken(l)
	if err != nil {
		return err
	}
	if s.in.exportEnv || s.in.exportOutputs {
		if err := s.tell(s.to, l, []string{exportedNames}, s.in.exportEnv, s.in.exportOutputs); err != nil {
			return err
		}
	}
	if token != nil && s.in.exportToken {
		if err := s.to.SetEnv(token.name, token.value.Reveal()); err != nil {
			return err
		}
	}
	if s.in.run == "" {
		return s.enter(l.leaks.Report())
	}
	return s.runScript(l)
}

// secretFlags says what the inputs ask for.
func (s *actionStep) secretFlags() (secretFlags, error) {
	here, err := os.Getwd()
	if err != nil {
		return secretFlags{}, fmt.Errorf("working directory: %w", err)
	}
	listed, err := secretLines{dir: here, parseJSON: s.in.parseJSON}.parse(s.in.secrets)
	for i := range listed {
		listed[i].optional = s.in.ifMissing == "skip"
	}
	f := secretFlags{
		config: s.in.config, environment: s.in.environment, envFiles: s.in.envFiles, listed: listed,
		maskEnv: defaultMaskEnv, untrusted: s.in.untrusted, otherwise: "fail",
	}
	f.stores = map[string]any{}
	if audience := s.audience(); audience != "" {
		f.stores["auth"] = map[string]any{"audience": audience}
	}
	if usesVault := slices.ContainsFunc(listed, func(w wanted) bool { return w.ref.Scheme == "vault" }); usesVault && (s.in.exportToken || s.in.revoke) {
		f.listed = append(f.listed, ownToken(here))
		f.stores["revoke"] = s.in.revoke && !s.in.exportToken
	}
	return f, err
}

// audience is that of the identity token for Vault. Who gives url, as vault-action
// has it, has roles made for vault-action: without an audience it asks for GitHub's
// default, the owner's address. Else the store's own default holds.
func (s *actionStep) audience() string {
	owner := s.getenv("GITHUB_REPOSITORY_OWNER")
	if s.in.audience != "" || s.in.vault["VAULT_ADDR"] == "" || owner == "" {
		return s.in.audience
	}
	return strings.TrimSuffix(s.getenv("GITHUB_SERVER_URL"), "/") + "/" + owner
}

// tokenName is the variable of Vault's token, as every client of Vault reads it.
const tokenName = "VAULT_TOKEN"

// exportedToken is the origin of Vault's token, an input of the action.
var exportedToken = fetch.Place{File: "exportToken"}

// ownToken asks Vault for the token that it has given us.
func ownToken(dir string) wanted {
	ref, err := fetch.ParseRef("vault://auth/token/lookup-self#/id")
	if err != nil {
		panic("the reference of one's own token is wrong") // it is a constant
	}
	return wanted{name: tokenName, ref: ref, from: exportedToken, dir: dir, trusted: true}
}

// keepToken takes the token out of l's secrets: it is hidden, but is no variable
// of its own. What the post step needs in order to revoke it goes into the state.
func (s *actionStep) keepToken(l *load) (*secret, error) {
	i := slices.IndexFunc(l.secrets, func(v secret) bool { return v.name == tokenName && v.from == exportedToken })
	if i < 0 {
		return nil, nil
	}
	token := l.secrets[i]
	leased := slices.ContainsFunc(l.secrets, func(v secret) bool { return v.lease })
	told, _ := l.masker.Plain()
	for _, v := range told {
		if v.Name == tokenName {
			if err := s.to.Mask(v.Bytes); err != nil {
				return nil, err
			}
		}
	}
	l.secrets = slices.Delete(l.secrets, i, i+1)
	if !s.in.revoke || !s.in.exportToken && !leased {
		return &token, nil // not to be revoked, or revoked already
	}
	var state []string
	for _, name := range []string{"VAULT_ADDR", "VAULT_NAMESPACE", "VAULT_CACERT_BYTES", "VAULT_CACERT"} {
		if v := s.getenv(name); v != "" {
			state = append(state, name+"="+v)
		}
	}
	state = append(state, tokenName+"="+string(token.value.Reveal()))
	return &token, s.state.SaveState("vault", []byte(strings.Join(state, "\x1e")))
}

// openLedger makes the file in which steps enter what they hid.
func (s *actionStep) openLedger() error {
	if s.getenv(ledgerFile) != "" {
		return nil // an earlier step of ours made it, and will read it
	}
	f, err := os.CreateTemp(s.getenv("RUNNER_TEMP"), "maskrun-ledger-*.jsonl")
	if err != nil {
		return fmt.Errorf("ledger: %w", pathless(err))
	}
	path, err := filepath.Abs(f.Name())
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	s.environ = append(s.environ, ledgerFile+"="+path)
	return errors.Join(s.to.SetEnv(ledgerFile, []byte(path)), s.state.SaveState("ledger", []byte(path)))
}

// runScript runs the input run: wrapped, with the secrets that it alone sees.
func (s *actionStep) runScript(l *load) error {
	argv, cleanUp, err := s.script()
	defer cleanUp()
	if err != nil {
		return fmt.Errorf("input run: %w", err)
	}
	return s.supervise(argv, runFlags{failOnLeak: s.in.failOnLeak, report: s.in.report, drain: child.DefaultDrain}, l)
}

// shells are how GitHub calls those that have a name there.
var shells = map[string][]string{
	"bash":       {"bash", "--noprofile", "--norc", "-eo", "pipefail", "{0}"},
	"sh":         {"sh", "-e", "{0}"},
	"python":     {"python", "{0}"},
	"pwsh":       {"pwsh", "-command", ". '{0}'"},
	"powershell": {"powershell", "-command", ". '{0}'"},
}

// script writes the script to a file, as the runner does, and gives the command.
func (s *actionStep) script() (argv []string, cleanUp func(), err error) {
	shell := cmp.Or(s.in.shell, "bash")
	argv = slices.Clone(shells[shell])
	if argv == nil {
		argv = strings.Fields(shell)
	}
	if !strings.Contains(shell, "{0}") && shells[shell] == nil {
		return nil, func() {}, errors.New("a shell of your own needs {0} where the script's name goes")
	}
	f, err := os.CreateTemp(s.getenv("RUNNER_TEMP"), "maskrun-script-")
	if err != nil {
		return nil, func() {}, pathless(err)
	}
	remove := func() { _ = os.Remove(f.Name()) }
	_, err = f.WriteString(s.in.run + "\n")
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, remove, err
	}
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "{0}", f.Name())
	}
	argv, more, err := powerShell(argv)
	return argv, func() { more(); remove() }, err
}
