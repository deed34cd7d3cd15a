//go:build servers

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A twin is a shell under tmux, beside one that is the same but for this: in the
// one "m COMMAND" runs the command, in the other it runs it under maskrun.
type twin struct {
	t     *testing.T
	name  string
	panes [2]string // tmux sessions: without maskrun, with it
}

// twins starts the two, in directories with the same files.
func twins(t *testing.T, files map[string]string) *twin {
	t.Helper()
	bin := t.TempDir()
	exe, err := os.Executable() // which plays maskrun under that name
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(exe, filepath.Join(bin, "maskrun")); err != nil {
		t.Fatal(err)
	}
	w := &twin{t: t, name: fmt.Sprintf("maskrun-%d-%d", os.Getpid(), time.Now().UnixNano()), panes: [2]string{"plain", "masked"}}
	t.Cleanup(func() { _, _ = w.tmux("kill-server") })
	for i, run := range []string{`m() { "$@"; }`, `m() { maskrun run -- "$@"; }`} {
		dir := filepath.Join(t.TempDir(), "work")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "rc"), run+"\nPS1='$ '\n")
		for name, text := range files {
			write(t, filepath.Join(dir, name), text)
		}
		// Not CI, whatever it is that runs this: there --pty=auto means pipes.
		shell := fmt.Sprintf("cd %s && exec env -i PATH=%s:$PATH HOME=%s TERM=screen-256color LC_ALL=C ENV=./rc MY_TOKEN=CANARY-0123456789 sh -i", dir, bin, dir)
		if out, err := w.tmux("-f", "/dev/null", "new-session", "-d", "-s", w.panes[i], "-x", "80", "-y", "24", shell); err != nil {
			t.Fatalf("tmux: %v\n%s", err, out)
		}
	}
	w.same("$")
	return w
}

func (w *twin) tmux(args ...string) (string, error) {
	out, err := exec.Command("tmux", append([]string{"-L", w.name}, args...)...).CombinedOutput()
	return string(out), err
}

// keys are typed into both, by the names that tmux has for them.
func (w *twin) keys(keys ...string) {
	w.t.Helper()
	for _, p := range w.panes {
		if out, err := w.tmux(append([]string{"send-keys", "-t", p}, keys...)...); err != nil {
			w.t.Fatalf("tmux: %v\n%s", err, out)
		}
	}
}

func (w *twin) line(text string) {
	w.t.Helper()
	w.keys("-l", text)
	w.keys("Enter")
}

// screen is what a person sees.
func (w *twin) screen(pane string) string {
	out, err := w.tmux("capture-pane", "-p", "-e", "-t", pane)
	if err != nil {
		w.t.Fatalf("tmux: %v\n%s", err, out)
	}
	cursor, _ := w.tmux("display-message", "-p", "-t", pane, "cursor #{cursor_x} #{cursor_y} alternate #{alternate_on}")
	return strings.TrimRight(out, "\n") + "\n" + cursor
}

// same waits until both screens have the text and are equal, the place of the
// cursor and the colours included.
func (w *twin) same(text string) {
	w.t.Helper()
	w.until(fmt.Sprintf("equal screens with %q", text), func(a, b string) bool { return a == b && strings.Contains(a, text) })
}

// both waits until both screens have a text, where they cannot be equal.
func (w *twin) both(text string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%q on both screens", text), func(a, b string) bool { return strings.Contains(a, text) && strings.Contains(b, text) })
}

