package main

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/fetch"
)

func pushCommand() command {
	return command{
		name:  "push",
		args:  "gitlab|github [flags]",
		short: "set secrets as variables of GitLab or secrets of GitHub",
		long: `   maskrun push gitlab --help
   maskrun push github --help`,
		flags: func() []flagGroup { return nil },
		run: func(_ *program, c *cli.Context) error {
			return usagef("push", "want gitlab or github")
		},
		sub: []command{pushGitLabCommand(), pushGitHubCommand()},
	}
}

const pushLong = `What would change is shown first, by name; on a terminal it asks before it goes
on. If one value cannot be held there, nothing at all is written. Only --prune
removes anything.

`

func pushGitLabCommand() command {
	return command{
		name:  "push gitlab",
		args:  "[flags] --project GROUP/PROJECT | --group GROUP",
		short: "set secrets as CI/CD variables of GitLab",
		long: pushLong + `The token is GITLAB_TOKEN, with the scope api; the server is that of GITLAB_URL
or CI_SERVER_URL, else gitlab.com. A job's CI_JOB_TOKEN cannot set variables.

   maskrun push gitlab --project group/project --secret KEY=sops://s.yaml#/key`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Where to", append([]cli.Flag{
					&cli.StringFlag{Name: "project", Usage: "set variables of project `GROUP/PROJECT`"},
					&cli.StringFlag{Name: "group", Usage: "set variables of group `GROUP`"},
					&cli.StringFlag{Name: "scope", Usage: "for the environments that `PATTERN` names, such as prod or review/* (default: all)"},
					&cli.BoolFlag{Name: "masked", Value: true, Usage: "have GitLab mask them in job logs; a value that it cannot mask is refused (default: true)"},
					&cli.BoolFlag{Name: "hidden", Usage: "hide new ones in the settings as well, where the server can (from 17.4)"},
					&cli.BoolFlag{Name: "protected", Usage: "give them to protected branches and tags only (default: existing ones stay as they are)"},
					&cli.BoolFlag{Name: "raw", Value: true, Usage: "a $ in a value stands for itself (default: true)"},
				}, pushFlagSet()...)},
				{"Which secrets", secretFlagSet()},
			}
		},
		run: func(p *program, c *cli.Context) error {
			project, group := c.String("project"), c.String("group")
			if (project == "") == (group == "") {
				return usagef("push gitlab", "want --project or --group")
			}
			params := url.Values{}
			for _, name := range []string{"masked", "hidden", "raw", "protected"} {
				if name != "protected" || c.IsSet(name) {
					params.Set(name, fmt.Sprint(c.Bool(name)))
				}
			}
			to := "project " + project
			if group != "" {
				to = "group " + group
				params.Set("group", "true")
			}
			if scope := c.String("scope"); scope != "" {
				to += ", environments " + scope
				params.Set("environment", scope)
			}
			return p.push(c, target{"push gitlab", "gitlab-var", "GitLab " + to, fetch.Push{Path: cmp.Or(project, group), Params: params}})
		},
	}
}

func pushGitHubCommand() command {
	return command{
		name:  "push github",
		args:  "[flags] --repo OWNER/NAME | --org NAME",
		short: "set secrets of GitHub Actions",
		long: pushLong + `What GitHub holds can be read by nobody, so that every secret named is written
anew. The token is GITHUB_TOKEN or GH_TOKEN; the server is that of
GITHUB_API_URL, else api.github.com.

   maskrun push github --repo owner/name --secret KEY=sops://secrets.yaml#/key`,
		flags: func() []flagGroup {
			return []flagGroup{
				{"Where to", append([]cli.Flag{
					&cli.StringFlag{Name: "repo", Usage: "set secrets of repository `OWNER/NAME`"},
					&cli.StringFlag{Name: "env", Usage: "with --repo: of its environment `NAME`"},
					&cli.StringFlag{Name: "org", Usage: "set secrets of organisation `NAME`"},
					&cli.StringFlag{Name: "visibility", Usage: "with --org: which repositories see new ones: `WHICH` private or all (default: private; existing ones stay as they are)"},
				}, pushFlagSet()...)},
				{"Which secrets", secretFlagSet()},
			}
		},
		run: func(p *program, c *cli.Context) error {
			repo, org, env, visibility := c.String("repo"), c.String("org"), c.String("env"), c.String("visibility")
			switch {
			case (repo == "") == (org == ""):
				return usagef("push github", "want --repo or --org")
			case repo != "" && strings.Count(repo, "/") != 1 || strings.Contains(org, "/"):
				return usagef("push github", "want --repo OWNER/NAME, or --org NAME")
			case env != "" && repo == "" || visibility != "" && org == "":
				return usagef("push github", "--env goes with --repo, and --visibility with --org")
			case !slices.Contains([]string{"", "private", "all"}, visibility):
				return usagef("push github", "flag --visibility: want private or all")
			}
			params, to := url.Values{}, "repository "+repo
			if org != "" {
				to = "organisation " + org
			}
			if visibility != "" {
				params.Set("visibility", visibility)
			}
			if env != "" {
				to += ", environment " + env
				params.Set("env", env)
			}
			return p.push(c, target{"push github", "github-var", "GitHub " + to, fetch.Push{Path: cmp.Or(repo, org), Params: params}})
		},
	}
}
