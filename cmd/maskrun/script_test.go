package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary plays maskrun in the scripts. With the race detector every
// process would sleep for a second at its exit.
const noSleepAtExit = "atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	os.Setenv("GORACE", noSleepAtExit)
	playRole()
	testscript.Main(m, map[string]func(){"maskrun": main})
}

// TestScripts runs testdata/script: one behaviour a file, every line preceded by
// why. Besides the commands of testscript there are:
//
//	code N COMMAND…     the command exits with N, and CANARY, which is in every
//	                    secret of the scripts, is in neither of its streams
//	within DUR COMMAND… it ends in time, however it ends
//	age FILE KEY CIPHER encrypts FILE to a new key
//	stores              builds maskrun-stores and puts it on PATH
//	ci-api              starts fakes of GitLab's and GitHub's APIs: see ciapi_test.go
//	held PLACE FILE     writes what one of them holds to FILE
//
// and the condition [pidns]: process namespaces may be made here.
//
// To rewrite the expected outputs: UPDATE=1 go test ./cmd/maskrun
func TestScripts(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	const scripts = "../../testdata/script"
	watched, by, _ := strings.Cut(watchProcesses(t, scripts), "=")
	testscript.Run(t, testscript.Params{
		Dir:                 scripts,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(8 * time.Minute),
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LC_ALL", "C")
			env.Setenv("REPO", repo)
			env.Setenv(watched, by)
			env.Setenv("GORACE", noSleepAtExit)
			env.Defer(func() { checkLeftovers(t, env.WorkDir) })
			return nil
		},
		Condition: func(cond string) (bool, error) {
			if cond != "pidns" {
				return false, fmt.Errorf("no condition %s", cond)
			}
			return exec.Command("unshare", "--fork", "--pid", "--mount-proc", "true").Run() == nil, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code":   cmdCode,
			"within": cmdWithin,
			"age":    cmdAge,
			"stores": cmdStores,
			"ci-api": cmdCIAPI,
			"held":   cmdHeld,
		},
	})
}

// checkLeftovers finds values that a run left in its temporary directory, and core
// files. FAULTS 99, 102, 104.
func checkLeftovers(t *testing.T, dir string) {
	if cores, _ := filepath.Glob(filepath.Join(dir, "core*")); len(cores) > 0 {
		t.Errorf("core files: %v", cores)
	}
	_ = filepath.WalkDir(filepath.Join(dir, ".tmp"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if data, err := os.ReadFile(path); err == nil && bytes.Contains(data, []byte("CANARY")) {
			t.Errorf("%s holds a value", path)
		}
		return nil
	})
}

func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := runCode(ts, args[1:])
	for _, stream := range []string{"stdout", "stderr"} {
		if strings.Contains(ts.ReadFile(stream), "CANARY") {
			ts.Fatalf("a value is in %s", stream)
		}
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func runCode(ts *testscript.TestScript, args []string) int {
	err := ts.Exec(args[0], args[1:]...)
	if exit, ok := err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	ts.Check(err)
	return 0
}

func cmdWithin(ts *testscript.TestScript, _ bool, args []string) {
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	start := time.Now()
	runCode(ts, args[1:])
	if took := time.Since(start); took > limit {
		ts.Fatalf("took %v, want at most %v", took, limit)
	}
}

func cmdAge(ts *testscript.TestScript, _ bool, args []string) {
	id, err := age.GenerateX25519Identity()
	ts.Check(err)
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	w, err := age.Encrypt(a, id.Recipient())
	ts.Check(err)
	_, err = w.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(a.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(id.String()+"\n"), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), out.Bytes(), 0o600))
}

// storesBinary is built once, by the first script that wants it.
var storesBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "maskrun-stores-")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", dir, "../maskrun-stores")
	cmd.Stderr = os.Stderr
	return dir, cmd.Run()
})

func cmdStores(ts *testscript.TestScript, _ bool, _ []string) {
	dir, err := storesBinary()
	ts.Check(err)
	ts.Setenv("PATH", dir+string(os.PathListSeparator)+ts.Getenv("PATH"))
}
