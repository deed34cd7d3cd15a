//go:build unix

package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// FAULTS 37. In the full size each of the 256 codes comes four times: a thousand runs.
func TestEveryExitCode(t *testing.T) {
	eachMode(t, func(t *testing.T, m mode) {
		step := 1
		if m.args != nil {
			step = times(15, 1, 1) // 15 divides 255: the last is there
		}
		again(t, times(1, 1, 4), func(t *testing.T) { everyExitCode(t, m, step) })
	})
}

func everyExitCode(t *testing.T, m mode, step int) {
	for code := 0; code < 256; code += step {
		st := must(t, m.spec(Spec{Argv: sh(fmt.Sprintf("exit %d", code))}))
		if st != (Status{Code: code}) || st.ExitCode() != code {
			t.Errorf("exit %d gives %+v", code, st)
		}
	}
}

// FAULTS 38. In the full size each of the 14 signals comes 72 times: a thousand runs.
func TestEveryFatalSignal(t *testing.T) {
	eachMode(t, func(t *testing.T, m mode) {
		again(t, times(1, 2, 72), func(t *testing.T) { everyFatalSignal(t, m) })
	})
}

func everyFatalSignal(t *testing.T, m mode) {
	for _, sig := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGILL, syscall.SIGABRT,
		syscall.SIGBUS, syscall.SIGFPE, syscall.SIGKILL, syscall.SIGSEGV, syscall.SIGPIPE,
		syscall.SIGALRM, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2,
	} {
		st := must(t, m.spec(Spec{Argv: sh(fmt.Sprintf("ulimit -c 0; kill -%d $$", sig))}))
		if st != (Status{Code: -1, Signal: sig}) || st.ExitCode() != 128+int(sig) {
			t.Errorf("%v gives %+v", sig, st)
		}
	}
}

// FAULTS 39, 40
func TestStartErrors(t *testing.T) { eachMode(t, startErrors) }

