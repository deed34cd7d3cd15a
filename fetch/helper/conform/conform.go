// Package conform tries a helper, a program that serves NAME:// over the store
// protocol, and says what of docs/store-protocol.md it does not keep. It is what
// `maskrun store-test` runs.
package conform

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper"
)

// Options say which helper is tried, and on what.
type Options struct {
	Helper helper.Options // its Stderr is replaced
	Scheme string
	Env    fetch.Env // as for the store: Root, Config, Identity

	// Path names a document that exists; empty leaves out all that needs one. Params go with it.
	Path   string
	Params url.Values
	// Missing names none; empty means a name that nobody has given.
	Missing string
}

// A Result is what one check found.
type Result struct {
	Check   string
	Problem string // empty when there is none; no value is in it
	Skipped bool   // the check needs something that was not given; Problem says what
}

// A trial is a run of all checks.
type trial struct {
	o     Options
	path  string // of the program
	value []byte // of the document at Path

	mu     sync.Mutex
	stderr strings.Builder
	errs   []error // of all reads that failed
}

// checks is the table, in order. The first two must hold for the others to have a sense.
var checks = []struct {
	name  string
	vital bool
	run   func(t *trial, ctx context.Context) error
}{
	{"is an executable beside maskrun or on PATH", true, (*trial).find},
	{"says hello within 10 s, speaks protocol 1 and serves the scheme", true, (*trial).hello},
	{"ends with status 0 when its input ends, also before it was asked for anything", false, (*trial).ends},
	{"reads a document that exists, twice alike", false, (*trial).reads},
	{"answers not_found for one that does not", false, (*trial).missing},
	{"gives no document for a path that leaves where it looks", false, (*trial).hostile},
	{"refuses a parameter that it does not know", false, (*trial).parameter},
	{"answers many reads that come at once, good and bad mixed", false, (*trial).many},
	{"passes over messages of the future and a cancel", false, (*trial).future},
	{"leaves nothing of the value in messages and on stderr", false, (*trial).quiet},
}

// errSkip begins an error of a check that was left out.
var errSkip = errors.New("left out")

// Run makes every check and gives a result for each, in order. It starts the
// helper several times and ends it each time.
func Run(ctx context.Context, o Options) []Result {
	t := &trial{o: o}
	if t.o.Missing == "" {
		t.o.Missing = "maskrun-store-test-no-such-name"
	}
	if t.o.Env.Warn == nil {
		t.o.Env.Warn = func(string) {}
	}
	t.o.Helper.Stderr = t.hear
	var results []Result
	for i, c := range checks {
		err := c.run(t, ctx)
		r := Result{Check: c.name, Skipped: errors.Is(err, errSkip)}
		if err != nil {
			r.Problem = strings.TrimPrefix(err.Error(), errSkip.Error()+": ")
		}
		results = append(results, r)
		if err != nil && c.vital {
			for _, rest := range checks[i+1:] {
				results = append(results, Result{Check: rest.name, Problem: "needs the above", Skipped: true})
			}
			break
		}
	}
	return results
}

func (t *trial) hear(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stderr.WriteString(line + "\n")
}

// with starts the helper, opens its store, runs f, and ends it.
func (t *trial) with(ctx context.Context, f func(src fetch.ManyReader) error) error {
	c := helper.New(ctx, t.o.Helper)
	src, err := c.Kind(t.o.Scheme).Open(ctx, t.o.Env)
	if err != nil {
		_ = c.Close()
		return err
	}
	many, ok := src.(fetch.ManyReader)
	if !ok {
		_ = c.Close()
		return errors.New("reads one by one") // no helper of package helper does
	}
	err = f(many)
	return errors.Join(err, c.Close())
}

// read reads one path, and keeps its error for quiet.
func (t *trial) read(ctx context.Context, src fetch.Source, path string, params url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetch.DefaultTry)
	defer cancel()
	doc, err := src.Read(ctx, path, params)
	if err != nil {
		t.mu.Lock()
		t.errs = append(t.errs, err)
		t.mu.Unlock()
	}
	return doc.Data, err
}

func (t *trial) find(context.Context) (err error) {
	t.path, err = helper.Find(t.o.Helper)
	return err
}

func (t *trial) hello(ctx context.Context) error {
	return t.with(ctx, func(fetch.ManyReader) error { return nil })
}

