//go:build unix

package helper_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/helper"
)

// The test binary plays every helper: run with modeEnv set it behaves as the
// function of that name in modes does.
const modeEnv = "MASKRUN_TEST_HELPER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(modeEnv); mode != "" {
		modes[mode](&fake{in: bufio.NewReader(os.Stdin)})
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A fake is a helper that speaks the protocol by hand, to be able to speak it badly.
type fake struct{ in *bufio.Reader }

type message map[string]any

// next reads one message; at the end of the input the helper exits.
func (f *fake) next() message {
	line, err := f.in.ReadString('\n')
	if err != nil {
		os.Exit(0)
	}
	var m message
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		fmt.Fprintln(os.Stderr, "bad line from maskrun:", err)
		os.Exit(9)
	}
	return m
}

func (f *fake) raw(s string) { _, _ = os.Stdout.WriteString(s) }

func (f *fake) say(m message) {
	line, _ := json.Marshal(m)
	f.raw(string(line) + "\n")
}

func (f *fake) hello() {
	f.next()
	f.say(message{"type": "hello", "protocol": 1, "helper": "fake", "schemes": []string{"x", "y"}})
}

// read is a hello and the first read.
func (f *fake) read() message {
	f.hello()
	return f.next()
}

func (f *fake) document(m message, data string) {
	f.say(message{"type": "document", "id": m["id"], "data": base64.StdEncoding.EncodeToString([]byte(data))})
}

// serve answers every read with its path.
func (f *fake) serve() {
	for {
		if m := f.next(); m["type"] == "read" {
			f.document(m, m["path"].(string))
		}
	}
}

func sleep() { time.Sleep(time.Minute) }

const canary = fetchtest.Canary

// modes are the helpers, good and bad.
var modes = map[string]func(*fake){
	"good":         func(f *fake) { f.hello(); f.serve() },
	"exit at once": func(f *fake) {},
	"pushes": func(f *fake) { // each answers with the next of these
		f.next()
		f.say(message{"type": "hello", "protocol": 1, "schemes": []string{"x"}, "push": true})
		for _, data := range []string{`[{"name":"A","do":"create","note":"a\u001b[31mb"}]`, `{"` + canary + `":1}`} {
			f.document(f.next(), data)
		}
		f.say(message{"type": "error", "id": f.next()["id"], "kind": "denied", "message": "no"})
		f.serve()
	},
	"leases": func(f *fake) { // a lease, twice as long; none; an impossible one; an error
		f.next()
		f.say(message{"type": "hello", "protocol": 1, "schemes": []string{"x"}, "leases": true})
		for _, lease := range []any{message{"id": "l1", "seconds": 120}, nil, message{"id": canary, "seconds": -1}} {
			m := f.next()
			sent, _ := m["lease"].(map[string]any)
			if m["type"] != "renew" || m["scheme"] != "x" || sent["id"] != "l1" || sent["seconds"] != 60.0 {
				f.raw("the fake was asked for something else\n")
			}
			answer := message{"type": "document", "id": m["id"], "data": ""}
			if lease != nil {
				answer["lease"] = lease
			}
			f.say(answer)
		}
		f.document(f.next(), "")
		f.say(message{"type": "error", "id": f.next()["id"], "kind": "not_found", "message": "no such lease"})
		f.serve()
	},
	"exit 0 early":  func(f *fake) { f.read() },
	"exit 3":        func(f *fake) { f.read(); os.Exit(3) },
	"cut short":     func(f *fake) { f.read(); f.raw(`{"type":"document","id":1,"data":"` + canary) },
	"no hello":      func(f *fake) { sleep() },
	"other version": func(f *fake) { f.next(); f.say(message{"type": "hello", "protocol": 7}); sleep() },
	"refuses":       func(f *fake) { f.next(); f.say(message{"type": "error", "message": "licence\nexpired"}); sleep() },
	"other program": func(f *fake) { f.raw("Usage: " + canary + "\n"); sleep() },
	"answer before hello": func(f *fake) {
		f.next()
		f.say(message{"type": "document", "id": 1, "data": ""})
		sleep()
	},
	"second hello":    func(f *fake) { f.hello(); f.say(message{"type": "hello", "protocol": 1}); sleep() },
	"garbage":         func(f *fake) { f.read(); f.raw(canary + "\n"); sleep() },
	"bad json":        func(f *fake) { f.read(); f.raw(`{"type":"document","data":"` + canary + "\n"); sleep() },
	"json, no object": func(f *fake) { f.read(); f.raw(`"` + canary + "\"\n"); sleep() },
	"unknown type":    func(f *fake) { m := f.read(); f.say(message{"type": canary, "id": m["id"]}); sleep() },
	"unknown id":      func(f *fake) { f.read(); f.say(message{"type": "document", "id": 99, "data": canary}); sleep() },
	"line too long":   func(f *fake) { f.read(); f.raw(strings.Repeat(canary, 200_000)); sleep() },
	"too large":       func(f *fake) { m := f.read(); f.document(m, strings.Repeat("x", 1<<20+1)); f.serve() },
	"no data":         func(f *fake) { m := f.read(); f.say(message{"type": "document", "id": m["id"]}); f.serve() },
	"not base64": func(f *fake) {
		m := f.read()
		f.say(message{"type": "document", "id": m["id"], "data": canary + "!"})
		f.serve()
	},
	"bad format": func(f *fake) {
		m := f.read()
		f.say(message{"type": "document", "id": m["id"], "data": "", "format": canary})
		f.serve()
	},
	"bad lease": func(f *fake) {
		m := f.read()
		f.say(message{"type": "document", "id": m["id"], "data": "", "lease": message{"seconds": -1}})
		f.serve()
	},
	"never answers": func(f *fake) { f.read(); sleep() },
	"never reads":   func(f *fake) { f.hello(); sleep() },
	"closes stdin": func(f *fake) {
		f.next()
		_ = os.Stdin.Close()
		f.say(message{"type": "hello", "protocol": 1, "schemes": []string{"x"}})
		sleep()
	},
	"closes stdout": func(f *fake) { f.read(); _ = os.Stdout.Close(); sleep() },
	"floods stderr": func(f *fake) { m := f.read(); flood(); f.document(m, "fine"); f.serve() },
	"duplicate": func(f *fake) {
		m := f.read()
		f.document(m, "one")
		f.document(m, "two")
		sleep()
	},
	"message": func(f *fake) {
		m := f.read()
		f.say(message{"type": "error", "id": m["id"], "kind": "invalid", "message": "a\nb\x1b[31m\u2028" + strings.Repeat("ü", 1000)})
		f.serve()
	},
	"kinds": func(f *fake) {
		f.hello()
		for {
			m := f.next()
			f.say(message{"type": "error", "id": m["id"], "kind": m["path"], "message": "because", "retry_after": 5})
		}
	},
	"warns": func(f *fake) { m := f.read(); warn(f); f.document(m, "fine"); f.serve() },
	"identity": func(f *fake) {
		m := f.read()
		f.say(message{"type": "identity", "id": 3, "audience": "sts"})
		f.relay(m)
	},
	"cancel": cancelled,
	"echo":   func(f *fake) { f.hello(); f.echo() },
	"environ": func(f *fake) {
		m := f.read()
		f.document(m, strings.Join(append(os.Environ(), os.Args[1:]...), "\n"))
		f.serve()
	},
	"ignores the end": func(f *fake) { signal.Ignore(syscall.SIGTERM, syscall.SIGHUP); f.read(); sleep() },
	"fails at the end": func(f *fake) {
		f.document(f.read(), "fine")
		if _, err := f.in.ReadByte(); err != nil {
			os.Exit(4)
		}
	},
	"leaves a child":  func(f *fake) { f.document(f.read(), fmt.Sprint(spawn(false))); f.serve() },
	"leaves a daemon": func(f *fake) { f.document(f.read(), fmt.Sprint(spawn(true))); f.serve() },
}

