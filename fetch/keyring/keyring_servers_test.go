//go:build servers && linux

package keyring_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/keyring"
)

// A real GNOME Keyring on a message bus of its own; what secret-tool stores we read.
func TestRealKeyring(t *testing.T) {
	if os.Getenv("MASKRUN_TEST_ON_BUS") == "" {
		cmd := exec.Command("dbus-run-session", "--", os.Args[0], "-test.run=^TestRealKeyring$", "-test.v")
		home := t.TempDir()
		cmd.Env = append(os.Environ(), "MASKRUN_TEST_ON_BUS=1", "HOME="+home, "XDG_DATA_HOME="+home, "XDG_RUNTIME_DIR="+home, "DISPLAY=")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return
	}
	daemon := exec.Command("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	daemon.Stdin = strings.NewReader("a password")
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = daemon.Process.Kill(); _ = daemon.Wait() }()
	store(t)
	src, err := keyring.Kind().Open(t.Context(), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := src.Read(t.Context(), "maskrun test/me@example.com", nil)
	if err != nil || string(doc.Data) != fetchtest.Canary {
		t.Errorf("another text, error %v", err)
	}
	if _, err = src.Read(t.Context(), "maskrun test/nobody", nil); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// store has secret-tool put the entry there, as soon as the daemon answers.
func store(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		cmd := exec.Command("secret-tool", "store", "--label=a test", "service", "maskrun test", "username", "me@example.com")
		cmd.Stdin = strings.NewReader(fetchtest.Canary)
		out, err := cmd.CombinedOutput()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("secret-tool: %v: %s", err, out)
		}
	}
}
