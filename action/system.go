package action

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// A system is a CI system that needs no more than a few words of its own: what it
// lacks is nil. Files, commands and checks are shared.
type system struct {
	env  Env
	name string

	mask              func(line string) error                 // one line of a secret
	setEnv, setOutput func(name string, value []byte) error   // name and value are checked
	stranger          func(getenv func(string) string) string // why code of strangers may run, or ""
}

// systems is a table of rows: name, how to tell it, and what it has.
func systems() []row {
	return []row{
		systemRow("gitlab", is("GITLAB_CI", "true"), func(*system) {}, gitlabStranger),
		systemRow("azure", is("TF_BUILD", "true"), azure, flagged("SYSTEM_PULLREQUEST_ISFORK")),
		systemRow("circleci", is("CIRCLECI", "true"), circleCI, given("CIRCLE_PR_REPONAME")),
		systemRow("buildkite", is("BUILDKITE", "true"), buildkite, buildkiteStranger),
		systemRow("jenkins", isSet("JENKINS_URL"), func(*system) {}, given("CHANGE_FORK")),
		systemRow("drone", is("DRONE", "true"), func(*system) {}, pullRequest("DRONE_BUILD_EVENT")),
		systemRow("woodpecker", is("CI", "woodpecker"), func(*system) {}, pullRequest("CI_PIPELINE_EVENT")),
	}
}

func systemRow(name string, here func(Env) bool, equip func(*system), stranger func(func(string) string) string) row {
	return row{name, here, func(e Env) Platform {
		s := &system{env: e, name: name, stranger: stranger}
		equip(s)
		return s
	}}
}

func is(variable, value string) func(Env) bool {
	return func(e Env) bool { return strings.EqualFold(e.getenv(variable), value) }
}

func isSet(variable string) func(Env) bool {
	return func(e Env) bool { return e.getenv(variable) != "" }
}

func (s *system) Name() string { return s.name }

// Mask hands over line by line: these systems compare lines.
func (s *system) Mask(form []byte) error {
	if s.mask == nil {
		return fmt.Errorf("%s cannot be told what to hide: %w", s.name, ErrUnsupported)
	}
	if err := checkValue("mask", form); err != nil {
		return err
	}
	for line := range bytes.FieldsFuncSeq(form, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if len(bytes.TrimSpace(line)) < minMask {
			continue
		}
		if err := s.mask(string(line)); err != nil {
			return fmt.Errorf("%s: mask: %w", s.name, err)
		}
	}
	return nil
}

func (s *system) SetEnv(name string, value []byte) error {
	if err := s.env.checkVariable(name, value); err != nil {
		return err
	}
	if s.setEnv == nil {
		return fmt.Errorf("%s has no way to set variable %s for later steps: fetch it there: %w", s.name, name, ErrUnsupported)
	}
	return s.setEnv(name, value)
}

func (s *system) SetOutput(name string, value []byte) error {
	if err := checkOutput(name); err != nil {
		return err
	}
	if err := checkValue("output "+name, value); err != nil {
		return err
	}
	if s.setOutput == nil {
		return fmt.Errorf("%s has no way to set output %s: %w", s.name, name, ErrUnsupported)
	}
	return s.setOutput(name, value)
}

func (s *system) Summary(string) error {
	return fmt.Errorf("%s has no summary: %w", s.name, ErrUnsupported)
}

func (s *system) Trusted() (bool, string) {
	why := s.stranger(s.env.getenv)
	return why == "", why
}

// azure is Azure Pipelines. Its agent refuses secrets of several lines.
func azure(s *system) {
	command := func(head, value string) error {
		_, err := fmt.Fprintf(s.env.stdout(), "##vso[%s]%s\n", head, azureEscapes.Replace(value))
		return err
	}
	set := func(more string) func(string, []byte) error {
		return func(name string, value []byte) error {
			if bytes.ContainsAny(value, "\r\n") {
				return fmt.Errorf("azure: variable %s: the agent refuses secrets of several lines; encode it (as base64)", name)
			}
			return command("task.setvariable variable="+name+";issecret=true"+more, string(value))
		}
	}
	s.mask = func(line string) error { return command("task.setsecret", line) }
	s.setEnv, s.setOutput = set(""), set(";isOutput=true")
}

// azureEscapes is what the agent takes back in the text behind a command. FAULTS 84.
var azureEscapes = strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A")

// circleCI sources the file of BASH_ENV before every step.
func circleCI(s *system) {
	s.setEnv = func(name string, value []byte) error {
		line := "export " + name + "='" + strings.ReplaceAll(string(value), "'", `'\''`) + "'\n"
		return commandFile{variable: "BASH_ENV", path: s.env.getenv("BASH_ENV"), write: s.env.Write}.append([]byte(line))
	}
}

// buildkite is told by its agent's program, where that is on PATH; values go by stdin.
func buildkite(s *system) {
	if s.env.Run == nil {
		return
	}
	s.mask = func(line string) error { return s.env.Run([]byte(line), "buildkite-agent", "redactor", "add") }
	s.setEnv = func(name string, value []byte) error {
		text, err := json.Marshal(map[string]string{name: string(value)})
		if err != nil {
			return err
		}
		return s.env.Run(text, "buildkite-agent", "env", "set", "--input-format=json", "-")
	}
}

func gitlabStranger(getenv func(string) string) string {
	source, project := getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), getenv("CI_MERGE_REQUEST_PROJECT_ID")
	if source != project {
		return "the merge request comes from a fork"
	}
	return ""
}

func buildkiteStranger(getenv func(string) string) string {
	from := getenv("BUILDKITE_PULL_REQUEST_REPO")
	if pr := getenv("BUILDKITE_PULL_REQUEST"); pr != "" && pr != "false" && from != getenv("BUILDKITE_REPO") {
		return "the pull request comes from another repository"
	}
	return ""
}

func flagged(variable string) func(func(string) string) string {
	return func(getenv func(string) string) string {
		if strings.EqualFold(getenv(variable), "true") {
			return "the pull request comes from a fork (" + variable + ")"
		}
		return ""
	}
}

// given is for systems that set a variable for pull requests from forks only.
func given(variable string) func(func(string) string) string {
	return func(getenv func(string) string) string {
		if getenv(variable) != "" {
			return "the pull request comes from a fork (" + variable + ")"
		}
		return ""
	}
}

// pullRequest is for systems that do not say where a pull request comes from: what
// cannot be found out is not trusted.
func pullRequest(variable string) func(func(string) string) string {
	return func(getenv func(string) string) string {
		if strings.HasPrefix(getenv(variable), "pull_request") {
			return "the run is for a pull request, and where that comes from is not known here"
		}
		return ""
	}
}
