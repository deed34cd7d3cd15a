//go:build unix

package child

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary plays every program that the system does not have: with
// helperEnv set, its first argument names one of helpers.
const helperEnv = "MASKRUN_CHILD_TEST_HELPER"

// patience bounds every wait for something that must happen. It is only used up
// when a test fails, so it suits a loaded machine.
const patience = 60 * time.Second

var helpers = map[string]func(args []string) int{
	"supervise": helpSupervise,
	"init":      helpInit,
	"lead":      helpLead,
	"shell":     helpShell,
	"ask":       helpAsk,
	"dispose":   helpDispose,
	"catch":     helpCatch,
	"alternate": helpAlternate,
	"both":      helpBoth,
	"flags":     helpFlags,
	"late":      helpLate,
}

func TestMain(m *testing.M) {
	// A leader has the environment of its command, whatever that is.
	if os.Getenv(helperEnv) == "" && (len(os.Args) < 2 || os.Args[1] != "lead") {
		deafNoMore()
		os.Exit(m.Run())
	}
	f, ok := helpers[os.Args[1]]
	if !ok {
		fmt.Fprintln(os.Stderr, "no helper", os.Args[1])
		os.Exit(99)
	}
	os.Exit(f(os.Args[2:]))
}

// deafNoMore lets what we start have HUP and INT, where the tests were started by
// nohup or in the background of a script.
func deafNoMore() {
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}

// self is the command line of a helper.
func self(args ...string) []string { return append([]string{os.Args[0]}, args...) }

// helperEnviron makes the test binary a helper. Without asynchronous preemption
// the Go runtime sends no URG to itself, so a helper sees only ours. And the race
// detector shall not have every helper sleep for a second at its end.
func helperEnviron() []string {
	return append(os.Environ(), helperEnv+"=1", "GODEBUG=asyncpreemptoff=1", "GORACE=atexit_sleep_ms=0")
}

// helpSupervise is the smallest maskrun: it runs its arguments.
func helpSupervise(args []string) int {
	fs := flag.NewFlagSet("supervise", flag.ContinueOnError)
	drain := fs.Duration("drain", 0, "")
	kill := fs.Duration("kill", 0, "")
	screen := fs.Bool("pty", false, "")
	alone := fs.Bool("alone", false, "")
	crashAt := fs.String("crash", "", "")
	if fs.Parse(args) != nil {
		return 98
	}
	s := Spec{
		Argv: fs.Args(), Env: os.Environ(), Stdin: os.Stdin,
		Stdout: Sink(os.Stdout), Stderr: Sink(os.Stderr), Drain: *drain, KillAfter: *kill,
	}
	if *screen {
		s.PTY, s.Stderr = true, s.Stdout
		if !*alone {
			s.Lead = self("lead")
		}
		if isTerminal(os.Stdout) {
			s.Screen = os.Stdout
		}
	}
	s.Around = func(start func() error) error {
		catchToTheEnd() // Run listens by now: before, a signal has to end us, not to be lost
		pass(gateStart)
		return start()
	}
	crashing(&s, *crashAt)
	st, err := Run(context.Background(), s)
	if err != nil && !BrokenPipe(err) {
		fmt.Fprintln(os.Stderr, err)
		return codeOwn
	}
	if st.Truncated {
		fmt.Fprintln(os.Stderr, "truncated")
	}
	return st.ExitCode()
}

// catchToTheEnd keeps a signal that comes after Run from changing the exit code, as
// commands do.
func catchToTheEnd() {
	for sig := range endsUs {
		if !signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}

func helpLead(args []string) int {
	pass(gateLead)
	return Lead(args, os.Environ(), nil)
}

// helpInit is the smallest maskrun as process 1: its arguments are what supervise
// takes.
func helpInit(args []string) int {
	st, err := Init(InitSpec{
		Argv: append(self("supervise"), args...), Env: os.Environ(),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return st.ExitCode()
}

// helpDispose ignores and blocks signals, given as two lists of numbers, and
// then becomes another program.
func helpDispose(args []string) int {
	runtime.LockOSThread()
	for _, sig := range numbers(args[0]) {
		signal.Ignore(syscall.Signal(sig))
	}
	if block(numbers(args[1])) != nil {
		return 97
	}
	file, err := exec.LookPath(args[2])
	if err != nil {
		return 96
	}
	fmt.Fprintln(os.Stderr, syscall.Exec(file, args[2:], os.Environ()))
	return 95
}

func numbers(list string) (ns []int) {
	for _, f := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		n, _ := strconv.Atoi(f)
		ns = append(ns, n)
	}
	return ns
}

// helpCatch prints "ready" and then the number of every signal it gets, into
// the file of its second argument or stdout. It exits when it has got as many as
// its first argument says.
func helpCatch(args []string) int {
	c := make(chan os.Signal, 100)
	signal.Notify(c)
	out := os.Stdout
	if len(args) > 1 {
		f, err := os.OpenFile(args[1], os.O_WRONLY, 0)
		if err != nil {
			return 94
		}
		out = f
	}
	fmt.Fprintln(out, "ready")
	n, _ := strconv.Atoi(args[0])
	for range n {
		fmt.Fprintln(out, int((<-c).(syscall.Signal)))
	}
	return 0
}

// helpAlternate writes numbered lines to 1 and 2 in turn.
func helpAlternate(args []string) int {
	n, _ := strconv.Atoi(args[0])
	for i := range n {
		if _, err := syscall.Write(1+i%2, fmt.Appendln(nil, i)); err != nil {
			return 1
		}
	}
	return 0
}

// helpBoth writes a line to 2 and a line to 1, many times. A failure on 2 would
// end it, by SIGPIPE.
func helpBoth(args []string) int {
	n, _ := strconv.Atoi(args[0])
	for i := range n {
		fmt.Fprintln(os.Stderr, "err", i)
		fmt.Fprintln(os.Stdout, "out", i)
	}
	return 0
}

// helpFlags prints which of its standard descriptors do not block, and which
// others it was given.
func helpFlags([]string) int {
	for fd := range 3 {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		fmt.Println(fd, err == nil && flags&unix.O_NONBLOCK != 0)
	}
	fmt.Println(inheritable())
	return 0
}

// inheritable lists the descriptors above 2 that a child gets from us.
func inheritable() (fds []int) {
	for fd := 3; fd < 1024; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			fds = append(fds, fd)
		}
	}
	return fds
}

