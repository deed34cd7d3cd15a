package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// fake is a store whose every read is a function of the path and of how often it was asked.
type fake struct {
	mu     sync.Mutex
	reads  map[string]int
	answer func(ctx context.Context, path string, nth int) (Document, error)
	opened atomic.Int32
	closed atomic.Int32
}

func newFake(answer func(ctx context.Context, path string, nth int) (Document, error)) *fake {
	return &fake{reads: map[string]int{}, answer: answer}
}

func (f *fake) Read(ctx context.Context, path string, params url.Values) (Document, error) {
	f.mu.Lock()
	f.reads[path+"?"+params.Encode()]++
	nth := f.reads[path+"?"+params.Encode()]
	f.mu.Unlock()
	return f.answer(ctx, path, nth)
}

func (f *fake) Close() error { f.closed.Add(1); return nil }

func (f *fake) kind(scheme string) Kind {
	return Kind{Scheme: scheme, Aliases: []string{scheme + "-alias"}, Open: func(context.Context, Env) (Source, error) {
		f.opened.Add(1)
		return f, nil
	}}
}

// text answers every path with a document.
func text(s string) func(context.Context, string, int) (Document, error) {
	return func(context.Context, string, int) (Document, error) {
		return Document{Data: []byte(s), Version: "v7"}, nil
	}
}

func request(t *testing.T, name, ref string) Request {
	t.Helper()
	r, err := ParseRef(ref)
	if err != nil {
		t.Fatal(err)
	}
	return Request{Name: name, Ref: r}
}

func requests(t *testing.T, refs ...string) []Request {
	t.Helper()
	var reqs []Request
	for i, ref := range refs {
		reqs = append(reqs, request(t, fmt.Sprintf("V%d", i), ref))
	}
	return reqs
}

// values are the results as NAME=value.
func values(secrets []Secret) string {
	var list []string
	for _, s := range secrets {
		list = append(list, s.Name+"="+string(s.Value.Reveal()))
	}
	return strings.Join(list, " ")
}

func TestResolve(t *testing.T) {
	doc := `{"a":"x","b64":"aGk=","pad":" y ","n":5,"hex":"6869"}`
	store := newFake(func(_ context.Context, path string, _ int) (Document, error) {
		if path == "absent" {
			return Document{}, fmt.Errorf("no such secret: %w", ErrNotFound)
		}
		if path == "forbidden" {
			return Document{}, fmt.Errorf("policy: %w", ErrDenied)
		}
		return Document{Data: []byte(doc), Version: "v7"}, nil
	})
	for _, c := range []struct {
		why  string
		refs []string
		want string // values, or text of the error after "!"
	}{
		{"in order", []string{"s://d#n", "s://d#a"}, "V0=5 V1=x"},
		{"whole document", []string{"s://d"}, "V0=" + doc},
		{"alias", []string{"s-alias://d#a"}, "V0=x"},
		{"decode", []string{"s://d?decode=base64#b64", "s://d?decode=hex#hex"}, "V0=hi V1=hi"},
		{"trim", []string{"s://d?trim=true#pad", "s://d#pad"}, "V0=y V1= y "},
		{"default only when absent", []string{"s://d?default=z#a", "s://absent?default=z", "s://d?default=z#nope"}, "V0=x V1=z V2=z"},
		{"empty default", []string{"s://absent?default="}, "V0="},
		{"optional is left out", []string{"s://absent?optional=true", "s://d#a", "s://d?optional=true#nope"}, "V1=x"},
		{"optional=false", []string{"s://absent?optional=false"}, "!V0: s://absent?optional=false: no such secret: not found"},
		{"optional does not forgive denial", []string{"s://forbidden?optional=true&default=x"}, "!policy: denied"},
		{"nor a value that cannot be decoded", []string{"s://d?optional=true&decode=hex#a"}, "!not hexadecimal"},
		{"unknown scheme", []string{"sx-alias://d"}, "!did you mean s-alias://?"},
		{"unknown, nothing near", []string{"wonderful://d"}, "!known are s, s-alias"},
		{"none", nil, ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			secrets, err := NewResolver(Env{}, store.kind("s")).Resolve(t.Context(), requests(t, c.refs...))
			want, fails := strings.CutPrefix(c.want, "!")
			switch {
			case fails && (err == nil || !strings.Contains(err.Error(), want) || secrets != nil):
				t.Errorf("got %q, error %v", values(secrets), err)
			case !fails && (err != nil || values(secrets) != want):
				t.Errorf("got %q, error %v", values(secrets), err)
			}
		})
	}
}

