package action_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/action/actiontest"
)

// readNothing is the other side of a system that is told nothing: all that is
// printed to it is a mistake.
func readNothing(_ string, stdout []byte) (actiontest.Understood, error) {
	if len(stdout) > 0 {
		return actiontest.Understood{}, fmt.Errorf("%d bytes were printed", len(stdout))
	}
	return actiontest.Understood{}, nil
}

// Systems that have no way to be told anything. FAULTS 79
func TestQuietSystems(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"gitlab":     {"GITLAB_CI": "true"},
		"jenkins":    {"JENKINS_URL": "https://ci.example.com/"},
		"drone":      {"DRONE": "true"},
		"woodpecker": {"CI": "woodpecker"},
		"buildkite":  {"BUILDKITE": "true"},
	} {
		t.Run(name, func(t *testing.T) {
			actiontest.Run(t, actiontest.Harness{
				Name: name, Setup: func(*testing.T, string) map[string]string { return env }, Read: readNothing,
				NoEnv: true, NoOutput: true, NoMask: true, NoSummary: true,
			})
			p := action.Detect(action.Env{Getenv: func(n string) string { return env[n] }})
			if !errors.Is(p.SetEnv("A", nil), action.ErrUnsupported) || !errors.Is(p.SetOutput("A", nil), action.ErrUnsupported) {
				t.Error("something was set")
			}
		})
	}
}

// readAzure is written after the agent's parser of logging commands: one begins with
// ##vso[, its properties end at the bracket, and the text behind it is unescaped.
func readAzure(_ string, stdout []byte) (actiontest.Understood, error) {
	u := actiontest.Understood{Env: map[string]string{}, Outputs: map[string]string{}}
	unescape := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%AZP25", "%")
	for line := range strings.SplitSeq(strings.TrimSuffix(string(stdout), "\n"), "\n") {
		head, data, ok := strings.Cut(strings.TrimPrefix(line, "##vso["), "]")
		if line == "" {
			continue
		}
		if !ok || !strings.HasPrefix(line, "##vso[") {
			return u, errors.New("a line that is no command")
		}
		data = unescape.Replace(data)
		command, text, _ := strings.Cut(head, " ")
		props := map[string]string{}
		for p := range strings.SplitSeq(text, ";") {
			k, v, _ := strings.Cut(p, "=")
			props[k] = v
		}
		u.Commands = append(u.Commands, command)
		switch {
		case command == "task.setsecret":
			u.Masks = append(u.Masks, data)
		case command != "task.setvariable" || props["issecret"] != "true":
			return u, errors.New("a command that nobody wanted")
		case strings.ContainsAny(data, "\r\n"):
			return u, errors.New("secrets cannot contain multiple lines")
		case props["isOutput"] == "true":
			u.Outputs[props["variable"]] = data
		default:
			u.Env[props["variable"]] = data
		}
	}
	return u, nil
}

// FAULTS 84.
func TestAzure(t *testing.T) {
	actiontest.Run(t, actiontest.Harness{
		Name:      "azure",
		Setup:     func(*testing.T, string) map[string]string { return map[string]string{"TF_BUILD": "True"} },
		Read:      readAzure,
		CannotSet: func(v string) bool { return strings.ContainsAny(v, "\r\n") },
		NoSummary: true,
	})
}

// readCircleCI has bash read the file, as the steps of CircleCI do.
func readCircleCI(dir string, stdout []byte) (actiontest.Understood, error) {
	u, err := readNothing(dir, stdout)
	if err != nil {
		return u, err
	}
	cmd := exec.Command("bash", "-c", `set -a; . "$1" || exit; exec /usr/bin/env -0`, "x", filepath.Join(dir, "bash_env"))
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if err != nil {
		return u, err
	}
	u.Env = map[string]string{}
	for kv := range strings.SplitSeq(string(out), "\x00") {
		name, value, ok := strings.Cut(kv, "=")
		if ok && name != "PWD" && name != "SHLVL" && name != "_" && (name != "PATH" || value != "/usr/bin:/bin") {
			u.Env[name] = value
		}
	}
	return u, nil
}

func circleEnv(t *testing.T, dir string) map[string]string {
	env := actiontest.Files(t, dir, map[string]string{"BASH_ENV": "bash_env"})
	env["CIRCLECI"] = "true"
	return env
}

