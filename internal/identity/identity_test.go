package identity_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/internal/httpx"
	"github.com/maskrun/maskrun/internal/identity"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// token makes one for audiences that ends in life; its signature is the canary.
func token(life time.Duration, audiences ...string) string {
	var aud any = audiences
	if len(audiences) == 1 {
		aud = audiences[0]
	}
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return part(map[string]any{"alg": "RS256"}) + "." + part(map[string]any{"aud": aud, "exp": now.Add(life).Unix()}) + "." + fetchtest.Canary
}

func options(environ ...string) *identity.Options {
	return &identity.Options{Environ: environ, ReadFile: os.ReadFile, Now: func() time.Time { return now }}
}

func TestVariablesAndFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	inFile := token(time.Hour, "file")
	if err := os.WriteFile(path, []byte(inFile+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	vault, sts, many := token(time.Hour, "vault"), token(time.Hour, "sts"), token(time.Hour, "a", "b")
	for _, c := range []struct {
		why, audience string
		environ       []string
		want          string // a token, or the text of the error after "!"
	}{
		{"GitLab's usual name", "vault", []string{"VAULT_ID_TOKEN=" + vault}, vault},
		{"any name will do: the audience decides", "sts", []string{"VAULT_ID_TOKEN=" + vault, "MINE=" + sts}, sts},
		{"one of several audiences", "b", []string{"MINE=" + many}, many},
		{"no audience asked: the first of the usual names", "", []string{"A=" + sts, "VAULT_ID_TOKEN=" + vault}, vault},
		{"no audience asked, and no usual name", "", []string{"A=" + sts}, "!say which audience"},
		{"CircleCI", "org-1", []string{"CIRCLE_OIDC_TOKEN_V2=" + token(time.Hour, "org-1")}, token(time.Hour, "org-1")},
		{"for somebody else", "sts", []string{"VAULT_ID_TOKEN=" + vault}, `!"sts": VAULT_ID_TOKEN is for "vault"`},
		{"expired", "vault", []string{"VAULT_ID_TOKEN=" + token(-time.Second, "vault")}, "!has expired"},
		{"an expired one does not hide a good one", "vault", []string{"A=" + token(-time.Second, "vault"), "B=" + vault}, vault},
		{"the last of two variables counts", "vault", []string{"VAULT_ID_TOKEN=" + sts, "VAULT_ID_TOKEN=" + vault}, vault},
		{"a file that a person named wins", "file", []string{"MASKRUN_ID_TOKEN_FILE=" + path, "B=" + token(time.Hour, "file")}, inFile},
		{"its audience counts too", "vault", []string{"MASKRUN_ID_TOKEN_FILE=" + path, "B=" + vault}, vault},
		{"a file of Kubernetes on AWS", "file", []string{"AWS_WEB_IDENTITY_TOKEN_FILE=" + path}, inFile},
		{"of Azure", "file", []string{"AZURE_FEDERATED_TOKEN_FILE=" + path}, inFile},
		{"a file that is missing", "x", []string{"MASKRUN_ID_TOKEN_FILE=" + path + "x"}, "!cannot be read"},
		{"a variable named by a person", "vault", []string{"MASKRUN_ID_TOKEN=" + vault}, vault},
		{"that holds something else", "vault", []string{"MASKRUN_ID_TOKEN=" + fetchtest.Canary}, "!holds no token"},
		{"the credential that asks GitHub is no identity", "vault", []string{"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + vault, "A=" + sts}, `!A is for "sts"`},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := identity.New(options(c.environ...))(t.Context(), c.audience)
			want, fails := strings.CutPrefix(c.want, "!")
			if fails && (err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, fetch.ErrDenied)) || !fails && (err != nil || got != want) {
				t.Errorf("error %v, want %s", err, want)
			}
			fetchtest.NoCanary(t, err)
		})
	}
}

