package fetchtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// Client is the HTTP client that maskrun gives to stores, for as long as the test runs. With
// ca, certificates in PEM, these authorities and no others are trusted.
func Client(t testing.TB, ca ...byte) *http.Client {
	t.Helper()
	client, err := httpx.New(&httpx.Options{CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// CleanEnv takes the variables whose names begin so out of the environment, which is environ,
// and the home directory: what an SDK finds there by itself. They are back when the test ends.
func CleanEnv(t testing.TB, environ []string, prefixes ...string) {
	t.Helper()
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			t.Setenv(name, "") // has it put back
			_ = os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", t.TempDir())
}

// Job is env with an identity: a job that can have a token, or err, for one audience.
func Job(env fetch.Env, audience, token string, err error) fetch.Env {
	env.Identity = func(_ context.Context, asked string) (string, error) {
		if asked != audience {
			return "", fmt.Errorf("no token for %s: %w", asked, fetch.ErrDenied)
		}
		return token, err
	}
	return env
}

// Config is base with more written over it; what is nil there is taken out.
func Config(base, more map[string]any) map[string]any {
	all := maps.Clone(base)
	for k, v := range more {
		if all[k] = v; v == nil {
			delete(all, k)
		}
	}
	return all
}

// CutOff in place of a status has [Refuse] answer with a body that breaks off.
const CutOff = 1

// Refuse answers as a server does that fails with a status, and repeats what it knows.
func Refuse(w http.ResponseWriter, status int) {
	if status == CutOff {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"value":"`+Canary)
		return
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"message":"`+Canary+`"}`)
}

// Open opens a store as the Resolver would. What can be closed is, when the test ends.
func Open(t testing.TB, kind fetch.Kind, env fetch.Env) fetch.Source {
	t.Helper()
	if env.Getenv == nil {
		env.Getenv = Getenv(nil)
	}
	if env.Warn == nil {
		env.Warn = func(string) {}
	}
	src, err := kind.Open(context.Background(), env) // a benchmark has no context of its own
	if err != nil {
		t.Fatalf("open %s: %v", kind.Scheme, err)
	}
	if c, ok := src.(interface{ Close() error }); ok {
		t.Cleanup(func() { _ = c.Close() })
	}
	return src
}

// WantError fails the test unless err says text and wraps kind, one of the sentinels; with
// a nil kind it must be none that is forgiven or tried again. No error may show the canary or one
// of the credentials, or be longer than a line of 300 bytes.
func WantError(t *testing.T, err, kind error, text string, credentials ...string) {
	t.Helper()
	if err == nil || kind != nil && !errors.Is(err, kind) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want %q and %v", err, text, kind)
		return
	}
	if kind == nil && (errors.Is(err, fetch.ErrNotFound) || errors.Is(err, fetch.ErrUnavailable)) {
		t.Errorf("error %v would be forgiven or tried again", err)
	}
	ShowsNothing(t, err, credentials...)
	if checkError(t, err); len(err.Error()) > 300 {
		t.Errorf("the error has %d bytes: %q", len(err.Error()), err)
	}
}

// StoreWide fails the test unless err would be told once for all documents: what is amiss
// is the identity or the address, and nothing of the one that was asked for. FAULTS 94
func StoreWide(t *testing.T, err error) {
	t.Helper()
	if !fetch.IsStoreWide(err) {
		t.Errorf("would be told for each document: %v", err)
	}
}

// ShowsNothing fails the test when err shows the canary or one of the credentials, or the
// beginning of one. Nil shows nothing.
func ShowsNothing(t *testing.T, err error, credentials ...string) {
	t.Helper()
	if err == nil {
		return
	}
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, c := range credentials {
		if strings.Contains(text, c) || len(c) > 12 && strings.Contains(text, c[:12]) {
			t.Errorf("an error shows a credential") // it would be in the log else
		}
	}
	NoCanary(t, err)
}
