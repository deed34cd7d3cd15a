package child

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProcess1 makes a command the first process of a PID namespace. Without
// privileges it takes a user namespace too.
func asProcess1(c *exec.Cmd) {
	c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWPID
	if os.Geteuid() != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
}

// needNamespaces skips where there are none to be had: in most containers.
func needNamespaces(t *testing.T) {
	t.Helper()
	c := exec.Command("true")
	c.SysProcAttr = &syscall.SysProcAttr{}
	asProcess1(c)
	if err := c.Run(); err != nil {
		t.Skip("PID namespaces are not to be had here:", err)
	}
}

// initial starts the init helper as process 1, to supervise args.
func initial(t *testing.T, args ...string) *supervisor {
	t.Helper()
	needNamespaces(t)
	return launch(t, append(self("init"), args...), asProcess1)
}

// zombies counts the children of pid that nobody has collected.
func zombies(t *testing.T, pid int) (n int) {
	t.Helper()
	stats, err := os.ReadDir("/proc")
	if err != nil {
		t.Skip(err)
	}
	for _, e := range stats {
		stat, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		_, after, _ := strings.Cut(string(stat), ") ")
		if f := strings.Fields(after); len(f) > 1 && f[0] == "Z" && f[1] == fmt.Sprint(pid) {
			n++
		}
	}
	return n
}

// FAULTS 57: orphans are collected, and their exit is not ours.
func TestInitCollectsOrphans(t *testing.T) {
	const script = `i=0; while [ $i -lt 50 ]; do (sh -c 'exit 9' & exit 0); i=$((i+1)); done; echo made; read x; exit 7`
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	needNamespaces(t)
	s := launch(t, append(self("init"), sh(script)...), asProcess1, func(c *exec.Cmd) { c.Stdin = r })
	r.Close()
	s.want("made")
	deadline := time.Now().Add(patience)
	for zombies(t, s.cmd.Process.Pid) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%d zombies", zombies(t, s.cmd.Process.Pid))
		}
		time.Sleep(time.Millisecond)
	}
	w.Close()
	s.end(7)
}

// FAULTS 59: among orphans that exit all the time, no status is lost: neither of
// the commands of a script, nor, over many runs, of the script.
func TestInitLosesNoStatus(t *testing.T) {
	n := times(100, 1000, 10_000)
	script := fmt.Sprintf(`i=0; while [ $i -lt %d ]; do
		(sh -c 'exit 9' & exit 0)
		sh -c "exit $((i%%256))"; got=$?
		[ $got -eq $((i%%256)) ] || { echo "lost: $i gave $got"; exit 1; }
		i=$((i+1))
	done; echo all; exit 11`, n)
	s := initial(t, sh(script)...)
	s.outEnd.SetReadDeadline(time.Now().Add(patience + time.Duration(n)*100*time.Millisecond))
	if got := s.end(11); got != "all\n" {
		t.Errorf("%q", got)
	}
	for i := range times(20, 200, 10_000) {
		s := initial(t, sh(fmt.Sprintf("(sh -c 'exit 9' & exit 0); exit %d", i%256))...)
		s.end(i % 256)
		s.outEnd.Close()
	}
}

// FAULTS 43 as process 1, where the kernel drops what is not asked for.
func TestInitPassesSignals(t *testing.T) {
	var list []syscall.Signal
	for _, sig := range append(extraSignals(), forwarded...) {
		list = append(list, sig.(syscall.Signal))
	}
	s := initial(t, self("catch", fmt.Sprint(len(list)+1))...)
	s.want("ready")
	for _, sig := range list {
		s.signal(sig)
		s.want(fmt.Sprint(int(sig)))
	}
	s.signal(syscall.SIGTERM)
	if rest := s.end(0); rest != "15\n" {
		t.Errorf("at the end got %q, want 15", rest)
	}
}

// FAULTS 58: what docker stop does. A command that does not know of TERM ends by it.
func TestInitStops(t *testing.T) {
	s := initial(t, sh("echo ready; exec sleep 300")...)
	s.want("ready")
	begin := time.Now()
	s.signal(syscall.SIGTERM)
	s.end(128 + int(syscall.SIGTERM))
	t.Logf("ended %v after TERM", time.Since(begin))
}

// FAULTS 51: when the second process is killed, the first tells so, and the kernel
// ends all others.
func TestInitOutlivesNothing(t *testing.T) {
	s := initial(t, sh(`kill -9 $PPID; exec sleep 300`)...)
	s.end(128 + int(syscall.SIGKILL))
}

func TestInitWithoutItsProgram(t *testing.T) {
	_, err := Init(InitSpec{Argv: []string{"x"}, Env: []string{"A=\x00"}})
	if err == nil || !strings.Contains(err.Error(), "cannot run") {
		t.Errorf("error %v", err)
	}
}
