package gitlabvar_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/gitlabvar"
	"github.com/maskrun/maskrun/internal/fakeci"
)

const (
	long  = fetchtest.Canary + "-value" // maskable
	other = fetchtest.Canary + "-other"
)

func pusher(t *testing.T, g *fakeci.GitLab) fetch.Pusher {
	t.Helper()
	src, err := gitlabvar.Kind().Open(t.Context(), fetch.Env{HTTP: fetchtest.Client(t), Warn: func(string) {},
		Getenv: fetchtest.Getenv(map[string]string{"GITLAB_TOKEN": fakeci.Token, "GITLAB_URL": g.URL})})
	if err != nil {
		t.Fatal(err)
	}
	return src.(fetch.Pusher)
}

func start(t *testing.T, vars ...fakeci.Variable) *fakeci.GitLab {
	t.Helper()
	g, stop := fakeci.NewGitLab(long, map[string][]fakeci.Variable{"projects/a/b.c": vars, "groups/a": nil})
	t.Cleanup(func() {
		stop()
		if wrong := g.Wrong(); len(wrong) > 0 {
			t.Error(wrong)
		}
	})
	return g
}

// ask makes a Push of "name=value" pairs and parameters.
func ask(params string, values ...string) fetch.Push {
	p := fetch.Push{Path: "a/b.c", Values: map[string]fetch.Value{}}
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

// What a push does to what is there, seen before and after. The list of what is there
// has several pages.
func TestPush(t *testing.T) {
	for _, c := range []struct {
		why    string
		there  []fakeci.Variable
		push   fetch.Push
		plan   string
		result string // of the plan's names that it wrote, what is held
	}{
		{"a new one", nil, ask("masked=true&raw=true", "A="+long), "create A", "A * masked raw"},
		{"for an environment, protected", nil, ask("masked=true&protected=true&environment=review/*", "A="+long), "create A", "A review/* masked protected"},
		{"hidden", nil, ask("masked=true&hidden=true", "A="+long), "create A", "A * masked hidden"},
		{"one of another environment is another", []fakeci.Variable{{Key: "A", Scope: "prod", Value: other}}, ask("masked=true", "A="+long), "create A", "A prod, A * masked"},
		{"another value", []fakeci.Variable{{Key: "A", Scope: "*", Value: other, Masked: true}}, ask("masked=true", "A="+long), "update A", "A * masked"},
		{"the same", []fakeci.Variable{{Key: "A", Scope: "*", Value: long, Masked: true}}, ask("masked=true", "A="+long), "unchanged A", "A * masked"},
		{"the same value, but not masked", []fakeci.Variable{{Key: "A", Scope: "*", Value: long}}, ask("masked=true", "A="+long), "update A", "A * masked"},
		{"what is protected stays so", []fakeci.Variable{{Key: "A", Scope: "*", Value: other, Protected: true}}, ask("masked=true", "A="+long), "update A", "A * masked protected"},
		{"unless told otherwise", []fakeci.Variable{{Key: "A", Scope: "*", Value: long, Masked: true, Protected: true}}, ask("masked=true&protected=false", "A="+long), "update A", "A * masked"},
		{"a hidden one cannot be compared", []fakeci.Variable{{Key: "A", Scope: "*", Value: long, Masked: true, Hidden: true}}, ask("masked=true", "A="+long), "update A", "A * masked hidden"},
		{"those on later pages are found", []fakeci.Variable{{Key: "X", Scope: "*"}, {Key: "Y", Scope: "*"}, {Key: "Z", Scope: "*"}, {Key: "W", Scope: "*"}, {Key: "A", Scope: "*", Value: other}},
			ask("masked=true", "A="+long, "B="+long), "update A, create B", "X *, Y *, Z *, W *, A * masked, B * masked"},
	} {
		t.Run(c.why, func(t *testing.T) {
			g := start(t, c.there...)
			p := pusher(t, g)
			c.push.Plan = true
			plan, err := p.Push(t.Context(), c.push)
			if err != nil || brief(plan) != c.plan || !slices.Equal(g.Held("projects/a/b.c"), c.there) {
				t.Errorf("plan %q, %v", brief(plan), err)
			}
			c.push.Plan = false
			done, err := p.Push(t.Context(), c.push)
			if err != nil || brief(done) != c.plan {
				t.Errorf("done %q, %v", brief(done), err)
			}
			if got := describe(g.Held("projects/a/b.c")); got != c.result {
				t.Errorf("held %q, want %q", got, c.result)
			}
			for name, want := range c.push.Values {
				if !slices.ContainsFunc(g.Held("projects/a/b.c"), func(v fakeci.Variable) bool { return v.Key == name && v.Value == string(want.Reveal()) }) {
					t.Errorf("%s does not have its value", name)
				}
			}
		})
	}
}

func describe(vars []fakeci.Variable) string {
	var out []string
	for _, v := range vars {
		text := v.Key + " " + v.Scope
		for _, f := range []struct {
			on   bool
			word string
		}{{v.Masked, " masked"}, {v.Hidden, " hidden"}, {v.Protected, " protected"}, {v.Raw, " raw"}} {
			if f.on {
				text += f.word
			}
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// Only what was asked for is removed, in the one scope, and only what the plan showed.
func TestPrune(t *testing.T) {
	g := start(t, fakeci.Variable{Key: "OLD", Scope: "*"}, fakeci.Variable{Key: "OLD", Scope: "prod"}, fakeci.Variable{Key: "KEEP", Scope: "*"}, fakeci.Variable{Key: "OLDER", Scope: "*"})
	p := pusher(t, g)
	push := ask("masked=true", "KEEP="+long)
	push.Plan, push.Prune = true, true
	if plan, err := p.Push(t.Context(), push); err != nil || brief(plan) != "update KEEP, remove OLD, remove OLDER" {
		t.Errorf("%q, %v", brief(plan), err)
	}
	push.Plan, push.Prune, push.Remove = false, false, []string{"OLD", "NOT_THERE"}
	if done, err := p.Push(t.Context(), push); err != nil || brief(done) != "update KEEP, remove OLD" {
		t.Errorf("%q, %v", brief(done), err)
	}
	if got := describe(g.Held("projects/a/b.c")); got != "OLD prod, KEEP * masked, OLDER *" {
		t.Error(got)
	}
}

// What GitLab cannot hold or mask is refused by name, and nothing at all is written.
// FAULTS 99
func TestRefused(t *testing.T) {
	for _, c := range []struct{ why, params, name, value, reason string }{
		{"short", "masked=true&raw=true", "A", "cAnArY-", "shorter than 8 characters"},
		{"empty", "masked=true&raw=true", "A", "", "shorter than 8 characters"},
		{"several lines", "masked=true&raw=true", "A", long + "\n" + long, "several lines"},
		{"a line end", "masked=true&raw=true", "A", long + "\n", "ends in a line break"},
		{"blanks", "masked=true&raw=true", "A", long + " x", "has blanks"},
		{"expanded, it may have few characters", "masked=true", "A", long + "$x", "without --raw"},
		{"no text", "masked=false", "A", long + "\xff", "not text"},
		{"too long", "masked=false", "A", strings.Repeat(long, 1000), "longer than the 10000"},
		{"no name", "masked=false", "A-B", long, "letters, digits"},
		{"hiding comes too late", "masked=true&hidden=true", "THERE", long, "hides a variable only when it is made"},
		{"unhiding never", "masked=false", "HIDDEN", long, "cannot be unmasked"},
	} {
		t.Run(c.why, func(t *testing.T) {
			g := start(t, fakeci.Variable{Key: "THERE", Scope: "*"}, fakeci.Variable{Key: "HIDDEN", Scope: "*", Masked: true, Hidden: true})
			changes, err := pusher(t, g).Push(t.Context(), ask(c.params, c.name+"="+c.value, "GOOD="+long))
			at := slices.IndexFunc(changes, func(ch fetch.Change) bool { return ch.Name == c.name })
			if err != nil || at < 0 || changes[at].Do != fetch.Refused || !strings.Contains(changes[at].Note, c.reason) {
				t.Errorf("%+v, %v", changes, err)
			}
			if len(g.Held("projects/a/b.c")) != 2 {
				t.Error("something was written")
			}
			fetchtest.NoCanary(t, fmt.Sprint(changes))
		})
	}
}

// The figure of masking: what our rule lets through the fake's takes too, which is
// that of GitLab's source; raw values may have any character but blanks.
func TestRawIsMaskable(t *testing.T) {
	g := start(t)
	done, err := pusher(t, g).Push(t.Context(), ask("masked=true&raw=true", `A=p$a%s"s'w*ö!`, "B=aA0_+=/@:.~-"))
	if err != nil || brief(done) != "create A, create B" || len(g.Held("projects/a/b.c")) != 2 {
		t.Errorf("%q, %v", brief(done), err)
	}
}

// A server before 17.4 cannot hide: that is said, and the variable is masked.
func TestOldServer(t *testing.T) {
	g := start(t)
	g.Old = true
	done, err := pusher(t, g).Push(t.Context(), ask("masked=true&hidden=true", "A="+long))
	if err != nil || len(done) != 1 || !strings.Contains(done[0].Note, "not hidden") || describe(g.Held("projects/a/b.c")) != "A * masked" {
		t.Errorf("%+v, %v", done, err)
	}
}

// A group's variables are at another address, and hide too.
func TestPushGroup(t *testing.T) {
	g := start(t)
	push := ask("group=true&masked=true&hidden=true", "A="+long)
	push.Path = "a"
	if done, err := pusher(t, g).Push(t.Context(), push); err != nil || brief(done) != "create A" || describe(g.Held("groups/a")) != "A * masked hidden" {
		t.Errorf("%q, %v", brief(done), err)
	}
}

// FAULTS 87, 90: what goes wrong on the way. The bodies of the faults hold the value.
func TestPushFaults(t *testing.T) {
	for _, c := range []struct {
		why, request string
		faults       []fakeci.Fault
		want         string // the changes
		err          error  // instead
	}{
		{"401", "GET variables", []fakeci.Fault{{Status: 401}}, "", fetch.ErrDenied},
		{"403", "GET variables", []fakeci.Fault{{Status: 403}}, "", fetch.ErrDenied},
		{"404", "GET variables", []fakeci.Fault{{Status: 404}}, "", fetch.ErrNotFound},
		{"a login page", "GET variables", []fakeci.Fault{{Login: true}}, "", errAny},
		{"429 with Retry-After, then fine", "GET variables", []fakeci.Fault{{Status: 429, RetryAfter: "1"}}, "create A, create B", nil},
		{"429 for longer than there is patience", "GET variables", []fakeci.Fault{{Status: 429, RetryAfter: "3600"}}, "", fetch.ErrUnavailable},
		{"502 twice, then fine", "GET variables", []fakeci.Fault{{Status: 502}, {Status: 502}}, "create A, create B", nil},
		{"502 for good", "GET variables", []fakeci.Fault{{Status: 502}, {Status: 502}, {Status: 502}}, "", fetch.ErrUnavailable},
		{"a list that is cut off, then fine", "GET variables", []fakeci.Fault{{Cut: true}}, "create A, create B", nil},
		{"a slow answer", "GET variables", []fakeci.Fault{{Slow: 300 * time.Millisecond}}, "create A, create B", nil},
		{"403 on writing: the next are not tried", "POST variables", []fakeci.Fault{{Status: 403}}, "failed A, left B", nil},
		{"400 on writing", "POST variables", []fakeci.Fault{{Status: 400}}, "failed A, left B", nil},
		{"503, then fine", "POST variables", []fakeci.Fault{{Status: 503}}, "create A, create B", nil},
		{"made, but the answer was lost", "POST variables", []fakeci.Fault{{Cut: true, Done: true}}, "create A, create B", nil},
		{"made, and a gateway said 504", "POST variables", []fakeci.Fault{{Status: 504, Done: true}}, "create A, create B", nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			g := start(t)
			g.Fail(c.request, c.faults...)
			changes, err := pusher(t, g).Push(t.Context(), ask("masked=true", "A="+long, "B="+other))
			if brief(changes) != c.want || !errors.Is(err, c.err) && (c.err != errAny || err == nil) {
				t.Errorf("%q, %v", brief(changes), err)
			}
			if c.want == "create A, create B" && describe(g.Held("projects/a/b.c")) != "A * masked, B * masked" {
				t.Errorf("held: %s", describe(g.Held("projects/a/b.c")))
			}
			fetchtest.NoCanary(t, fmt.Sprint(changes, err))
			if strings.Contains(fmt.Sprint(changes, err), fakeci.Token) {
				t.Error("the token is in a message")
			}
		})
	}
}

var errAny = errors.New("any error")

// Nobody waits for a server longer than the caller does.
func TestPushCancelled(t *testing.T) {
	g := start(t)
	g.Fail("GET variables", fakeci.Fault{Slow: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := pusher(t, g).Push(ctx, ask("masked=true", "A="+long)); err == nil || time.Since(begin) > 30*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}
