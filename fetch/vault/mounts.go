package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// A mount is what the server says about where a path is mounted.
type mount struct {
	namespace string
	path      string // with a slash at its end
	kind      string // kv, database …; empty when the server would not say
	version   string // of a KV engine: "2", else "1" or empty
}

func (m mount) isKV2() bool { return m.kind == "kv" && m.version == "2" }

// dataPath is the API path of a secret in a KV engine of version 2, given either way.
func (m mount) dataPath(path string) (string, bool) {
	if !m.isKV2() {
		return path, false
	}
	rest := strings.TrimPrefix(path, m.path)
	api, _, within := strings.Cut(rest, "/")
	if within && (api == "data" || slices.Contains(otherAPI, api)) {
		return path, api == "data"
	}
	return m.path + "data/" + rest, true
}

var (
	otherAPI = []string{"metadata", "subkeys"}                  // what a KV engine of version 2 has beside data
	noKV     = []string{"auth", "cubbyhole", "identity", "sys"} // no KV engine can be mounted there
)

// mount asks where path is mounted: once for each mount, whoever asks. A token that
// may not know gives a mount of no kind: the path is then taken as it is.
func (c *connection) mount(ctx context.Context, token string, q query) (mount, error) {
	if m, ok := c.knownMount(q); ok {
		return m, nil
	}
	first, _, _ := strings.Cut(q.path, "/")
	m, err := c.shared(ctx, "mount "+q.namespace+" "+first, func(ctx context.Context) (any, error) { return c.askMount(ctx, token, q) })
	if err != nil {
		return mount{}, err
	}
	if strings.HasPrefix(q.path+"/", m.(mount).path) {
		return m.(mount), nil
	}
	return c.askMount(ctx, token, q) // another mount with the same first part
}

func (c *connection) knownMount(q query) (best mount, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.mounts {
		if m.namespace == q.namespace && strings.HasPrefix(q.path+"/", m.path) && len(m.path) > len(best.path) {
			best, ok = m, true
		}
	}
	return best, ok
}

func (c *connection) askMount(ctx context.Context, token string, q query) (mount, error) {
	first, _, _ := strings.Cut(q.path, "/")
	m := mount{namespace: q.namespace, path: first + "/"}
	a, err := c.call(ctx, call{path: "sys/internal/ui/mounts/" + q.path, token: token, namespace: q.namespace})
	switch {
	case err == nil:
		var d struct {
			Path    string            `json:"path"`
			Type    string            `json:"type"`
			Options map[string]string `json:"options"`
		}
		bad := json.Unmarshal(a.Data, &d) != nil || !strings.HasSuffix(d.Path, "/")
		at := strings.Index(q.path+"/", d.Path) // after auth/, or a namespace in the path
		if bad || at < 0 {
			return m, errors.New("the answer about the mount is not Vault's")
		}
		m.path, m.kind, m.version = (q.path + "/")[:at+len(d.Path)], d.Type, d.Options["version"]
		if m.kind == "generic" {
			m.kind = "kv"
		}
	case errors.Is(err, fetch.ErrUnavailable), ctx.Err() != nil:
		return m, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mounts = append(c.mounts, m)
	return m, nil
}

// read reads a path. While the question about its mount is under way, what will most
// probably be asked next is asked already: it is a round trip less for the first
// secrets of every mount.
func (c *connection) read(ctx context.Context, token string, q query) (*answer, error) {
	guess := q.guess()
	if _, known := c.knownMount(q); known || guess == "" {
		m, err := c.mount(ctx, token, q)
		if err != nil {
			return nil, err
		}
		return c.readIn(ctx, token, q, m)
	}
	var early *answer
	var earlyErr error
	guessing, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		early, earlyErr = c.get(guessing, token, q, guess)
	}()
	m, err := c.mount(ctx, token, q)
	path, isData := m.dataPath(q.path)
	wrong := err != nil || path != guess || q.version != "" && !isData
	if wrong {
		stop()
	}
	<-done
	switch {
	case err != nil:
		return nil, err
	case wrong:
		return c.readIn(ctx, token, q, m)
	case earlyErr != nil || !isData || q.wrap != "":
		return early, earlyErr
	}
	return unwrap(early)
}

// guess is the path that the API will have for q, if it is that of a secret in a KV
// engine of version 2, whose mount is the first part of the path unless data/ says
// where it ends. It is empty where nothing is guessed: reading it would do something,
// or there can be no KV engine. A wrong guess reads a path that does not exist, or a
// secret which is dropped.
func (q query) guess() string {
	if strings.Contains(q.path, "/data/") {
		return q.path
	}
	first, rest, _ := strings.Cut(q.path, "/")
	next, _, _ := strings.Cut(rest, "/")
	if rest == "" || q.wrap != "" || slices.Contains(noKV, first) || slices.Contains(otherAPI, next) {
		return ""
	}
	return first + "/data/" + rest
}

// readIn reads a path whose mount is known.
func (c *connection) readIn(ctx context.Context, token string, q query, m mount) (*answer, error) {
	path, isData := m.dataPath(q.path)
	if !strings.HasPrefix(path+"/", m.path) || checkPath(path) != nil {
		return nil, fmt.Errorf("the path leaves its mount: %w", fetch.ErrDenied)
	}
	if q.version != "" && !isData {
		if m.kind != "" {
			return nil, fmt.Errorf("parameter version: %s is not a KV engine of version 2", m.path)
		}
		isData = true // we may not know; the server ignores the parameter elsewhere
	}
	a, err := c.get(ctx, token, q, path)
	if err != nil || !isData || q.wrap != "" {
		return a, err
	}
	return unwrap(a)
}

func (c *connection) get(ctx context.Context, token string, q query, path string) (*answer, error) {
	r := call{path: path, token: token, namespace: q.namespace, wrap: q.wrap}
	if q.version != "" {
		r.query = map[string][]string{"version": {q.version}}
	}
	return c.call(ctx, r)
}

// unwrap takes the secret out of the answer of a KV engine of version 2.
func unwrap(a *answer) (*answer, error) {
	var d struct {
		Data     json.RawMessage `json:"data"`
		Metadata struct {
			Version json.Number `json:"version"`
		} `json:"metadata"`
	}
	if json.Unmarshal(a.Data, &d) != nil || d.Metadata.Version == "" {
		return nil, errors.New("the answer is not that of a KV engine of version 2")
	}
	if !present(d.Data) {
		return nil, fmt.Errorf("version %s of the secret is deleted: %w", d.Metadata.Version, fetch.ErrNotFound)
	}
	out := *a
	out.Data, out.version = d.Data, d.Metadata.Version.String()
	return &out, nil
}

// write has the server issue something. In a KV engine it would overwrite a secret:
// that is refused, and so is a mount that may be one.
func (c *connection) write(ctx context.Context, token string, q query) (*answer, error) {
	m, err := c.mount(ctx, token, q)
	if err != nil {
		return nil, err
	}
	if m.kind == "kv" || m.kind == "" && !c.env.Trusted {
		return nil, fmt.Errorf("method=post would write into %s, which is or may be a KV engine; references read: %w", m.path, fetch.ErrDenied)
	}
	return c.call(ctx, call{path: q.path, token: token, namespace: q.namespace, body: q.body, wrap: q.wrap})
}
