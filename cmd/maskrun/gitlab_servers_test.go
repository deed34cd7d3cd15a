//go:build servers && unix

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeGitLab is a fake: of GitLab's API it has the little that a runner needs to be
// handed one job and to send its trace. The runner is a real one.
type fakeGitLab struct {
	job      []byte
	cancelAt string // once this is in the trace the job is cancelled

	mu    sync.Mutex
	given bool
	trace bytes.Buffer
	state string
}

func (f *fakeGitLab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/jobs/request") && f.given:
		w.WriteHeader(http.StatusNoContent)
	case strings.HasSuffix(r.URL.Path, "/jobs/request"):
		f.given = true
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(f.job)
	case r.Method == http.MethodPatch:
		f.patch(w, r, body)
	case r.Method == http.MethodPut:
		var update struct {
			State string `json:"state"`
			Trace string `json:"trace"`
		}
		_ = json.Unmarshal(body, &update)
		f.state = update.State
		w.Header().Set("Job-Status", f.status())
		_, _ = io.WriteString(w, "{}")
	default:
		_, _ = io.WriteString(w, "{}")
	}
}

// patch takes a piece of the trace if it begins where the last one ended.
func (f *fakeGitLab) patch(w http.ResponseWriter, r *http.Request, body []byte) {
	var from, to int
	_, err := fmt.Sscanf(r.Header.Get("Content-Range"), "%d-%d", &from, &to)
	if err != nil || from != f.trace.Len() {
		w.Header().Set("Range", fmt.Sprintf("0-%d", f.trace.Len()))
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	}
	f.trace.Write(body)
	w.Header().Set("Job-Status", f.status())
	w.Header().Set("Range", fmt.Sprintf("0-%d", f.trace.Len()))
	w.Header().Set("X-GitLab-Trace-Update-Interval", "1")
	w.WriteHeader(http.StatusAccepted)
}

func (f *fakeGitLab) status() string {
	if f.cancelAt != "" && bytes.Contains(f.trace.Bytes(), []byte(f.cancelAt)) {
		return "canceled"
	}
	return "running"
}

// jobValue is what no trace may hold.
const jobValue = "CANARY-job-token-0123456789"

