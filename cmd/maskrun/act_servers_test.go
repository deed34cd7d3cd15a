//go:build servers && unix

package main_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/maskrun/maskrun/internal/vaulttest"
)

// TestAct runs the workflows of testdata/workflows under act, a runner that is not
// ours, with a real Vault. What stands in for GitHub is the issuer of identity
// tokens (a fake), and act itself.
func TestAct(t *testing.T) {
	a := newAct(t)
	t.Run("export", a.testExport)
	t.Run("run", a.testRun)
	t.Run("untrusted", a.testUntrusted)
}

// An act is a repository with the action in it, and what its workflows need.
type act struct {
	program, repo, cache string
	vault                *vaulttest.Server
	identity             *httptest.Server
	asked                atomic.Int32 // identity tokens
	token, key, run      string
}

const actKey = "-----BEGIN KEY-----\nCANARYline1aaaaaaaaaaaaaaaaaaaa\nCANARYline2bbbbbbbbbbbbbbbbbbbb\nEVIL=x\n-----END KEY-----"

func newAct(t *testing.T) *act {
	a := &act{
		program: vaulttest.Program(t, "act"), repo: t.TempDir(), cache: t.TempDir(), vault: vaulttest.Start(t, nil),
		token: "CANARY-token-7f3a9c-of-vault", key: actKey, run: "r4nd0m",
	}
	a.vault.Write(t, "secret/data/ci", map[string]any{"data": map[string]any{"token": a.token, "key": a.key}})
	a.vault.Policy(t, "ci", `path "secret/*" { capabilities = ["read", "list"] }`)
	issuer := vaulttest.NewIssuer(t)
	a.vault.JWT(t, "jwt", issuer, map[string]any{"bound_audiences": "https://vault.test", "user_claim": "sub", "token_policies": "ci"})
	a.identity = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer CANARY-of-the-runner" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		a.asked.Add(1)
		token := issuer.Token(t, map[string]any{"sub": "repo:us/repo", "aud": r.URL.Query().Get("audience")})
		_ = json.NewEncoder(w).Encode(map[string]string{"value": token})
	}))
	t.Cleanup(a.identity.Close)
	a.makeRepo(t)
	return a
}

// makeRepo makes a repository of the action, as a release has it: the digests of
// the programs stand in it, and the programs are in the tool cache.
func (a *act) makeRepo(t *testing.T) {
	const version = "0.0.0-test"
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	key := map[string]string{"linux": "linux", "darwin": "darwin"}[runtime.GOOS] + "-" + arch
	tools := filepath.Join(a.cache, "act", "tool_cache", "maskrun", version, key)
	shell(t, ".", "go", "build", "-ldflags=-s -w", "-o", tools+"/", ".", "../maskrun-stores")
	digests := map[string]string{}
	for _, name := range []string{"maskrun", "maskrun-stores"} {
		data, err := os.ReadFile(filepath.Join(tools, name))
		if err != nil {
			t.Fatal(err)
		}
		digests[name] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	text, err := json.Marshal(map[string]any{"version": version, "assets": map[string]any{key: digests}})
	if err != nil {
		t.Fatal(err)
	}
	shell(t, ".", "cp", "-r", "../../action.yml", "../../action", a.repo)
	for path, content := range map[string][]byte{"action/digests.json": text} {
		if err := os.WriteFile(filepath.Join(a.repo, path), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, ".", "cp", "-r", "../../testdata/workflows", a.repo)
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "-A"}, {"-c", "user.name=t", "-c", "user.email=t@t.invalid", "commit", "-qm", "x"},
		{"remote", "add", "origin", "https://github.com/us/repo.git"},
	} {
		shell(t, a.repo, "git", args...)
	}
}

func shell(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// start runs one workflow and returns everything that act printed.
func (a *act) start(t *testing.T, event, workflow string, more ...string) string {
	t.Helper()
	sum := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	args := []string{
		event, "-W", "workflows/" + workflow, "-P", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-",
		"--cache-server-addr", "127.0.0.1", "--artifact-server-addr", "127.0.0.1",
		"--env", "ACTIONS_ID_TOKEN_REQUEST_URL=" + a.identity.URL + "/token?api-version=2.0",
		"--env", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=CANARY-of-the-runner",
		"--env", "TEST_VAULT=" + a.vault.Address, "--env", "TEST_RUN=" + a.run,
		"--env", "TEST_TOKEN_SHA256=" + sum(a.token), "--env", "TEST_KEY_SHA256=" + sum(a.key),
	}
	cmd := exec.CommandContext(t.Context(), a.program, append(args, more...)...)
	cmd.Dir = a.repo
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+a.cache, "HOME="+a.cache)
	out, err := cmd.CombinedOutput()
	log := string(out)
	a.noLeak(t, log)
	if err != nil {
		t.Errorf("act %s: %v", workflow, err)
	}
	if t.Failed() {
		t.Log(log)
	}
	return log
}