func (w *twin) until(what string, ok func(plain, masked string) bool) {
	w.t.Helper()
	deadline := time.Now().Add(interactivePatience)
	for {
		a, b := w.screen(w.panes[0]), w.screen(w.panes[1])
		if ok(a, b) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("want %s\n--- without maskrun:\n%s\n--- with it:\n%s", what, a, b)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// FAULTS 61, 65, 68, 69: what interactive programs show, with maskrun and without.
func TestInteractivePrograms(t *testing.T) {
	lines := ""
	for i := range 200 {
		lines += fmt.Sprintf("line %d of a file\n", i)
	}
	for _, c := range []struct {
		name, why string
		needs     string
		play      func(w *twin)
	}{
		{"vim", "a full-screen program, stopped and continued", "vim", func(w *twin) {
			w.line("m vim -u NONE -N -i NONE -c 'set nonumber' text")
			w.same("line 20 of a file")
			w.keys("i")
			w.keys("-l", "typed here")
			w.keys("Escape")
			w.same("typed here")
			w.keys("-l", ":set number ruler")
			w.keys("Enter")
			w.same("1,10")
			w.keys("C-z")
			w.both("Stopped")
			w.line("clear; fg; clear")
			w.same("1,10")
			w.keys("-l", ":wq")
			w.keys("Enter")
			w.same("$")
			w.line("head -n 1 text")
			w.same("typed here")
		}},
		{"less", "a pager", "less", func(w *twin) {
			w.line("m less text")
			w.same("line 22")
			w.keys("Space")
			w.same("line 45")
			w.line("/line 150")
			w.same("line 150")
			w.keys("q")
			w.same("$")
		}},
		{"python3", "line editing and Ctrl-C", "python3", func(w *twin) {
			w.line("PATH=/usr/bin:/bin:$PATH PYTHON_BASIC_REPL=1 m python3 -q")
			w.same(">>>")
			w.line("print('x' * 3)")
			w.same("xxx")
			w.line("import time; print('sleeping'); time.sleep(1000)")
			w.same("\nsleeping")
			w.keys("C-c")
			w.same("KeyboardInterrupt")
			w.keys("C-d")
			w.both("\n$")
		}},
		{"ssh-keygen", "prompts that do not echo", "ssh-keygen", func(w *twin) {
			w.line("m ssh-keygen -q -t ed25519 -C c -f key")
			w.same("Enter passphrase")
			w.line("hidden words")
			w.same("again")
			w.line("hidden words")
			w.same("\n$")
			w.line("clear; m ssh-keygen -y -P 'hidden words' -f key >out && head -c 11 out")
			w.same("ssh-ed25519")
		}},
		{"password", "as sudo asks: at /dev/tty, with other input piped", "stty", func(w *twin) {
			w.line("echo piped | m sh ask.sh")
			w.same("echo is off")
			w.line("hidden")
			w.same("6 typed, then piped")
			w.line("clear; m sh ask.sh </dev/null") // cleared: the prompt waited for is this one
			w.both("echo is off")
			w.keys("C-c")
			w.both("$\ncursor") // what is typed before that goes to the program that ends
			w.line("stty sane; clear; echo back")
			w.same("back")
		}},
		{"redraw", "a screen that is drawn over and over, at two sizes", "tput", func(w *twin) {
			w.line("m sh redraw.sh")
			w.same("24 80 ")
			for _, p := range w.panes {
				if out, err := w.tmux("resize-window", "-t", p, "-x", "100", "-y", "30"); err != nil {
					w.t.Fatalf("tmux: %v\n%s", err, out)
				}
			}
			w.same("30 100 ")
			w.keys("C-c")
			w.both("$\ncursor")
			w.line("clear; stty size")
			w.same("30 100")
		}},
		{"modes", "the terminal is the shell's again after a crash, a signal and kill -9", "stty", func(w *twin) {
			w.line("stty -a >before; clear; echo re$((0))ady")
			w.same("re0ady")
			for _, how := range []string{"-SEGV $$", "-TERM $$", "-KILL $$", "-KILL $(cat parent)"} {
				// The leader's parent is maskrun; a shell's own would be the test's.
				w.line("clear; m sh kill.sh '" + how + "'; until stty -a | cmp -s - before; do :; done; echo re$((0))stored")
				w.both("re0stored")
				w.line("clear; echo re$((0))ady")
				w.same("re0ady")
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, tool := range []string{"tmux", c.needs} {
				if _, err := exec.LookPath(tool); err != nil {
					t.Skip(err)
				}
			}
			c.play(twins(t, map[string]string{"text": lines, "ask.sh": askScript, "redraw.sh": redrawScript, "kill.sh": killScript}))
		})
	}
}

// What is hidden is hidden at a terminal too. FAULTS 68
func TestMaskedAtATerminal(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip(err)
	}
	w := twins(t, nil)
	w.line(`clear; m sh -c 'echo "<$MY_TOKEN>"; read x; echo "[$x]"'`)
	w.until("the value and the marker", func(plain, masked string) bool {
		return strings.Contains(plain, "<CANARY-0123456789>\n") && strings.Contains(masked, "<***>\n")
	})
	w.line("CANARY-0123456789") // echoed by the command's terminal, and by the command
	w.until("the value and the marker", func(plain, masked string) bool {
		return strings.Contains(plain, "[CANARY-0123456789]\n") && strings.Contains(masked, "[***]\n") && !strings.Contains(masked, "CANARY-0123")
	})
}

const askScript = `stty -echo </dev/tty
printf 'Password (echo is off): ' >/dev/tty
read p </dev/tty
stty echo </dev/tty
echo
echo "${#p} typed, then $(cat)"
`

// killScript kills itself, or maskrun, which is the parent of its parent.
const killScript = `ulimit -c 0
case "$(cat /proc/$PPID/comm)" in
sh) echo $$ >parent ;;
*) cut -d' ' -f4 /proc/$PPID/stat >parent ;;
esac
eval "kill $*"
sleep 60
`

const redrawScript = `draw() {
	tput clear
	i=0
	while [ $i -le 40 ]; do
		printf '\r\033[32m%*s\033[0m %d' $i '#' $i
		i=$((i+1))
	done
	tput cup 5 10; tput bold; stty size | tr '\n' ' '; tput sgr0; echo done
}
trap draw WINCH
draw
while :; do sleep 0.1; done
`

// interactivePatience is only used up when a test fails.
const interactivePatience = time.Minute
