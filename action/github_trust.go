package action

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// An event is what we must know of the file at GITHUB_EVENT_PATH.
type event struct {
	Repository struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
	PullRequest *struct {
		User login `json:"user"`
		Head struct {
			Repo *repo `json:"repo"` // null when the fork has been deleted
		} `json:"head"`
	} `json:"pull_request"`
	WorkflowRun *struct {
		Actor          login `json:"actor"`
		HeadRepository *repo `json:"head_repository"`
	} `json:"workflow_run"`
}

type repo struct {
	FullName string `json:"full_name"`
}

type login struct {
	Login string `json:"login"`
}

// strangers are the events in which code of another repository can take part.
var strangers = map[string]bool{
	"pull_request": true, "pull_request_target": true, "pull_request_review": true,
	"pull_request_review_comment": true, "workflow_run": true,
}

const dependabot = "dependabot[bot]"

// Trusted looks at who started the run, and where the code of a pull request
// lies. What it cannot find out it does not trust.
func (g *github) Trusted() (bool, string) {
	name := g.env.getenv("GITHUB_EVENT_NAME")
	if g.env.getenv("GITHUB_ACTOR") == dependabot {
		return false, "the run was started by dependabot: the code it brings is not reviewed yet"
	}
	if !strangers[name] {
		return true, ""
	}
	e, err := readEvent(g.env.getenv("GITHUB_EVENT_PATH"))
	if err != nil {
		return false, fmt.Sprintf("the event %s cannot be read (%v), so where its code comes from is not known", name, err)
	}
	if why := e.stranger(name, g.env.getenv("GITHUB_REPOSITORY")); why != "" {
		return false, why
	}
	return true, ""
}

// stranger says why a run is not to be trusted, "" when it is.
func (e event) stranger(name, repository string) string {
	if repository == "" {
		repository = e.Repository.FullName
	}
	head, by, what := (*repo)(nil), "", "pull request"
	switch {
	case e.PullRequest != nil:
		head, by = e.PullRequest.Head.Repo, e.PullRequest.User.Login
	case e.WorkflowRun != nil:
		head, by, what = e.WorkflowRun.HeadRepository, e.WorkflowRun.Actor.Login, "workflow run"
	}
	switch {
	case by == dependabot:
		return "the " + what + " is by dependabot: the code it brings is not reviewed yet"
	case head == nil || head.FullName == "" || repository == "":
		return fmt.Sprintf("the event %s does not say where its code comes from", name)
	case head.FullName != repository:
		return fmt.Sprintf("the %s comes from a fork (event %s)", what, name)
	}
	return ""
}

// maxEvent bounds the event file; GitHub's own limit for payloads is 25 MB.
const maxEvent = 32 << 20

func readEvent(path string) (e event, err error) {
	if path == "" {
		return e, errors.New("GITHUB_EVENT_PATH is not set")
	}
	f, err := os.Open(path)
	if err != nil {
		return e, pathless(err)
	}
	defer f.Close()
	if json.NewDecoder(io.LimitReader(f, maxEvent)).Decode(&e) != nil {
		return e, errors.New("it is not the JSON of an event") // the error itself may quote the file
	}
	return e, nil
}
