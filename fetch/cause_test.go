package fetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// FAULTS 94: every failure is told, and each cause once.
func TestCausesAreToldOnce(t *testing.T) {
	at := func(line int) Place { return Place{"m.yaml", fmt.Sprintf(":%d:3", line)} }
	ask := func(place Place, name, ref string) Request {
		r, err := ParseRef(ref)
		if err != nil {
			t.Fatal(err)
		}
		return Request{Place: place, Name: name, Ref: r}
	}
	closed := Kind{Scheme: "closed", Open: func(context.Context, Env) (Source, error) { return nil, errors.New("ADDR is not set") }}
	shut := closed
	shut.Scheme = "shut"
	helper := func(scheme string) Kind {
		return Kind{Scheme: scheme, Open: func(context.Context, Env) (Source, error) {
			return nil, &StoreError{Of: "helper h", Err: errors.New("helper h: not found")}
		}}
	}
	store := newFake(func(_ context.Context, path string, _ int) (Document, error) {
		switch path {
		case "d":
			return Document{Data: []byte(`{"k":"` + canary + `","j":"no hex"}`)}, nil
		case "refused":
			return Document{}, fmt.Errorf("policy: %w", ErrDenied)
		case "login", "login2":
			return Document{}, StoreWide(fmt.Errorf("login: %w", ErrDenied))
		case "bare":
			return Document{}, fmt.Errorf("%w: %w", ErrNoIdentity, ErrDenied)
		}
		return Document{}, fmt.Errorf("no such secret: %w", ErrNotFound)
	})
	const missing = ": no such secret: not found: check the reference, or make it optional"
	for _, c := range []struct {
		why  string
		reqs []Request
		want []string
	}{
		{"one alone keeps its reference, whatever failed", []Request{ask(at(3), "A", "closed://x#a")},
			[]string{"m.yaml:3:3: A: closed://x#a: ADDR is not set"}},
		{"a store that cannot be opened, for any document", []Request{ask(at(3), "A", "closed://x#a"), ask(at(4), "B", "closed://y"), ask(at(5), "C", "closed://x#c")},
			[]string{"m.yaml:3:3: A, B, C: closed://: ADDR is not set"}},
		{"two stores lack the same by themselves", []Request{ask(at(3), "A", "closed://x"), ask(at(4), "B", "shut://x")},
			[]string{"m.yaml:3:3: A: closed://x: ADDR is not set", "m.yaml:4:3: B: shut://x: ADDR is not set"}},
		{"what serves several stores is missing once", []Request{ask(at(3), "A", "h1://x#a"), ask(at(4), "B", "h2://y")},
			[]string{"m.yaml:3:3: A, B: h1://, h2://: helper h: not found"}},
		{"a login that a read makes", []Request{ask(at(3), "A", "s://login#a"), ask(at(4), "B", "s://login2#a")},
			[]string{"m.yaml:3:3: A, B: s://: login: denied"}},
		{"several fields of one document that is missing", []Request{ask(at(3), "A", "s://no?trim=true#a"), ask(at(4), "B", "s://no?decode=hex#b")},
			[]string{"m.yaml:3:3: A, B: s://no" + missing}},
		{"one field, twice: it is no less than the whole reference", []Request{ask(at(3), "A", "s://no#a"), ask(at(4), "B", "s://no#a")},
			[]string{"m.yaml:3:3: A, B: s://no#a" + missing}},
		{"two documents are two causes, in the same words", []Request{ask(at(3), "A", "s://no"), ask(at(4), "B", "s://none"), ask(at(5), "C", "s://no")},
			[]string{"m.yaml:3:3: A, C: s://no" + missing, "m.yaml:4:3: B: s://none" + missing}},
		{"two versions of one document, too", []Request{ask(at(3), "A", "s://no?version=1"), ask(at(4), "B", "s://no?version=2")},
			[]string{"m.yaml:3:3: A: s://no?version=1" + missing, "m.yaml:4:3: B: s://no?version=2" + missing}},
		{"documents whose difference is not shown", []Request{ask(at(3), "A", "exec://cat a"), ask(at(4), "B", "exec://cat b")},
			[]string{"m.yaml:3:3: A: exec://cat …" + missing, "m.yaml:4:3: B: exec://cat …" + missing}},
		{"a policy may forbid one document and not another", []Request{ask(at(3), "A", "s://refused#a"), ask(at(4), "B", "s://refused?x=1#b")},
			[]string{"m.yaml:3:3: A: s://refused#a: policy: denied", "m.yaml:4:3: B: s://refused?x=…#b: policy: denied"}},
		{"fields of a document that is there fail by themselves", []Request{ask(at(3), "A", "s://d?decode=hex#k"), ask(at(4), "B", "s://d?decode=base64&trim=true#k"), ask(at(5), "C", "s://d#x"), ask(at(6), "D", "s://d#y")},
			[]string{"m.yaml:3:3: A: s://d?decode=hex#k: ", "m.yaml:4:3: B: s://d?decode=base64&trim=true#k: ", "m.yaml:5:3: C: s://d#x: the document has no field /x", "m.yaml:6:3: D: s://d#y: the document has no field /y"}},
		{"in the same words, too", []Request{ask(at(3), "A", "s://d?decode=hex#k"), ask(at(4), "B", "s://d?decode=hex#j")},
			[]string{"m.yaml:3:3: A: s://d?decode=hex#k: decode=hex: the value is not hexadecimal", "m.yaml:4:3: B: s://d?decode=hex#j: decode=hex: the value is not hexadecimal"}},
		{"every place that asked is named", []Request{ask(at(3), "A", "closed://x"), ask(Place{File: "environment"}, "B", "closed://x"), ask(at(5), "C", "closed://y")},
			[]string{"m.yaml:3:3: A, C; environment: B: closed://: ADDR is not set"}},
		{"a path of another file may be another document", []Request{ask(at(3), "A", "s://no"), ask(Place{"x/.env", ":1"}, "B", "s://no")},
			[]string{"m.yaml:3:3: A: s://no" + missing, "x/.env:1: B: s://no" + missing}},
		{"the order is that of the first", []Request{ask(at(3), "A", "s://no"), ask(at(4), "B", "closed://x"), ask(at(5), "C", "s://no#c"), ask(at(6), "D", "closed://y")},
			[]string{"m.yaml:3:3: A, C: s://no" + missing, "m.yaml:4:3: B, D: closed://: ADDR is not set"}},
		{"a store that nobody has", []Request{ask(at(3), "A", "wonderful://x"), ask(at(4), "B", "wonderful://y")},
			[]string{"m.yaml:3:3: A, B: wonderful://: unknown scheme: known are "}},
		{"no identity", []Request{ask(at(3), "A", "s://bare"), ask(at(4), "B", "s://bare?v=2")},
			[]string{"m.yaml:3:3: A, B: s://: this job has no identity token"}},
		{"without names or places", []Request{ask(Place{}, "", "closed://x"), ask(Place{}, "", "closed://y")},
			[]string{"closed://: ADDR is not set"}},
	} {
		t.Run(c.why, func(t *testing.T) {
			run := store.kind("s")
			run.Scheme, run.Aliases = "exec", nil
			_, err := NewResolver(Env{}, store.kind("s"), run, closed, shut, helper("h1"), helper("h2")).Resolve(t.Context(), c.reqs)
			var all *Errors
			if !errors.As(err, &all) || len(all.List) != len(c.reqs) {
				t.Fatalf("the list does not have each: %v", err)
			}
			lines := strings.Split(err.Error(), "\n")
			if !slices.EqualFunc(lines, c.want, strings.HasPrefix) {
				t.Errorf("got\n%s\nwant\n%s", err, strings.Join(c.want, "\n"))
			}
			noCanary(t, "error", err.Error())
		})
	}
}

