package githubvar_test

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/githubvar"
	"github.com/maskrun/maskrun/internal/fakeci"
)

const long = fetchtest.Canary + "-value"

func start(t *testing.T, places map[string]map[string]fakeci.Secret) (*fakeci.GitHub, fetch.Pusher) {
	t.Helper()
	g, stop := fakeci.NewGitHub(long, places)
	t.Cleanup(func() {
		stop()
		if wrong := g.Wrong(); len(wrong) > 0 {
			t.Error(wrong)
		}
	})
	src, err := githubvar.Kind().Open(t.Context(), fetch.Env{HTTP: fetchtest.Client(t), Warn: func(string) {},
		Getenv: fetchtest.Getenv(map[string]string{"GH_TOKEN": fakeci.Token, "GITHUB_API_URL": g.URL})})
	if err != nil {
		t.Fatal(err)
	}
	return g, src.(fetch.Pusher)
}

func ask(path, params string, values ...string) fetch.Push {
	p := fetch.Push{Path: path, Values: map[string]fetch.Value{}}
	p.Params, _ = url.ParseQuery(params)
	for _, v := range values {
		name, value, _ := strings.Cut(v, "=")
		p.Values[name] = fetch.NewValue([]byte(value))
	}
	return p
}

func brief(changes []fetch.Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Do+" "+c.Name)
	}
	return strings.Join(out, ", ")
}

type secrets = map[string]fakeci.Secret

// What is held afterwards; the server opens the sealed boxes.
func TestPush(t *testing.T) {
	const environment = "repositories/4711/environments/prod/eu #1"
	lines := long + "\r\n\"ö\"\n"
	for _, c := range []struct {
		why, place string
		there      secrets
		push       fetch.Push
		changes    string
		held       secrets
	}{
		{"a repository, any text", "repos/owner/repo", secrets{"A": {Value: "old"}}, ask("owner/repo", "", "A="+long, "B="+lines), "update A, create B",
			secrets{"A": {Value: long}, "B": {Value: lines}}},
		{"those on later pages are found", "repos/owner/repo", secrets{"A": {Value: "a"}, "B": {Value: "b"}, "C": {Value: "c"}, "D": {Value: "d"}, "E": {Value: "e"}},
			ask("owner/repo", "", "E="+long), "update E", secrets{"A": {Value: "a"}, "B": {Value: "b"}, "C": {Value: "c"}, "D": {Value: "d"}, "E": {Value: long}}},
		{"an environment whose name needs escaping", environment, secrets{}, ask("owner/repo", "env=prod/eu+%231", "A="+long), "create A", secrets{"A": {Value: long}}},
		{"an organisation: new ones are private", "orgs/org", secrets{}, ask("org", "", "A="+long), "create A", secrets{"A": {Value: long, Visibility: "private"}}},
		{"unless said", "orgs/org", secrets{}, ask("org", "visibility=all", "A="+long), "create A", secrets{"A": {Value: long, Visibility: "all"}}},
		{"who sees an existing one stays", "orgs/org", secrets{"A": {Value: "old", Visibility: "selected", Selected: []int64{1, 2, 3}}, "B": {Value: "old", Visibility: "all"}},
			ask("org", "visibility=private", "A="+long, "B="+long), "update A, update B",
			secrets{"A": {Value: long, Visibility: "selected", Selected: []int64{1, 2, 3}}, "B": {Value: long, Visibility: "all"}}},
	} {
		t.Run(c.why, func(t *testing.T) {
			g, p := start(t, map[string]map[string]fakeci.Secret{c.place: c.there})
			c.push.Plan = true
			if plan, err := p.Push(t.Context(), c.push); err != nil || brief(plan) != c.changes || !reflect.DeepEqual(g.Held(c.place), c.there) {
				t.Errorf("plan %q, %v", brief(plan), err)
			}
			c.push.Plan = false
			if done, err := p.Push(t.Context(), c.push); err != nil || brief(done) != c.changes {
				t.Errorf("done %q, %v", brief(done), err)
			}
			if got := g.Held(c.place); !reflect.DeepEqual(got, c.held) {
				t.Errorf("held %v", got)
			}
		})
	}
}

