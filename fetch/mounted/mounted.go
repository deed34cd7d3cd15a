// Package mounted holds the stores that a container runtime mounts as
// directories of files: docker://name and k8s://dir/key.
//
// The directory is, in this order: dir under stores.docker or stores.k8s,
// DOCKER_SECRETS_DIR or K8S_SECRETS_DIR, /run/secrets or /var/run/secrets.
// A trusted k8s:///absolute/path/key names any mount.
package mounted

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/maskrun/maskrun/fetch"
)

// Kinds are the rows of the table.
func Kinds() []fetch.Kind {
	return []fetch.Kind{
		mount{"docker", "DOCKER_SECRETS_DIR", "/run/secrets"}.kind("a Docker, Compose or Podman secret in /run/secrets"),
		mount{"k8s", "K8S_SECRETS_DIR", "/var/run/secrets"}.kind("a key of a mounted Kubernetes secret"),
	}
}

// A mount says where a runtime puts its secrets.
type mount struct{ scheme, variable, standard string }

func (m mount) kind(help string) fetch.Kind {
	return fetch.Kind{Scheme: m.scheme, Help: help, Open: m.open}
}

func (m mount) open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	dir, err := m.dir(env)
	return source{env, dir}, err
}

// dir finds the directory. One named by an untrusted configuration would let it read any file.
func (m mount) dir(env fetch.Env) (string, error) {
	if v, ok := env.Config["dir"]; ok {
		dir, isText := v.(string)
		switch {
		case !isText || dir == "":
			return "", fmt.Errorf("stores.%s.dir is not a path", m.scheme)
		case !env.Trusted:
			return "", fmt.Errorf("stores.%s.dir needs --trust-config: %w", m.scheme, fetch.ErrDenied)
		}
		return dir, nil
	}
	if dir := env.Getenv(m.variable); dir != "" {
		return dir, nil
	}
	return m.standard, nil
}

type source struct {
	env fetch.Env
	dir string
}

// Read returns the file's bytes. The version of a Kubernetes secret is the name
// of the directory that ..data points to: the kubelet changes it with every update.
func (s source) Read(_ context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	full := path
	if !filepath.IsAbs(path) {
		full = filepath.Join(s.dir, path)
	}
	version, _ := os.Readlink(filepath.Join(filepath.Dir(full), "..data"))
	data, err := s.read(path)
	return fetch.Document{Data: data, Version: version}, err
}

// read opens the directory anew each time: a pod's volume may appear late.
func (s source) read(path string) ([]byte, error) {
	if filepath.IsAbs(path) && s.env.Trusted {
		return s.env.ReadFile(path)
	}
	root, err := os.OpenRoot(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no directory %s here: %w", s.dir, fetch.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("directory %s cannot be opened: %w", s.dir, fetch.ErrDenied)
	}
	defer root.Close()
	return fetch.Env{Root: root}.ReadFile(path)
}