// FAULTS 94: of a hundred variables a line names as many as a person reads, and counts the rest.
func TestManyVariables(t *testing.T) {
	for _, c := range []struct {
		why  string
		n    int
		want string
	}{
		{"as many as are shown", 20, ", V18, V19: s://: "},
		{"one more", 21, ", V18 and 2 more: s://: "},
		{"a hundred", 100, ", V17, V18 and 81 more: s://: "},
	} {
		all := &Errors{}
		for i := range c.n {
			all.List = append(all.List, &Error{Name: fmt.Sprint("V", i), Ref: Ref{Scheme: "s", Path: fmt.Sprint(i)}, Err: StoreWide(errors.New("shut"))})
		}
		if got := all.Error(); !strings.HasPrefix(got, "V0, V1, ") || !strings.Contains(got, c.want+"shut") || strings.Contains(got, "\n") {
			t.Errorf("%s: %s", c.why, got)
		}
	}
}

// A store says that it failed as a whole, whatever it wraps, and the rest of the error is as it was.
func TestStoreWide(t *testing.T) {
	if StoreWide(nil) != nil || IsStoreWide(nil) {
		t.Error("nil is a failure")
	}
	of := &StoreError{Of: "helper h", Err: ErrDenied}
	var got *StoreError
	if err := StoreWide(fmt.Errorf("x: %w", of)); !errors.As(err, &got) || got != of {
		t.Errorf("whose failure it is has been lost: %v", err)
	}
	for _, c := range []struct {
		why  string
		err  error
		want bool
	}{
		{"marked", fmt.Errorf("x: %w", StoreWide(ErrNotFound)), true},
		{"one that says so itself", fmt.Errorf("x: %w", ErrUnavailable), true},
		{"the time is over for all", context.DeadlineExceeded, true},
		{"a passphrase is asked for once", &PassphraseError{Variable: "P"}, true},
		{"this document, or its policy", ErrDenied, false},
		{"this document", ErrNotFound, false},
		{"anything else", errors.New("x"), false},
	} {
		if IsStoreWide(c.err) != c.want {
			t.Errorf("%s: %v", c.why, c.err)
		}
	}
	if err := StoreWide(ErrDenied); !errors.Is(err, ErrDenied) || err.Error() != "denied" {
		t.Errorf("got %v", err)
	}
}
