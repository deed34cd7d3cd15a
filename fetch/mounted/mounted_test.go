package mounted_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/mounted"
)

func TestDocker(t *testing.T) {
	dir := fetchtest.Root(t, map[string][]byte{
		"token": []byte(fetchtest.Canary),
		"huge":  make([]byte, fetch.MaxDocument+1),
	}).Name()
	fetchtest.Run(t, fetchtest.Harness{
		Kind:     mounted.Kinds()[0],
		Env:      fetch.Env{Getenv: fetchtest.Getenv(map[string]string{"DOCKER_SECRETS_DIR": dir})},
		NoServer: true, Dir: dir, Path: "token", Want: []byte(fetchtest.Canary), Missing: "absent", Oversize: "huge", Denied: "/etc/passwd",
	})
}

// kubelet lays a mounted secret out as links: password → ..data/password, ..data → a dated directory.
func kubernetesMount(t *testing.T) string {
	t.Helper()
	dir := fetchtest.Root(t, map[string][]byte{"db/..2026_01_02/password": []byte(fetchtest.Canary)}).Name()
	for link, target := range map[string]string{"..data": "..2026_01_02", "password": "..data/password", "gone": "..data/gone"} {
		if err := os.Symlink(target, filepath.Join(dir, "db", link)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestKubernetes(t *testing.T) {
	dir := kubernetesMount(t)
	fetchtest.Run(t, fetchtest.Harness{
		Kind:     mounted.Kinds()[1],
		Env:      fetch.Env{Getenv: fetchtest.Getenv(map[string]string{"K8S_SECRETS_DIR": dir})},
		NoServer: true, Dir: dir, Path: "db/password", Want: []byte(fetchtest.Canary), Missing: "db/gone",
	})
}

func TestKubernetesAbsoluteAndVersion(t *testing.T) {
	dir := kubernetesMount(t)
	for _, c := range []struct {
		why     string
		trusted bool
		want    error
	}{
		{"a person named the mount", true, nil},
		{"a stranger's configuration named it: FAULTS 109", false, fetch.ErrDenied},
	} {
		t.Run(c.why, func(t *testing.T) {
			env := fetch.Env{Trusted: c.trusted, Getenv: fetchtest.Getenv(map[string]string{"K8S_SECRETS_DIR": t.TempDir()})}
			src, err := mounted.Kinds()[1].Open(t.Context(), env)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := src.Read(t.Context(), filepath.Join(dir, "db", "password"), nil)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil && doc.Version != "..2026_01_02" {
				t.Errorf("version %q", doc.Version)
			}
		})
	}
}

// FAULTS 109.
func TestDirOfUntrustedConfiguration(t *testing.T) {
	env := fetch.Env{Config: map[string]any{"dir": "/etc"}, Getenv: fetchtest.Getenv(nil)}
	if _, err := mounted.Kinds()[0].Open(t.Context(), env); !errors.Is(err, fetch.ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
	env.Trusted, env.Config["dir"] = true, kubernetesMount(t)
	src, err := mounted.Kinds()[1].Open(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	if doc, err := src.Read(t.Context(), "db/password", nil); err != nil || string(doc.Data) != fetchtest.Canary {
		t.Errorf("trusted: error %v", err)
	}
}
