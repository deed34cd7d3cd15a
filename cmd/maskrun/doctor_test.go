package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// doctorCanary begins with letters that nothing else prints: even the first few must
// not come out.
const doctorCanary = "zqxjCANARYvalue0"

// A ward is what doctor may meet: files in its directory, variables, arguments.
type ward struct {
	what  string
	files map[string]string
	env   []string
	args  []string
}

// wards have a canary in every field that a value can get into, or be taken for one.
var wards = []ward{
	{"a secret", nil, []string{"V=" + doctorCanary}, []string{"--secret", "A=env://V"}},
	{"a variable with a telling name", nil, []string{"A_TOKEN=" + doctorCanary}, nil},
	{"a value with line ends", nil, []string{"V=" + doctorCanary + "\n" + doctorCanary + "2\n"}, []string{"--secret", "A=env://V"}},
	{"a value that is JSON", nil, []string{`V={"k":"` + doctorCanary + `"}`}, []string{"--secret", "A=env://V#/k"}},
	{"a field that is missing", nil, []string{`V={"k":"` + doctorCanary + `"}`}, []string{"--secret", "A=env://V#/x"}},
	{"a value in place of a reference", nil, nil, []string{"--secret", "A=" + doctorCanary}},
	{"a value in place of a name", nil, nil, []string{"--secret", doctorCanary}},
	{"an address with a password", nil, []string{"V=postgres://u:" + doctorCanary + "@h/docker://x"}, []string{"--secret", "A=json://V"}},
	{"a value of a flag that takes none", nil, nil, []string{"--json=" + doctorCanary}},
	{"a dotenv file", map[string]string{"d.env": "A=" + doctorCanary}, nil, []string{"--env-file", "d.env"}},
	{"a broken dotenv file", map[string]string{"d.env": "A='" + doctorCanary}, nil, []string{"--env-file", "d.env"}},
	{"a dotenv file without names", map[string]string{"d.env": doctorCanary}, nil, []string{"--env-file", "d.env"}},
	{"a value in maskrun.yaml", map[string]string{"maskrun.yaml": "version: 1\nsecrets: { A: " + doctorCanary + " }"}, nil, nil},
	{"a broken maskrun.yaml", map[string]string{"maskrun.yaml": "version: 1\nsecrets: { A: \"" + doctorCanary}, nil, nil},
	{"a marker in maskrun.yaml", map[string]string{"maskrun.yaml": "version: 1\nmask: { text: [" + doctorCanary + "] }"}, nil, nil},
	{"a key in maskrun.yaml", map[string]string{"maskrun.yaml": "version: 1\nstores: { age: { identity: { x: " + doctorCanary + " } } }\nsecrets: { A: age://f }"}, nil, nil},
	{"a key in the environment", nil, []string{"SOPS_AGE_KEY=" + doctorCanary}, []string{"--secret", "A=age://f"}},
	{"a key file", map[string]string{"k": doctorCanary, "f": doctorCanary}, []string{"MASKRUN_AGE_IDENTITY_FILE=k"}, []string{"--secret", "A=age://f"}},
	{"a command", map[string]string{"k": doctorCanary}, nil, []string{"--secret", "A=exec://cat k; cat k >&2; exit 3"}},
	{"what a helper prints", map[string]string{"maskrun-store-x": "#!/bin/sh\necho " + doctorCanary + "\necho " + doctorCanary + " >&2"}, nil, []string{"--secret", "A=x://y"}},
	{"what a helper says its version is", map[string]string{"maskrun-stores": "#!/bin/sh\necho maskrun-stores v1 " + doctorCanary}, nil, nil},
	{"how a helper fails", map[string]string{"maskrun-stores": "#!/bin/sh\necho " + doctorCanary + " >&2; exit 1"}, nil, nil},
	{"a secret that is a name too", nil, []string{"V=" + doctorCanary, doctorCanary + "_TOKEN=" + doctorCanary}, []string{"--secret", "A=env://V"}},
}

// No value, and not the first letters of one, comes out of doctor. FAULTS 106
func TestDoctorShowsNoValue(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the helpers are shell scripts")
	}
	for _, w := range wards {
		for _, format := range [][]string{nil, {"--json"}} {
			out := doctor(t, w, format...)
			if strings.Contains(out, doctorCanary[:4]) {
				t.Errorf("%s %v:\n%s", w.what, format, out)
			}
			if out == "" {
				t.Errorf("%s %v: no report", w.what, format)
			}
		}
	}
}

// The report does not tell how long a value is.
func TestDoctorShowsNoLength(t *testing.T) {
	reports := map[string]bool{}
	for _, n := range []int{16, 31, 64, 100} {
		value := strings.Repeat("Zq7xJ2vLr9TfKd3WmZs8HnBc5", 4)[:n]
		reports[doctor(t, ward{env: []string{"V=" + value}, args: []string{"--secret", "A=env://V"}})] = true
	}
	if len(reports) != 1 {
		t.Errorf("the report depends on the length: %v", reports)
	}
}

// doctor runs it in a directory of its own, and gives both of its streams.
func doctor(t *testing.T, w ward, more ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range w.files {
		write(t, filepath.Join(dir, name), text)
		if err := os.Chmod(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(exe, append(append([]string{"doctor"}, w.args...), more...)...)
	cmd.Args[0] = "maskrun"
	cmd.Dir = dir
	cmd.Env = append([]string{fmt.Sprintf("PATH=%s:/usr/bin:/bin", dir), "HOME=" + dir, "GORACE=" + noSleepAtExit}, w.env...)
	out, _ := cmd.CombinedOutput() // its exit code is for the scripts
	return string(out)
}