// helpLate leaves a copy of itself behind that waits until it is alone, goes on
// writing until its pipe breaks, and then says so to the file of its argument.
func helpLate(args []string) int {
	if len(args) == 1 {
		cmd := exec.Command(os.Args[0], "late", args[0], fmt.Sprint(os.Getpid()))
		cmd.Stdout = os.Stdout
		if cmd.Start() != nil {
			return 1
		}
		fmt.Println("early")
		return 0
	}
	for fmt.Sprint(os.Getppid()) == args[1] {
		time.Sleep(time.Millisecond)
	}
	for {
		if _, err := syscall.Write(1, []byte("late\n")); err != nil {
			return report(args[0], err)
		}
		time.Sleep(time.Millisecond)
	}
}

func report(file string, err error) int {
	f, e := os.OpenFile(file, os.O_WRONLY, 0)
	if e != nil {
		return 1
	}
	fmt.Fprintln(f, err)
	return 0
}

// A buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// must runs s, with our environment if it has none, and wants no error.
func must(t *testing.T, s Spec) Status {
	t.Helper()
	st, err := try(t, s)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	return st
}

func try(t *testing.T, s Spec) (Status, error) {
	t.Helper()
	if s.Env == nil {
		s.Env = helperEnviron()
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("test out of patience"))
	defer cancel()
	return Run(ctx, s)
}

// A mode is how a command's output comes to us.
type mode struct {
	name string
	args []string        // for supervise
	spec func(Spec) Spec // for Run
}

var modes = []mode{
	{"pipe", nil, func(s Spec) Spec { return s }},
	{"pty", []string{"-pty"}, func(s Spec) Spec { s.PTY, s.Lead = true, self("lead"); return s }},
	{"pty of its own", []string{"-pty", "-alone"}, func(s Spec) Spec { s.PTY = true; return s }},
}

// eachMode runs a test in every mode that this system has.
func eachMode(t *testing.T, f func(t *testing.T, m mode)) {
	t.Helper()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) { f(t, m) })
	}
}

func sh(script string) []string { return []string{"sh", "-c", script} }

// A supervisor is a supervise helper in a session of its own, so that it has no
// terminal, whatever the tests were started from.
type supervisor struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *bufio.Reader
	outEnd *os.File
	stderr buffer
}

// supervise starts a supervisor in a mode.
func (m mode) supervise(t *testing.T, args []string, adjust ...func(*exec.Cmd)) *supervisor {
	t.Helper()
	return supervise(t, append(append([]string{}, m.args...), args...), adjust...)
}

// supervise starts one. The adjust functions may change its command first.
func supervise(t *testing.T, args []string, adjust ...func(*exec.Cmd)) *supervisor {
	t.Helper()
	return launch(t, append(self("supervise"), args...), adjust...)
}

func launch(t *testing.T, argv []string, adjust ...func(*exec.Cmd)) *supervisor {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &supervisor{t: t, cmd: exec.Command(argv[0], argv[1:]...), out: bufio.NewReader(r), outEnd: r}
	s.cmd.Env = helperEnviron()
	s.cmd.Stdout, s.cmd.Stderr = w, &s.stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	for _, f := range adjust {
		f(s.cmd)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	r.SetReadDeadline(time.Now().Add(patience))
	t.Cleanup(func() { s.cmd.Process.Kill(); s.cmd.Wait(); r.Close() })
	return s
}

func (s *supervisor) line() string {
	s.t.Helper()
	l, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatalf("reading a line: %v (stderr: %s)", err, &s.stderr)
	}
	return strings.TrimSpace(l)
}

func (s *supervisor) want(line string) {
	s.t.Helper()
	if got := s.line(); got != line {
		s.t.Fatalf("line %q, want %q", got, line)
	}
}

func (s *supervisor) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// end reads the rest of the output and wants an exit code.
func (s *supervisor) end(code int) (rest string) {
	s.t.Helper()
	b, err := io.ReadAll(s.out)
	if err != nil {
		s.t.Fatalf("reading to the end: %v", err)
	}
	s.exit(code)
	return string(b)
}

func (s *supervisor) exit(code int) {
	s.t.Helper()
	s.cmd.Wait()
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("exit %d (%v), want %d; stderr: %s", got, s.cmd.ProcessState, code, &s.stderr)
	}
}

// fifo makes a named pipe, by which a program tells us something although its
// output is gone.
func fifo(t *testing.T) (name string, r *bufio.Reader) {
	t.Helper()
	name = t.TempDir() + "/fifo"
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	f.SetReadDeadline(time.Now().Add(patience))
	return name, bufio.NewReader(f)
}
