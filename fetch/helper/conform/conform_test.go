//go:build unix

package conform_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/helper"
	"github.com/maskrun/maskrun/fetch/helper/conform"
)

// try runs the checks on a program that serves dir://, and gives one line for each:
// + holds, - fails, . left out, and then what is amiss.
func try(t *testing.T, program, path string) []string {
	t.Helper()
	dir, data := t.TempDir(), t.TempDir()
	for file, text := range map[string]string{filepath.Join(dir, "maskrun-store-dir"): program, filepath.Join(data, "token"): fetchtest.Canary} {
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var lines []string
	for _, r := range conform.Run(t.Context(), conform.Options{
		Helper: helper.Options{Name: "maskrun-store-dir", Dir: dir, Environ: append(os.Environ(), "DIR_STORE="+data)},
		Scheme: "dir", Path: path,
	}) {
		mark := "+"
		switch {
		case r.Skipped:
			mark = "."
		case r.Problem != "":
			mark = "-"
		}
		lines = append(lines, mark+" "+r.Check+" "+r.Problem)
	}
	fetchtest.NoCanary(t, lines)
	return lines
}

// The examples of the documentation keep what the documentation says.
func TestDocumentedHelpers(t *testing.T) {
	page, err := os.ReadFile("../../../docs/store-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ lang, interpreter string }{{"sh", "sh"}, {"python", "python3"}} {
		t.Run(c.lang, func(t *testing.T) {
			if err := exec.Command(c.interpreter, "-c", "").Run(); err != nil {
				t.Skipf("NOT TESTED: the %s example of docs/store-protocol.md needs %s: %v", c.lang, c.interpreter, err)
			}
			_, rest, _ := strings.Cut(string(page), "```"+c.lang+"\n")
			program, _, _ := strings.Cut(rest, "```\n")
			for _, line := range try(t, program, "token") {
				if line[0] != '+' {
					t.Error(line)
				}
			}
		})
	}
}

// good is a helper in shell, with places where it can be made bad.
const good = `#!/bin/sh
read -r hello || exit 0
echo '{"type":"hello","protocol":1,"schemes":["dir"]}'
n=0
while read -r line; do
  # LINE
  case $line in '{"type":"read"'*) ;; *) continue ;; esac
  n=$((n + 1))
  id=${line#*'"id":'} id=${id%%,*}
  value=Y0FuQXJZLTViMWU4ZjBhLVRyNGlO
  kind=not_found
  case $line in
  *no-such-parameter*) kind=invalid ;; # PARAMETER
  *'"path":"token"'*) kind= ;; # PATH
  *..* | *\\* | *%* | *\$* | *\"a\\* | *'"path":""'* | *'"path":"."'* | *'"path":"/'* | *'` + "`" + `'*) kind=invalid ;;
  esac
  # ANSWER
  if [ -z "$kind" ]; then echo '{"type":"document","id":'"$id"',"data":"'"$value"'"}'
  else echo '{"type":"error","id":'"$id"',"kind":"'"$kind"'","message":"no"}'; fi
done
# END
`

func TestChecksBite(t *testing.T) {
	for _, c := range []struct {
		why, from, to string
		fails         string // words of the checks that must fail, and of no other
	}{
		{"a good one", "", "", ""},
		{"another scheme", `["dir"]`, `["other"]`, "hello"},
		{"no hello", `echo '{"type":"hello"`, `exit 0 '{"type":"hello"`, "hello"},
		{"another protocol", `"protocol":1`, `"protocol":2`, "hello"},
		{"fails at its end", "# END", "exit 3", "hello"},
		{"another value each time", "# ANSWER", `[ $n = 1 ] || value=eHh4eHh4eHh4`, "reads many"},
		{"denies what is missing", "kind=not_found", "kind=denied", "not_found leaves-where"},
		{"anything is a document", "kind=not_found", "kind=", "not_found leaves-where many"},
		{"passes over parameters", "*no-such-parameter*)", "*never*)", "parameter"},
		{"the value in a message", `"message":"no"`, `"message":"` + fetchtest.Canary + `"`, "message"},
		{"the value on stderr", "# ANSWER", "echo " + fetchtest.Canary + " >&2", "stderr"},
		{"fails if it was asked for nothing", "read -r hello || exit 0", "read -r hello || exit 3", "ends"},
		{"dies of the future", "# LINE", `case $line in *future*) exit 1 ;; esac`, "future"},
	} {
		t.Run(c.why, func(t *testing.T) {
			program := good
			if c.from != "" {
				if program = strings.Replace(good, c.from, c.to, 1); program == good {
					t.Fatal("nothing was changed")
				}
			}
			lines := try(t, program, "token")
			var failed []string
			for _, line := range lines {
				if line[0] == '-' {
					failed = append(failed, line)
				}
			}
			want := strings.Fields(c.fails)
			if len(failed) != len(want) {
				t.Fatalf("failed:\n%s\nwant %q", strings.Join(failed, "\n"), want)
			}
			for i, word := range want {
				if !strings.Contains(strings.ReplaceAll(failed[i], " ", "-"), word) {
					t.Errorf("%s: want %q", failed[i], word)
				}
			}
		})
	}
}

func TestLeftOut(t *testing.T) {
	left := 0
	for _, line := range try(t, good, "") {
		if line[0] == '-' {
			t.Error(line)
		}
		if line[0] == '.' {
			left++
		}
	}
	if left != 3 {
		t.Errorf("%d checks left out without a path, want 3", left)
	}
	if lines := fmt.Sprint(try(t, "#!/nonexistent\n", "")); !strings.Contains(lines, "- says hello") {
		t.Error(lines)
	}
}