func (t *trial) reads(ctx context.Context) error {
	if t.o.Path == "" {
		return fmt.Errorf("%w: no path was given", errSkip)
	}
	return t.with(ctx, func(src fetch.ManyReader) error {
		for range 2 {
			value, err := t.read(ctx, src, t.o.Path, t.o.Params)
			if err != nil {
				return err
			}
			if t.value != nil && !bytes.Equal(value, t.value) {
				return errors.New("the second answer is another one")
			}
			t.value = value
		}
		return nil
	})
}

func (t *trial) missing(ctx context.Context) error {
	return t.with(ctx, func(src fetch.ManyReader) error {
		_, err := t.read(ctx, src, t.o.Missing, t.o.Params)
		switch {
		case err == nil:
			return fmt.Errorf("there is a document at %q", t.o.Missing)
		case !errors.Is(err, fetch.ErrNotFound):
			return fmt.Errorf("the error is of another kind: %w", err)
		}
		return nil
	})
}

// hostilePaths are refused before a helper sees them, mostly: it must not rely on that. FAULTS 91.
var hostilePaths = []string{"../x", "a/../../x", "../../../../../../etc/passwd", "..", ".", "/etc/passwd", `..\x`, "a\x00b", "%2e%2e/x", "", "$(id)", "`id`", "a\"b", "a\nb"}

func (t *trial) hostile(ctx context.Context) error {
	return t.with(ctx, func(src fetch.ManyReader) error {
		var gave []string
		for _, path := range hostilePaths {
			if _, err := t.read(ctx, src, path, nil); err == nil {
				gave = append(gave, fmt.Sprintf("%q", path))
			}
		}
		if len(gave) > 0 {
			return fmt.Errorf("it gives one for %s", strings.Join(gave, ", "))
		}
		_, err := t.read(ctx, src, t.o.Missing, t.o.Params) // it is still there, and sane
		if !errors.Is(err, fetch.ErrNotFound) {
			return fmt.Errorf("afterwards: %v", err)
		}
		return nil
	})
}

func (t *trial) parameter(ctx context.Context) error {
	if t.value == nil {
		return fmt.Errorf("%w: no document could be read", errSkip)
	}
	return t.with(ctx, func(src fetch.ManyReader) error {
		params := url.Values{"no-such-parameter": {"1"}}
		for k, v := range t.o.Params {
			params[k] = v
		}
		if _, err := t.read(ctx, src, t.o.Path, params); err == nil {
			return errors.New("it passes over it: a typing error would go unseen")
		}
		return nil
	})
}

// atOnce is more than are read at the same time elsewhere.
const atOnce = 32

func (t *trial) many(ctx context.Context) error {
	good, want := t.o.Path, t.value
	if want == nil {
		good = t.o.Missing
	}
	return t.with(ctx, func(src fetch.ManyReader) error {
		ctx, cancel := context.WithTimeout(ctx, fetch.DefaultTotal)
		defer cancel()
		var queries []fetch.Query
		for i := range atOnce {
			path := good
			if i%4 == 3 {
				path = t.o.Missing
			}
			queries = append(queries, fetch.Query{Path: path, Params: t.o.Params})
		}
		for i, a := range src.ReadMany(ctx, queries) {
			switch isGood := queries[i].Path == t.o.Path && want != nil; {
			case isGood && a.Err != nil:
				return fmt.Errorf("one of %d fails: %w", atOnce, a.Err)
			case isGood && !bytes.Equal(a.Document.Data, want):
				return errors.New("an answer is another request's")
			case !isGood && a.Err == nil:
				return errors.New("a document that does not exist was answered")
			}
		}
		return nil
	})
}

// quiet looks for the value in all that was said. Short values prove nothing.
func (t *trial) quiet(context.Context) error {
	if len(t.value) < 8 {
		return fmt.Errorf("%w: no document of 8 bytes or more could be read", errSkip)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	value := strings.TrimSpace(string(t.value))
	for _, form := range []string{value, base64.StdEncoding.EncodeToString(t.value)} {
		if strings.Contains(t.stderr.String(), form) {
			return errors.New("it is on stderr")
		}
		for _, err := range t.errs {
			if strings.Contains(err.Error(), form) {
				return errors.New("it is in a message")
			}
		}
	}
	return nil
}

// wait is what a helper has to end.
const wait = 2 * time.Second