// runJob has a real runner execute one job. Script and after are lines of .gitlab-ci.yml.
func runJob(t *testing.T, f *fakeGitLab, path string, script, after []string) string {
	t.Helper()
	runner := os.Getenv("MASKRUN_GITLAB_RUNNER")
	if runner == "" {
		t.Fatal("MASKRUN_GITLAB_RUNNER is not set: .ci/run gitlab sets it")
	}
	work := t.TempDir()
	api := httptest.NewServer(f)
	defer api.Close()
	var vars []map[string]any
	for k, v := range map[string]string{"CI": "true", "GITLAB_CI": "true", "GIT_STRATEGY": "none", "CI_JOB_ID": "41", "JOB_VALUE": jobValue} {
		vars = append(vars, map[string]any{"key": k, "value": v, "public": true})
	}
	step := func(name, when string, lines []string) map[string]any {
		return map[string]any{"name": name, "script": lines, "timeout": 120, "when": when, "allow_failure": when == "always"}
	}
	f.job, _ = json.Marshal(map[string]any{
		"id": 41, "token": "job-token-abcdef", "allow_git_fetch": false,
		"job_info":    map[string]any{"id": 41, "name": "demo", "stage": "test", "project_id": 7, "project_name": "proj"},
		"git_info":    map[string]any{"repo_url": api.URL + "/grp/proj.git", "ref": "main", "sha": strings.Repeat("0", 40), "before_sha": strings.Repeat("0", 40), "ref_type": "branch", "refspecs": []string{}},
		"runner_info": map[string]any{"timeout": 120}, "variables": vars,
		"steps": []any{step("script", "on_success", script), step("after_script", "always", after)},
		"image": map[string]any{"name": ""}, "services": []any{}, "artifacts": []any{}, "cache": []any{}, "credentials": []any{}, "dependencies": []any{},
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, runner, "--log-level", "warn", "run-single", "-u", api.URL, "-t", "glrt-0123456789abcdef",
		"--executor", "shell", "--shell", "bash", "--builds-dir", work+"/b", "--cache-dir", work+"/c",
		"--max-builds", "1", "--wait-timeout", "5", "--output-limit", "300000")
	cmd.Dir = work
	cmd.Env = []string{"HOME=" + work, "PATH=" + path + ":" + os.Getenv("PATH"), "JOB_VALUE=" + jobValue}
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("the runner hangs: %v\n%s", err, out)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	trace := f.trace.String()
	if strings.Contains(trace, "CANARY") || bytes.Contains(out, []byte("CANARY")) {
		t.Errorf("the value is in the trace:\n%.2000s", trace)
	}
	return trace
}

// hookLine is the job's first line. The program has its whole path: a login shell
// makes a PATH of its own.
func hookLine(t *testing.T) string {
	return fmt.Sprintf(`eval "$(%s hook --secret TOKEN=env://JOB_VALUE || echo exit 125)"`, buildMaskrun(t))
}

// entrypointPath is a PATH on which bash is a real bash behind the entrypoint, as it
// is in an image with that ENTRYPOINT: the shell executor has no image.
func entrypointPath(t *testing.T) string {
	bin := buildMaskrun(t)
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec %s entrypoint --secret TOKEN=env://JOB_VALUE -- %s \"$@\"\n", bin, bash)
	if err := os.WriteFile(filepath.Join(dir, "bash"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Both ways, through a real GitLab Runner with the shell executor: the job's lines
// are all there, in order, no value is, and the job ends as one without maskrun.
func TestGitLabRunner(t *testing.T) {
	body := []string{
		`echo "token: $TOKEN"`, `echo "to stderr: $TOKEN" >&2`,
		`printf 'part one %s' "${TOKEN%0123456789}"; sleep 0.5; printf '%s part two\n' 0123456789`,
		`set -x`, `: "$TOKEN"`, `{ set +x; } 2>/dev/null`,
		`(sleep 0.3; echo "background $TOKEN") &`, `wait`,
		`if [ -t 1 ]; then echo tty; else echo notty; fi`,
	}
	want := []string{"token: ***", "to stderr: ***", "part one *** part two", "background ***", "notty"}
	const fails, after = `sh -c "exit 42"`, `echo "after: $TOKEN"`
	bare := runJob(t, &fakeGitLab{}, "/bin", []string{fails}, nil)
	_, failure, ok := strings.Cut(bare, "ERROR: ")
	if !ok {
		t.Fatalf("a job without maskrun does not fail:\n%s", bare)
	}
	for _, way := range []struct {
		name, path string
		hook       []string
	}{
		{"hook", "/bin", []string{hookLine(t)}},
		{"entrypoint", entrypointPath(t), nil},
	} {
		script := func(lines ...string) []string { return slices.Concat(way.hook, lines) }
		t.Run(way.name, func(t *testing.T) {
			f := &fakeGitLab{}
			trace := runJob(t, f, way.path, script(append(body[:len(body):len(body)], `echo "last line"`)...), script(after))
			if f.state != "success" {
				t.Errorf("the job is %s\n%s", f.state, trace)
			}
			inOrder(t, trace, append(want[:5:5], "last line", "after: ***"))
		})
		t.Run(way.name+" failing", func(t *testing.T) {
			f := &fakeGitLab{}
			trace := runJob(t, f, way.path, script(append(body[:len(body):len(body)], fails, `echo never`)...), script(after))
			if f.state != "failed" || strings.Contains(trace, "\nnever") || !strings.HasSuffix(trace, failure) {
				t.Errorf("the job is %s, want as without maskrun: %s\n%s", f.state, failure, trace)
			}
			inOrder(t, trace, append(want[:5:5], "after: ***"))
		})
		t.Run(way.name+" cancelled", func(t *testing.T) {
			f := &fakeGitLab{cancelAt: "begun ***"}
			trace := runJob(t, f, way.path, script(`echo "begun $TOKEN"`, `sleep 400`, `echo never`), nil)
			if strings.Contains(trace, "\nnever") {
				t.Errorf("not cancelled:\n%s", trace)
			}
			inOrder(t, trace, []string{"begun ***"})
		})
	}
}

// inOrder wants whole lines in a trace, in this order.
func inOrder(t *testing.T, trace string, lines []string) {
	t.Helper()
	rest := "\n" + strings.ReplaceAll(trace, "\r", "")
	for _, line := range lines {
		i := strings.Index(rest, "\n"+line+"\n")
		if i < 0 {
			t.Errorf("the trace lacks %q, or has it too early:\n%s", line, trace)
			return
		}
		rest = rest[i+len(line)+1:]
	}
}

// 100 MB, a value in every line: none is lost.
func TestGitLabRunner100MB(t *testing.T) {
	const lines, pad = 1_000_000, "0123456789012345678901234567890123456789012345678901234567890123456789"
	f := &fakeGitLab{}
	trace := runJob(t, f, "/bin", []string{hookLine(t),
		fmt.Sprintf(`awk -v t="$TOKEN" 'BEGIN { for (i = 1; i <= %d; i++) printf "%%07d %%s %%s\n", i, t, "%s" }'`, lines, pad),
		`echo "last line"`}, nil)
	if f.state != "success" {
		t.Fatalf("the job is %s", f.state)
	}
	begin := strings.Index(trace, "\n0000001 ")
	if begin < 0 {
		t.Fatalf("no first line:\n%.2000s", trace)
	}
	rest := trace[begin+1:]
	for i := 1; i <= lines; i++ {
		line := fmt.Sprintf("%07d *** %s\n", i, pad)
		if !strings.HasPrefix(rest, line) {
			t.Fatalf("line %d is %.120q", i, rest)
		}
		rest = rest[len(line):]
	}
	if !strings.Contains(rest, "\nlast line\n") {
		t.Errorf("after the last line: %.100q", rest)
	}
	t.Logf("%d bytes printed, %d in the trace", lines*(8+len(jobValue)+1+len(pad)+1), len(trace))
}

// The same job by gitlab-ci-local, as people try theirs at home.
func TestGitLabCILocal(t *testing.T) {
	local := os.Getenv("MASKRUN_GITLAB_CI_LOCAL")
	if local == "" {
		t.Fatal("MASKRUN_GITLAB_CI_LOCAL is not set: .ci/run gitlab sets it")
	}
	dir := t.TempDir()
	template, err := os.ReadFile("../../templates/maskrun/template.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "template.yml"), template, 0o600); err != nil {
		t.Fatal(err)
	}
	include := map[string]any{"local": "/template.yml", "inputs": map[string]any{"secrets": "OTHER=env://JOB_VALUE", "config": ""}}
	ci, err := json.Marshal(map[string]any{"include": []any{include}, "demo": map[string]any{
		"extends":   ".maskrun-hook",
		"variables": map[string]string{"JOB_VALUE": jobValue, "MASKRUN_CONFIG": ""},
		"script":    []string{`echo "other $OTHER"`, `TOKEN=$OTHER`, `echo "token $TOKEN"`, `echo "to stderr $TOKEN" >&2`, `f() { return 42; }`, `f`, `echo never`},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".gitlab-ci.yml"), ci, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"git", "init", "-q", "-b", "main"},
		{"git", "remote", "add", "origin", "git@gitlab.invalid:group/project.git"},
		{"git", "add", "."},
		{"git", "-c", "user.name=t", "-c", "user.email=t@t.invalid", "commit", "-qm", "t"},
	} {
		cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, local, "--shell-executor-no-image", "--force-shell-executor", "demo")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_COUNT=0", "PATH="+filepath.Dir(buildMaskrun(t))+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	text := string(out)
	if ctx.Err() != nil || err == nil {
		t.Fatalf("ends with %v\n%s", err, text)
	}
	if strings.Contains(text, "CANARY") || strings.Contains(text, "> never") {
		t.Errorf("the value, or a line too many:\n%s", text)
	}
	for _, want := range []string{"other ***", "token ***", "to stderr ***", "42"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
}