// noLeak wants no form of a value in what was printed: neither step, nor act, nor
// annotation may show one.
func (a *act) noLeak(t *testing.T, log string) {
	t.Helper()
	learned := "learned-" + a.run + "-value"
	forms := []string{
		"CANARY", base64.StdEncoding.EncodeToString([]byte(a.token))[:20], hex.EncodeToString([]byte(a.token)),
		base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(a.token))))[:20],
		base64.StdEncoding.EncodeToString([]byte(learned))[:16],
	}
	for _, form := range forms {
		if strings.Contains(log, form) {
			t.Errorf("a form of a value is in the log: %q", form)
		}
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, learned) && !strings.Contains(line, "add-mask") {
			t.Errorf("a learned value is in the log: %s", line)
		}
	}
}

func (a *act) wants(t *testing.T, log string, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		if !regexp.MustCompile("(?m)" + p).MatchString(log) {
			t.Errorf("not in the log: %s", p)
		}
	}
	if t.Failed() {
		t.Log(log)
	}
}

// tokens counts the tokens that a job has been given and that are alive.
func (a *act) tokens(t *testing.T) int {
	keys := a.vault.Do(t, "LIST", "auth/token/accessors", a.vault.Token, nil)["data"].(map[string]any)["keys"].([]any)
	n := 0
	for _, accessor := range keys {
		data, _ := a.vault.Write(t, "auth/token/lookup-accessor", map[string]any{"accessor": accessor})["data"].(map[string]any)
		if data["path"] == "auth/jwt/login" {
			n++
		}
	}
	return n
}

func (a *act) testExport(t *testing.T) {
	log := a.start(t, "push", "export.yml")
	a.wants(t, log,
		`\| token \*\*\*$`, `\| base64 \*\*\*$`, `\| twice \*\*\*\S{0,8}$`, `\| hex \*\*\*$`, `colour`,
		`value: right$`, `key: right$`, `wildcard: right$`, `no other variable$`, `token of Vault: alive$`,
		`only here \*\*\*$`, `reference right$`, `reference gone$`,
		`failing with \*\*\*$`, `failing=failure pipe=failure$`,
		`\| \*\*\*$`, `learned base64 \*\*\*$`, `three stars stay: a\*\*\*b$`, `stopped, \*\*\*$`, `ordinary text$`,
		`plain: \*\*\*$`, `TOKEN was printed and hidden`,
	)
	if regexp.MustCompile(`(?m)\| not reached$`).MatchString(log) {
		t.Error("a step went on after a failing pipe")
	}
	if n := a.tokens(t); n != 0 {
		t.Errorf("%d tokens of Vault are alive after the job", n)
	}
	if a.asked.Load() == 0 {
		t.Error("no identity token was asked for")
	}
}

func (a *act) testRun(t *testing.T) {
	log := a.start(t, "push", "run.yml")
	a.wants(t, log, `in the script: \*\*\* and \*\*\*$`, `value: right$`, `later: not here$`, `leaking=failure$`, `denied=failure$`, `vault`)
	if n := a.tokens(t); n != 0 {
		t.Errorf("%d tokens of Vault are alive after the job", n)
	}
}

func (a *act) testUntrusted(t *testing.T) {
	event := filepath.Join(a.repo, "event.json")
	const fork = `{"pull_request": {"user": {"login": "them"}, "head": {"ref": "x", "repo": {"full_name": "them/repo"}}, "base": {"ref": "main"}}, "repository": {"full_name": "us/repo"}}`
	if err := os.WriteFile(event, []byte(fork), 0o600); err != nil {
		t.Fatal(err)
	}
	log := a.start(t, "pull_request", "untrusted.yml", "-e", event)
	a.wants(t, log, `no secret is fetched: the pull request comes from a fork`, `refused=failure$`, `skipped nothing is set$`)
}