// Only what was asked for is removed; what somebody else has removed is no failure.
func TestRemove(t *testing.T) {
	g, p := start(t, map[string]map[string]fakeci.Secret{"repos/owner/repo": {"A": {Value: "a"}, "B": {Value: "b"}, "C": {Value: "c"}}})
	g.Fail("DELETE B", fakeci.Fault{Status: 404})
	push := ask("owner/repo", "", "A="+long)
	push.Remove = []string{"B", "C"}
	if done, err := p.Push(t.Context(), push); err != nil || brief(done) != "update A, remove B, remove C" {
		t.Errorf("%q, %v", brief(done), err)
	}
	if held := g.Held("repos/owner/repo"); held["C"].Value != "" || held["A"].Value != long {
		t.Error(held)
	}
}

// What GitHub does not take is refused by name, and nothing at all is written. FAULTS 99
func TestRefused(t *testing.T) {
	for _, c := range []struct{ why, name, value, reason string }{
		{"GitHub's own names", "GITHUB_TOKEN", long, "for itself"},
		{"small letters: it would come back as another name", "a", long, "in capitals"},
		{"a digit first", "1A", long, "begins with no digit"},
		{"empty", "A", "", "empty"},
		{"no text", "A", long + "\x00", "not text"},
		{"too large", "A", strings.Repeat("x", 48<<10+1), "48 KiB"},
	} {
		t.Run(c.why, func(t *testing.T) {
			g, p := start(t, map[string]map[string]fakeci.Secret{"repos/owner/repo": {}})
			changes, err := p.Push(t.Context(), ask("owner/repo", "", "ZZ="+long, c.name+"="+c.value))
			at := slices.IndexFunc(changes, func(ch fetch.Change) bool { return ch.Name == c.name })
			if err != nil || at < 0 || changes[at].Do != fetch.Refused || !strings.Contains(changes[at].Note, c.reason) || len(g.Held("repos/owner/repo")) > 0 {
				t.Errorf("%+v, %v", changes, err)
			}
			fetchtest.NoCanary(t, fmt.Sprint(changes))
		})
	}
}

// FAULTS 87, 90: what goes wrong on the way. The bodies of the faults hold the value.
func TestPushFaults(t *testing.T) {
	for _, c := range []struct {
		why, request string
		faults       []fakeci.Fault
		want         string
		err          error
	}{
		{"401", "GET public-key", []fakeci.Fault{{Status: 401}}, "", fetch.ErrDenied},
		{"403", "GET secrets", []fakeci.Fault{{Status: 403}}, "", fetch.ErrDenied},
		{"404", "GET public-key", []fakeci.Fault{{Status: 404}}, "", fetch.ErrNotFound},
		{"a login page for a key", "GET public-key", []fakeci.Fault{{Login: true}}, "", errAny},
		{"the rate limit is used up for an hour", "GET public-key", []fakeci.Fault{{Status: 403, Limit: true}}, "", fetch.ErrUnavailable},
		{"429 with Retry-After, then fine", "GET secrets", []fakeci.Fault{{Status: 429, RetryAfter: "1"}}, "create A, create B", nil},
		{"502, then a list that is cut off, then fine", "GET secrets", []fakeci.Fault{{Status: 502}, {Cut: true}}, "create A, create B", nil},
		{"502 for good", "GET secrets", []fakeci.Fault{{Status: 502}, {Status: 502}, {Status: 502}}, "", fetch.ErrUnavailable},
		{"403 on writing: the next are not tried", "PUT A", []fakeci.Fault{{Status: 403}}, "failed A, left B", nil},
		{"written, but a gateway said 504", "PUT A", []fakeci.Fault{{Status: 504, Done: true}}, "create A, create B", nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g, p := start(t, map[string]map[string]fakeci.Secret{"repos/owner/repo": {}})
			g.Fail(c.request, c.faults...)
			changes, err := p.Push(t.Context(), ask("owner/repo", "", "A="+long, "B="+long))
			if brief(changes) != c.want || !errors.Is(err, c.err) && (c.err != errAny || err == nil) {
				t.Errorf("%q, %v", brief(changes), err)
			}
			if c.want == "create A, create B" && len(g.Held("repos/owner/repo")) != 2 {
				t.Error("not all is held")
			}
			fetchtest.NoCanary(t, fmt.Sprint(changes, err))
			if strings.Contains(fmt.Sprint(changes, err), fakeci.Token) {
				t.Error("the token is in a message")
			}
		})
	}
}

var errAny = errors.New("any error")
