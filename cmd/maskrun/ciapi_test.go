package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/maskrun/maskrun/internal/fakeci"
)

// A ciAPI is the two fakes of one script.
type ciAPI struct {
	gitlab *fakeci.GitLab
	github *fakeci.GitHub
}

// apis holds those of each running script.
var apis sync.Map

// What a fault of the fakes says, and a value.
const ciCanary = "CANARY-of-the-server"

// cmdCIAPI starts fakes of GitLab's and GitHub's APIs: group/project has OLD and
// HIDDEN, owner/repo has OLD_1 to OLD_3, its environment prod and the organisation
// org have nothing.
func cmdCIAPI(ts *testscript.TestScript, _ bool, _ []string) {
	var api ciAPI
	var stop func()
	api.gitlab, stop = fakeci.NewGitLab(ciCanary, map[string][]fakeci.Variable{"projects/group/project": {
		{Key: "OLD", Scope: "*", Value: ciCanary}, {Key: "HIDDEN", Scope: "*", Value: ciCanary, Masked: true, Hidden: true}, {Key: "OLD", Scope: "prod", Value: ciCanary},
	}, "groups/group": nil})
	ts.Defer(stop)
	api.github, stop = fakeci.NewGitHub(ciCanary, map[string]map[string]fakeci.Secret{
		"repos/owner/repo": {"OLD_1": {Value: ciCanary}, "OLD_2": {Value: ciCanary}, "OLD_3": {Value: ciCanary}},
		"orgs/org":         nil,
		fmt.Sprintf("repositories/%d/environments/prod/eu", fakeci.RepoID): nil,
	})
	ts.Defer(stop)
	ts.Defer(func() {
		if wrong := append(api.gitlab.Wrong(), api.github.Wrong()...); len(wrong) > 0 {
			ts.Logf("the servers say: %v", wrong)
			panic("a fake server was used wrongly: see the log")
		}
	})
	for name, value := range map[string]string{
		"GITLAB_URL": api.gitlab.URL, "GITHUB_API_URL": api.github.URL, "GITLAB_TOKEN": fakeci.Token, "GITHUB_TOKEN": fakeci.Token,
	} {
		ts.Setenv(name, value)
	}
	apis.Store(ts, api)
}

func cmdHeld(ts *testscript.TestScript, _ bool, args []string) {
	found, ok := apis.Load(ts)
	if !ok || len(args) != 2 {
		ts.Fatalf("usage: held PLACE FILE, after ci-api")
	}
	api := found.(ciAPI)
	var lines []string
	for _, v := range api.gitlab.Held(args[0]) {
		lines = append(lines, fmt.Sprintf("%s scope %s masked %t hidden %t protected %t raw %t: %s\n", v.Key, v.Scope, v.Masked, v.Hidden, v.Protected, v.Raw, v.Value))
	}
	secrets := api.github.Held(args[0])
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		lines = append(lines, fmt.Sprintf("%s %s: %s\n", name, secrets[name].Visibility, secrets[name].Value))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(lines, "")), 0o600))
}