func startErrors(t *testing.T, m mode) {
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	plain := file("plain", "#!/bin/sh\n", 0o644)
	noformat := file("noformat", "echo hi\n", 0o755)
	badinterp := file("badinterp", "#!/no/such/interpreter\n", 0o755)
	closed, err := os.Open(plain)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	const hidden = "hunter2hunter2"
	for _, c := range []struct {
		why  string
		ctx  context.Context
		spec Spec
		code int
		text string
	}{
		{"nothing to run", nil, Spec{}, 125, "no command"},
		{"an empty name is a name that does not exist", nil, Spec{Argv: []string{""}}, 127, "not found"},
		{"not on the PATH", nil, Spec{Argv: []string{"no-such-command-here", hidden}}, 127, "not found"},
		{"not at the path", nil, Spec{Argv: []string{"/no/such/command"}}, 127, "no such file"},
		{"no PATH at all still finds no nonsense", nil, Spec{Argv: []string{"no-such-command-here"}, Env: []string{"A=b"}}, 127, "not found"},
		{"a directory", nil, Spec{Argv: []string{dir}}, 126, "directory"},
		{"no x bit", nil, Spec{Argv: []string{plain}}, 126, "permission denied"},
		{"no x bit, found on the PATH", nil, Spec{Argv: []string{"plain"}, Env: []string{"PATH=/nowhere:" + dir}}, 126, "permission denied"},
		{"not a program", nil, Spec{Argv: []string{noformat}}, 126, "#!"},
		{"the interpreter is missing, not the script", nil, Spec{Argv: []string{badinterp}}, 126, "interpreter"},
		{"a file where a directory should be", nil, Spec{Argv: []string{plain + "/x"}}, 126, "not a directory"},
		{"2 MB of arguments", nil, Spec{Argv: []string{"true", strings.Repeat(hidden, 150_000)}}, 126, "too large"},
		{"NUL in an argument", nil, Spec{Argv: []string{"true", hidden + "\x00"}}, 125, "argument 1 contains"},
		{"NUL in a variable: its name, not its value", nil, Spec{Argv: []string{"true"}, Env: []string{"A=b", "TOKEN=" + hidden + "\x00"}}, 125, "variable TOKEN contains"},
		{"NUL in what may be all value", nil, Spec{Argv: []string{"true"}, Env: []string{"A=b", hidden + "\x00=x"}}, 125, "entry 1 contains"},
		{"no such directory is not a missing command", nil, Spec{Argv: []string{"true"}, Dir: "/no/such/dir"}, 125, "working directory"},
		{"a directory that is a file", nil, Spec{Argv: []string{"true"}, Dir: plain}, 125, "not a directory"},
		{"stdin that was closed", nil, Spec{Argv: []string{"true"}, Stdin: closed}, 125, "standard input"},
		{"a context that has ended", ended, Spec{Argv: []string{"true"}}, 125, "canceled"},
	} {
		t.Run(c.why, func(t *testing.T) {
			if c.ctx == nil {
				c.ctx = context.Background()
			}
			if c.spec.Env == nil {
				c.spec.Env = os.Environ()
			}
			c.spec.Stdout = &bytes.Buffer{} // so that there is something to clean up
			st, err := Run(c.ctx, m.spec(c.spec))
			var se *StartError
			if !errors.As(err, &se) {
				t.Fatalf("error %v is no StartError", err)
			}
			if se.Code != c.code || st.ExitCode() != c.code {
				t.Errorf("code %d, status %+v, want %d (%v)", se.Code, st, c.code, err)
			}
			if text := err.Error(); !strings.Contains(text, c.text) || strings.Contains(text, "\n") {
				t.Errorf("text %q, want one line with %q", text, c.text)
			}
			if strings.Contains(err.Error(), hidden[:5]) {
				t.Errorf("text shows a value: %q", err)
			}
		})
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"a/tool": 0o644, "b/tool": 0o755, "c/tool": 0o755} {
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o755)
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho "+name+" \"$0\"\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		why, name, path, dir, want string
	}{
		{"passes over what cannot be executed", "tool", dir + "/a:" + dir + "/b", "", "b/tool"},
		{"the first wins", "tool", dir + "/c:" + dir + "/b", "", "c/tool"},
		{"relative entries start from Dir", "tool", "no:b", dir, "b/tool"},
		{"an empty entry is Dir itself", "tool", "/nowhere:", dir + "/c", "c/tool"},
		{"with a slash the PATH does not matter", "./b/tool", dir + "/c", dir, "b/tool"},
	} {
		t.Run(c.why, func(t *testing.T) {
			var out bytes.Buffer
			must(t, Spec{Argv: []string{c.name}, Env: []string{"PATH=/ignored", "PATH=" + c.path}, Dir: c.dir, Stdout: &out})
			if got, _, _ := strings.Cut(out.String(), " "); got != c.want {
				t.Errorf("ran %q, want %q", got, c.want)
			}
		})
	}
}

func TestArgvAndEnvAreLiteral(t *testing.T) {
	var out bytes.Buffer
	argv := []string{"sh", "-c", `printf '%s|' "$@"; env | grep -c '^A='; printf %s "$A"`, "x", "$HOME", "a  b", "", "*", "\xff"}
	must(t, Spec{Argv: argv, Env: []string{"A=1", "PATH=" + os.Getenv("PATH"), "A=$B\n2"}, Stdout: &out})
	if got, want := out.String(), "$HOME|a  b||*|\xff|1\n$B\n2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNilEnvIsEmpty(t *testing.T) {
	var out bytes.Buffer
	st, err := Run(context.Background(), Spec{Argv: []string{"env"}, Stdout: &out})
	if err != nil || st.Code != 0 || out.Len() != 0 {
		t.Errorf("got %q, %+v, %v", &out, st, err)
	}
}

// FAULTS 41
func TestExecKeepsThePid(t *testing.T) {
	var out bytes.Buffer
	st := must(t, Spec{Argv: sh(`echo $$; exec sh -c 'echo $$; exec sh -c "echo \$\$; exit 5"'`), Stdout: &out})
	pids := strings.Fields(out.String())
	if st.Code != 5 || len(pids) != 3 || pids[0] != pids[1] || pids[1] != pids[2] {
		t.Errorf("status %+v, pids %v", st, pids)
	}
}