func flood() {
	for range 20_000 {
		fmt.Fprintln(os.Stderr, strings.Repeat(canary, 20))
	}
}

func warn(f *fake) {
	for i := range 100 {
		f.say(message{"type": "warning", "message": fmt.Sprintf("mind\nthis %d", i)})
	}
}

// relay answers read m with the identity that comes next.
func (f *fake) relay(m message) {
	got := f.next()
	f.document(m, fmt.Sprint(got["type"], got["id"], got["token"], got["message"]))
	f.serve()
}

// cancelled does not answer the first read until it is cancelled, and then tells the second read about it.
func cancelled(f *fake) {
	first := f.read()
	c := f.next()
	second := f.next()
	f.document(first, "late")
	f.document(second, fmt.Sprint(c["type"], c["id"] == first["id"]))
	f.serve()
}

// echo answers every read with the message itself.
func (f *fake) echo() {
	for {
		m := f.next()
		text, _ := json.Marshal(m)
		f.document(m, string(text))
	}
}

// spawn starts a process that keeps our stdout and stderr open, and gives its pid.
func spawn(daemon bool) int {
	cmd := exec.Command("/bin/sleep", "60")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: daemon}
	if err := cmd.Start(); err != nil {
		os.Exit(8)
	}
	return cmd.Process.Pid
}

// options are those for the fake of a mode, with time-outs that a test can wait for.
func options(t *testing.T, mode string) helper.Options {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(exe, filepath.Join(dir, "maskrun-store-x")); err != nil {
		t.Fatal(err)
	}
	return helper.Options{
		Name: "maskrun-store-x", Environ: []string{modeEnv + "=" + mode, "PATH=" + dir, "GORACE=atexit_sleep_ms=0"},
		Answer: 3 * time.Second, Hello: 3 * time.Second, Grace: 300 * time.Millisecond,
	}
}