// FAULTS 94: every failure is listed, one line each, nothing is returned.
func TestAllFailuresListed(t *testing.T) {
	store := newFake(func(_ context.Context, path string, _ int) (Document, error) {
		if path == "good" {
			return Document{Data: []byte(`{"k":"` + canary + `"}`)}, nil
		}
		return Document{}, fmt.Errorf("%s\n::error::x: %w", path, ErrDenied)
	})
	reqs := requests(t, "s://good#k", "s://one", "s://good#/x/y", "nope://a?default="+canary, "s://two")
	secrets, err := NewResolver(Env{}, store.kind("s")).Resolve(t.Context(), reqs)
	var all *Errors
	if secrets != nil || !errors.As(err, &all) || len(all.List) != 4 {
		t.Fatalf("got %d secrets, error %v", len(secrets), err)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "V1: s://one: one ::error::x: denied") || !strings.HasPrefix(lines[2], "V3: nope://a?default=…: unknown scheme") {
		t.Errorf("lines: %q", lines)
	}
	if !errors.Is(err, ErrDenied) || !errors.Is(err, ErrNotFound) {
		t.Error("the sentinels are lost")
	}
	noCanary(t, "error", fmt.Sprintf("%v %+v %#v", err, err, err))
}

// FAULTS 94, 107: what was read before the failure is wiped.
func TestDocumentsAreWiped(t *testing.T) {
	data := []byte(canary)
	store := newFake(func(_ context.Context, path string, _ int) (Document, error) {
		if path == "bad" {
			return Document{Data: data[:3]}, ErrDenied
		}
		return Document{Data: data}, nil
	})
	for _, refs := range [][]string{{"s://good", "s://bad"}, {"s://good"}} {
		copy(data, canary)
		_, _ = NewResolver(Env{}, store.kind("s")).Resolve(t.Context(), requests(t, refs...))
		if strings.Trim(string(data), "\x00") != "" {
			t.Errorf("%v: the document is still there", refs)
		}
	}
}

// FAULTS 95.
func TestSameDocumentIsReadOnce(t *testing.T) {
	store := newFake(text(`{"a":1,"b":2}`))
	reqs := requests(t, "s://d#a", "s://d#b", "s-alias://d?optional=true#a", "s://d?decode=hex&default=x#zz", "s://d?version=2#a")
	if _, err := NewResolver(Env{}, store.kind("s")).Resolve(t.Context(), reqs); err != nil {
		t.Fatal(err)
	}
	if len(store.reads) != 2 || store.reads["d?"] != 1 || store.reads["d?version=2"] != 1 || store.opened.Load() != 1 {
		t.Errorf("reads %v, opened %d times", store.reads, store.opened.Load())
	}
}

// manyFake answers a batch; the path "slow" is unavailable the first time.
type manyFake struct {
	*fake
	batches [][]string
	short   bool
}

func (f *manyFake) ReadMany(_ context.Context, queries []Query) []Answer {
	var paths []string
	var answers []Answer
	for _, q := range queries {
		paths = append(paths, q.Path)
		a := Answer{Document: Document{Data: []byte(q.Path)}}
		if q.Path == "slow" && len(f.batches) == 0 {
			a = Answer{Err: ErrUnavailable}
		}
		if q.Path == "absent" {
			a = Answer{Err: ErrNotFound}
		}
		answers = append(answers, a)
	}
	f.batches = append(f.batches, paths)
	if f.short {
		return answers[:1]
	}
	return answers
}

func (f *manyFake) kind() Kind {
	return Kind{Scheme: "m", Open: func(context.Context, Env) (Source, error) { return f, nil }}
}

func TestReadMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &manyFake{fake: newFake(text("x"))}
		reqs := requests(t, "m://a", "m://slow", "m://absent?default=d", "m://a?trim=true")
		secrets, err := NewResolver(Env{}, f.kind()).Resolve(t.Context(), reqs)
		if err != nil || values(secrets) != "V0=a V1=slow V2=d V3=a" {
			t.Errorf("got %q, error %v", values(secrets), err)
		}
		if fmt.Sprint(f.batches) != "[[a slow absent] [slow]]" || len(f.reads) != 0 {
			t.Errorf("batches %v, single reads %v", f.batches, f.reads)
		}
	})
}

func TestReadManyOfAnotherLength(t *testing.T) {
	f := &manyFake{fake: newFake(text("x")), short: true}
	_, err := NewResolver(Env{}, f.kind()).Resolve(t.Context(), requests(t, "m://a?optional=true", "m://b"))
	var all *Errors
	if !errors.As(err, &all) || len(all.List) != 2 {
		t.Errorf("got %v", err)
	}
}

// FAULTS 109: trusted and untrusted references do not share a store.
func TestTrust(t *testing.T) {
	var opened []bool
	var mu sync.Mutex
	kind := Kind{Scheme: "s", Open: func(_ context.Context, env Env) (Source, error) {
		mu.Lock()
		defer mu.Unlock()
		opened = append(opened, env.Trusted)
		if !env.Trusted {
			return nil, ErrDenied
		}
		return newFake(text("x")), nil
	}}
	r := NewResolver(Env{Trusted: true}, kind)
	reqs := requests(t, "s://d", "s://d", "s://e")
	reqs[0].Trusted = true
	for range 2 {
		_, err := r.Resolve(t.Context(), reqs)
		var all *Errors
		if !errors.As(err, &all) || len(all.List) != 2 || all.List[0].Name != "V1" {
			t.Errorf("got %v", err)
		}
	}
	if len(opened) != 2 || opened[0] == opened[1] {
		t.Errorf("opened %v", opened)
	}
}

