package action_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who is a stranger, by the event file.
func TestTrusted(t *testing.T) {
	const own = `"repository":{"full_name":"us/repo"}`
	pull := func(head, user string) string {
		return `{` + own + `,"pull_request":{"user":{"login":"` + user + `"},"head":{"repo":` + head + `}}}`
	}
	ours, fork := `{"full_name":"us/repo"}`, `{"full_name":"them/repo","fork":true}`
	for _, c := range []struct {
		why, event, actor, file string
		trusted                 bool
		says                    string
	}{
		{"a push", "push", "me", `{}`, true, ""},
		{"a push, whose event cannot be read", "push", "me", `{`, true, ""},
		{"by hand", "workflow_dispatch", "me", `{}`, true, ""},
		{"a push by dependabot to its branch", "push", "dependabot[bot]", `{}`, false, "dependabot"},
		{"a pull request of our own", "pull_request", "me", pull(ours, "me"), true, ""},
		{"from a fork", "pull_request", "them", pull(fork, "them"), false, "fork"},
		{"from a fork, with the rights of the base", "pull_request_target", "them", pull(fork, "them"), false, "fork"},
		{"from a fork, approved by us", "pull_request_target", "me", pull(fork, "them"), false, "fork"},
		{"of our own, with the rights of the base", "pull_request_target", "me", pull(ours, "me"), true, ""},
		{"from a fork that has been deleted", "pull_request", "me", pull(`null`, "them"), false, "does not say"},
		{"by dependabot, in our repository", "pull_request", "me", pull(ours, "dependabot[bot]"), false, "dependabot"},
		{"a review on a fork's pull request", "pull_request_review", "me", pull(fork, "them"), false, "fork"},
		{"no event file", "pull_request", "me", "", false, "cannot be read"},
		{"a broken event file", "pull_request", "me", `{"CANARY`, false, "cannot be read"},
		{"an empty event", "pull_request", "me", `{}`, false, "does not say"},
		{"after a fork's workflow", "workflow_run", "me", `{` + own + `,"workflow_run":{"actor":{"login":"them"},"head_repository":` + fork + `}}`, false, "fork"},
		{"after our own workflow", "workflow_run", "me", `{` + own + `,"workflow_run":{"actor":{"login":"me"},"head_repository":` + ours + `}}`, true, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": c.event, "GITHUB_ACTOR": c.actor, "GITHUB_REPOSITORY": "us/repo"}
			if c.file != "" {
				env["GITHUB_EVENT_PATH"] = filepath.Join(t.TempDir(), "event.json")
				if err := os.WriteFile(env["GITHUB_EVENT_PATH"], []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ok, why := github(t, env, "", nil).Trusted()
			if ok != c.trusted || !strings.Contains(why, c.says) || ok != (why == "") || strings.Contains(why, "CANARY") {
				t.Errorf("trusted %v, because %q", ok, why)
			}
		})
	}
}