func TestNone(t *testing.T) {
	for _, c := range []struct {
		why string
		o   *identity.Options
	}{
		{"nil", nil},
		{"an empty environment", options()},
		{"what only looks like a token", options("A=eyJ", "B=eyJ.eyJ.x", "C=eyJ.e30.x", "D=a.e30.b")},
		{"the permission is missing on GitHub", options("GITHUB_ACTIONS=true", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=x")},
		{"files cannot be read", &identity.Options{Environ: []string{"MASKRUN_ID_TOKEN_FILE=x"}}},
	} {
		if identity.New(c.o) != nil {
			t.Errorf("%s: an identity", c.why)
		}
	}
}

// A github plays GitHub's token service: a fake of ours, after its documentation.
type github struct {
	asked  atomic.Int32
	answer func(w http.ResponseWriter, r *http.Request, nth int)
}

func (g *github) start(t *testing.T) *identity.Options {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.answer(w, r, int(g.asked.Add(1)))
	}))
	t.Cleanup(s.Close)
	client, err := httpx.New(&httpx.Options{CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})})
	if err != nil {
		t.Fatal(err)
	}
	o := options("ACTIONS_ID_TOKEN_REQUEST_URL="+s.URL+"/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+fetchtest.Canary)
	o.HTTP = client
	return o
}

func TestGitHub(t *testing.T) {
	give := func(w http.ResponseWriter, audience string) {
		fmt.Fprintf(w, `{"count":1,"value":"%s"}`, token(time.Hour, audience))
	}
	for _, c := range []struct {
		why    string
		answer func(w http.ResponseWriter, r *http.Request, nth int)
		asked  int
		want   string // text of the error; empty for a token
	}{
		{"a token", func(w http.ResponseWriter, r *http.Request, _ int) {
			if r.Header.Get("Authorization") != "Bearer "+fetchtest.Canary || r.URL.Query().Get("api-version") != "2.0" {
				w.WriteHeader(http.StatusBadRequest)
			}
			give(w, r.URL.Query().Get("audience"))
		}, 1, ""},
		{"after two failures of the service", func(w http.ResponseWriter, _ *http.Request, nth int) {
			if nth < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			give(w, "vault & co")
		}, 3, ""},
		{"no permission is final", func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusForbidden) }, 1, "permissions: id-token: write"},
		{"for another audience than asked", func(w http.ResponseWriter, _ *http.Request, _ int) { give(w, "other") }, 1, `the token of GitHub is for "other"`},
		{"a page", func(w http.ResponseWriter, _ *http.Request, _ int) { fmt.Fprint(w, "<html>"+fetchtest.Canary) }, 1, "not the JSON"},
		{"no token in it", func(w http.ResponseWriter, _ *http.Request, _ int) { fmt.Fprint(w, "{}") }, 4, "without a token"},
	} {
		t.Run(c.why, func(t *testing.T) {
			g := &github{answer: c.answer}
			got, err := identity.New(g.start(t))(t.Context(), "vault & co")
			if c.want == "" && (err != nil || got == "") || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("token %t, error %v", got != "", err)
			}
			if n := int(g.asked.Load()); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
			fetchtest.NoCanary(t, err)
		})
	}
}

// Stores that start at once share a token, and a caller that gives up is not kept.
func TestShared(t *testing.T) {
	release := make(chan struct{})
	g := &github{answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
		<-release
		fmt.Fprintf(w, `{"value":"%s"}`, token(time.Hour, "vault"))
	}}
	give := identity.New(g.start(t))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := give(t.Context(), "vault"); err != nil {
				t.Error(err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := give(ctx, "vault"); !errors.Is(err, context.Canceled) && !errors.Is(err, fetch.ErrDenied) {
		t.Errorf("cancelled: %v", err)
	}
	close(release)
	wg.Wait()
	if n := g.asked.Load(); n > 2 { // the cancelled one may have been first
		t.Errorf("asked %d times for one token", n)
	}
}

// The credential does not leave in the clear.
func TestNotHTTPS(t *testing.T) {
	o := options("ACTIONS_ID_TOKEN_REQUEST_URL=http://example.invalid/", "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+fetchtest.Canary)
	o.HTTP, _ = httpx.New(nil)
	if _, err := identity.New(o)(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "no https address") {
		t.Error(err)
	}
}
