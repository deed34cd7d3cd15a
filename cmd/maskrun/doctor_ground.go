package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper"
	"github.com/maskrun/maskrun/internal/config"
	"github.com/maskrun/maskrun/internal/coredump"
)

// A groundRow is one thing that maskrun stands on.
type groundRow struct {
	What  string `json:"what"`
	State string `json:"state"` // ok, note, or problem
	Text  string `json:"text"`
}

func (x *examination) fine(what, format string, args ...any) {
	x.ground = append(x.ground, groundRow{what, "ok", fmt.Sprintf(format, args...)})
}

func (x *examination) note(what, format string, args ...any) {
	x.ground = append(x.ground, groundRow{what, "note", fmt.Sprintf(format, args...)})
}

// amiss is a row and a problem.
func (x *examination) amiss(what string, err error) {
	x.ground = append(x.ground, groundRow{what, "problem", err.Error()})
	x.trouble(err)
}

// lookAround makes the rows of the ground.
func (x *examination) lookAround(ctx context.Context, s *shop) {
	x.lookAtConfig()
	x.lookAtStores(ctx, s)
	x.lookAtThirdParties(s)
	x.lookAtKeys()
	x.lookAtOutput()
	x.lookAtCore()
}

func (x *examination) lookAtCore() {
	const what = "core dumps"
	switch err := x.core.Err(); {
	case err == nil:
		x.fine(what, "off")
	case errors.Is(err, coredump.ErrSystem):
		x.note(what, "%s", err)
	default:
		x.amiss(what, fmt.Errorf("core dumps of maskrun are possible: %w", err))
	}
}

func (x *examination) groundRows() []groundRow {
	rows := slices.Clone(x.ground)
	for i := range rows {
		rows[i].Text = x.clean(rows[i].Text)
	}
	return rows
}

func (x *examination) lookAtConfig() {
	const what = "configuration"
	path := x.flags.config
	if here, err := os.Getwd(); err == nil && path == "" {
		path = config.Find(here)
	}
	switch cfg := x.wish.cfg; {
	case cfg.Path != "":
		x.fine(what, "%s", cfg.Path)
	case path != "":
		x.amiss(what, fmt.Errorf("%s cannot be used", path))
	default:
		x.note(what, "no %s here or above", config.FileName)
	}
}

// lookAtStores finds maskrun-stores and asks its version. Missing is no problem
// where no reference needs it; where one does, its failure has been told.
func (x *examination) lookAtStores(ctx context.Context, s *shop) {
	path, err := helper.Find(s.helperOptions(helper.Stores))
	if err != nil {
		if slices.ContainsFunc(x.asked, func(v wanted) bool { return s.helperOf(v.ref.Scheme) == helper.Stores }) {
			x.amiss(helper.Stores, err)
		} else {
			x.note(helper.Stores, "not found; only the stores it serves need it")
		}
		return
	}
	answer, err := askVersion(ctx, path)
	if err != nil {
		x.amiss(helper.Stores, fmt.Errorf("%s: %w", path, err))
		return
	}
	x.fine(helper.Stores, "%s, version %s", path, answer)
}

// versionAnswer is what maskrun-stores --version prints. Whatever else a program
// prints is not shown: it may be anything.
var versionAnswer = fetch.Pattern(`^maskrun-stores (v[0-9][0-9A-Za-z.+-]{0,100}|\(devel\)|\(unknown\))\n$`)

// askVersion runs the helper with --version, in an empty environment: for that
// answer it needs no credential.
func askVersion(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, helper.DefaultHello)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Env = []string{}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	m := versionAnswer().FindSubmatch(out)
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("no answer to --version: %w", ctx.Err())
	case err != nil:
		return "", fmt.Errorf("--version: %w", pathless(err))
	case m == nil:
		return "", fmt.Errorf("its answer to --version is not that of maskrun-stores")
	}
	return string(m[1]), nil
}

// lookAtThirdParties finds the helpers of other people that references need.
func (x *examination) lookAtThirdParties(s *shop) {
	var seen []string
	for _, v := range x.asked {
		name := s.helperOf(v.ref.Scheme)
		if v.literal != nil || name == "" || name == helper.Stores || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		if path, err := helper.Find(s.helperOptions(name)); err != nil {
			x.amiss(name, err)
		} else {
			x.fine(name, "%s", path)
		}
	}
}

// lookAtOutput says where the output goes, and where we are.
func (x *examination) lookAtOutput() {
	text := "stdout is no terminal"
	if isTerminal(x.stdout) {
		text = "stdout is a terminal"
	}
	if sameFile(x.stdout, x.stderr) {
		text += ", and stderr the same file"
	}
	x.fine("output", "%s", text)
	for _, row := range platforms {
		if v := x.getenv(row.variable); v != "" && (row.value == "" || v == row.value) {
			x.fine("platform", "%s", row.name)
			return
		}
	}
	x.fine("platform", "none: no CI is detected")
}

// platforms tells a CI by a variable that it sets; the first that fits.
var platforms = []struct{ name, variable, value string }{
	{"GitHub Actions", "GITHUB_ACTIONS", "true"},
	{"GitLab CI", "GITLAB_CI", "true"},
	{"CircleCI", "CIRCLECI", "true"},
	{"Azure Pipelines", "TF_BUILD", ""},
	{"Buildkite", "BUILDKITE", "true"},
	{"Jenkins", "JENKINS_URL", ""},
	{"a CI that sets CI=true", "CI", "true"},
}