// Values come back through a real bash, but for those that no environment holds.
func TestCircleCI(t *testing.T) {
	for _, c := range actiontest.Hostile() {
		if len(c.Value) > 100<<10 {
			continue
		}
		dir := t.TempDir()
		env := circleEnv(t, dir)
		p := action.Detect(action.Env{Getenv: func(n string) string { return env[n] }})
		if err := p.SetEnv("NAME", []byte(c.Value)); err != nil {
			t.Errorf("%s: %v", c.Why, err)
			continue
		}
		u, err := readCircleCI(dir, nil)
		if err != nil || u.Env["NAME"] != c.Value || len(u.Env) != 1 {
			t.Errorf("%s: comes back as %q of %d (%v)", c.Why, u.Env["NAME"], len(u.Env), err)
		}
	}
	dir := t.TempDir()
	env := circleEnv(t, dir)
	p := action.Detect(action.Env{Getenv: func(n string) string { return env[n] }})
	if p.Name() != "circleci" || !errors.Is(p.Mask([]byte("hostile-value")), action.ErrUnsupported) || !errors.Is(p.SetOutput("A", nil), action.ErrUnsupported) {
		t.Error("not CircleCI")
	}
	if err := p.SetEnv("PATH", nil); !errors.Is(err, action.ErrReserved) {
		t.Error(err)
	}
	if err := os.Remove(env["BASH_ENV"]); err != nil {
		t.Fatal(err)
	}
	if err := p.SetEnv("A", []byte("CANARY")); err == nil || strings.Contains(err.Error(), "CANARY") {
		t.Error(err)
	}
}

// Buildkite's agent gets values on stdin, never as arguments, and its failure is one.
func TestBuildkite(t *testing.T) {
	var calls []string
	var inputs [][]byte
	fail := error(nil)
	p := action.Detect(action.Env{
		Getenv: func(n string) string { return map[string]string{"BUILDKITE": "true"}[n] },
		Run: func(stdin []byte, argv ...string) error {
			calls, inputs = append(calls, strings.Join(argv, " ")), append(inputs, bytes.Clone(stdin))
			return fail
		},
	})
	if err := p.Mask([]byte("first CANARY line\n{\nsecond CANARY line")); err != nil {
		t.Fatal(err)
	}
	value := "a\nb\"c'd"
	if err := p.SetEnv("NAME", []byte(value)); err != nil {
		t.Fatal(err)
	}
	want := []string{"buildkite-agent redactor add", "buildkite-agent redactor add", "buildkite-agent env set --input-format=json -"}
	if strings.Join(calls, "|") != strings.Join(want, "|") || string(inputs[1]) != "second CANARY line" {
		t.Errorf("%q %q", calls, inputs)
	}
	var got map[string]string
	if err := json.Unmarshal(inputs[2], &got); err != nil || len(got) != 1 || got["NAME"] != value {
		t.Errorf("%q: %v", inputs[2], err)
	}
	fail = errors.New("no agent")
	if p.Mask([]byte("a third one")) == nil || p.SetEnv("NAME", nil) == nil {
		t.Error("a failure of the agent is passed over")
	}
}

// Runs that code of strangers can be part of.
func TestSystemTrust(t *testing.T) {
	for _, c := range []struct {
		why, env string
		trusted  bool
	}{
		{"a branch", "GITLAB_CI=true CI_PIPELINE_SOURCE=push", true},
		{"a merge request of the project", "GITLAB_CI=true CI_MERGE_REQUEST_SOURCE_PROJECT_ID=7 CI_MERGE_REQUEST_PROJECT_ID=7", true},
		{"one of a fork", "GITLAB_CI=true CI_MERGE_REQUEST_SOURCE_PROJECT_ID=8 CI_MERGE_REQUEST_PROJECT_ID=7", false},
		{"a fork that was deleted", "GITLAB_CI=true CI_MERGE_REQUEST_PROJECT_ID=7", false},
		{"Azure, a branch", "TF_BUILD=True SYSTEM_PULLREQUEST_ISFORK=False", true},
		{"Azure, a fork", "TF_BUILD=True SYSTEM_PULLREQUEST_ISFORK=True", false},
		{"CircleCI, a branch", "CIRCLECI=true", true},
		{"CircleCI, a fork", "CIRCLECI=true CIRCLE_PR_REPONAME=project", false},
		{"Buildkite, a branch", "BUILDKITE=true BUILDKITE_PULL_REQUEST=false", true},
		{"Buildkite, a pull request of its own", "BUILDKITE=true BUILDKITE_PULL_REQUEST=3 BUILDKITE_REPO=a BUILDKITE_PULL_REQUEST_REPO=a", true},
		{"Buildkite, a fork", "BUILDKITE=true BUILDKITE_PULL_REQUEST=3 BUILDKITE_REPO=a BUILDKITE_PULL_REQUEST_REPO=b", false},
		{"Jenkins, a branch", "JENKINS_URL=x", true},
		{"Jenkins, a fork", "JENKINS_URL=x CHANGE_FORK=somebody", false},
		{"Drone, a branch", "DRONE=true DRONE_BUILD_EVENT=push", true},
		{"Drone does not say whose pull request it is", "DRONE=true DRONE_BUILD_EVENT=pull_request", false},
		{"Woodpecker, the same", "CI=woodpecker CI_PIPELINE_EVENT=pull_request_closed", false},
	} {
		env := map[string]string{}
		for _, kv := range strings.Fields(c.env) {
			k, v, _ := strings.Cut(kv, "=")
			env[k] = v
		}
		ok, why := action.Detect(action.Env{Getenv: func(n string) string { return env[n] }}).Trusted()
		if ok != c.trusted || ok != (why == "") {
			t.Errorf("%s: %v %q", c.why, ok, why)
		}
	}
}