func TestOpenIsTriedAgainOnlyWhenUnavailable(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{{ErrUnavailable, 6}, {ErrDenied, 1}} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			r := NewResolver(Env{}, Kind{Scheme: "s", Open: func(context.Context, Env) (Source, error) { n++; return nil, c.err }})
			for range 2 {
				if _, err := r.Resolve(t.Context(), requests(t, "s://d")); !errors.Is(err, c.err) {
					t.Errorf("got %v", err)
				}
			}
			if n != c.want {
				t.Errorf("%v: opened %d times", c.err, n)
			}
		})
	}
}

func TestOptionalDoesNotForgiveAStoreThatCannotOpen(t *testing.T) {
	kind := Kind{Scheme: "s", Open: func(context.Context, Env) (Source, error) { return nil, fmt.Errorf("key file: %w", ErrNotFound) }}
	_, err := NewResolver(Env{}, kind).Resolve(t.Context(), requests(t, "s://d?optional=true", "s://d?default=x"))
	var all *Errors
	if !errors.As(err, &all) || len(all.List) != 2 || errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestConfigOfStore(t *testing.T) {
	block := map[string]any{"k": "v"}
	for _, c := range []struct {
		why    string
		config map[string]any
		want   string
	}{
		{"by scheme", map[string]any{"s": block, "other": 1}, "v"},
		{"by alias", map[string]any{"s-alias": block}, "v"},
		{"none", nil, "<nil>"},
		{"empty block", map[string]any{"s": nil}, "<nil>"},
		{"not a mapping", map[string]any{"s": canary}, "!"},
	} {
		t.Run(c.why, func(t *testing.T) {
			kind := Kind{Scheme: "s", Aliases: []string{"s-alias"}, Open: func(_ context.Context, env Env) (Source, error) {
				env.Warn(env.Getenv("nil is not handed on"))
				return newFake(text(fmt.Sprint(env.Config["k"]))), nil
			}}
			secrets, err := NewResolver(Env{Config: c.config}, kind).Resolve(t.Context(), requests(t, "s://d"))
			if (err != nil) != (c.want == "!") || err == nil && values(secrets) != "V0="+c.want {
				t.Errorf("got %q, error %v", values(secrets), err)
			}
			noCanary(t, "error", fmt.Sprint(err))
		})
	}
}

func TestFallbackAndClose(t *testing.T) {
	store, third := newFake(text("x")), newFake(text("y"))
	r := NewResolver(Env{}, store.kind("s"))
	r.SetFallback(func(scheme string) (Kind, bool) { return third.kind(scheme), scheme == "corp" })
	secrets, err := r.Resolve(t.Context(), requests(t, "corp://a", "s://a"))
	if err != nil || values(secrets) != "V0=y V1=x" {
		t.Errorf("got %q, error %v", values(secrets), err)
	}
	if _, err := r.Resolve(t.Context(), requests(t, "corpse://a")); err == nil {
		t.Error("a scheme that the fallback does not know")
	}
	if err := r.Close(); err != nil || third.closed.Load() != 1 || store.closed.Load() != 1 {
		t.Errorf("closed %d and %d, error %v", third.closed.Load(), store.closed.Load(), err)
	}
	if got := r.Schemes(); fmt.Sprint(got) != "[s s-alias]" || len(r.Kinds()) != 1 {
		t.Errorf("schemes %v", got)
	}
}

func TestTrimNewline(t *testing.T) {
	kind := newFake(text("{\"a\":\"x\\n\"}\n\n")).kind("s")
	kind.TrimNewline = true
	secrets, err := NewResolver(Env{}, kind).Resolve(t.Context(), requests(t, "s://d", "s://d#a"))
	if err != nil || values(secrets) != "V0={\"a\":\"x\\n\"} V1=x\n" {
		t.Errorf("got %q, error %v", values(secrets), err)
	}
}

// FAULTS 90: what a store let through is bounded here once more.
func TestOversizeDocument(t *testing.T) {
	store := newFake(func(context.Context, string, int) (Document, error) {
		return Document{Data: make([]byte, MaxDocument+1)}, nil
	})
	if _, err := NewResolver(Env{}, store.kind("s")).Resolve(t.Context(), requests(t, "s://d")); !errors.Is(err, ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func TestTwoStoresForOneScheme(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewResolver(Env{}, newFake(nil).kind("s"), Kind{Scheme: "s-alias"})
}
