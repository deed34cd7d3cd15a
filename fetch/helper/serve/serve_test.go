package serve_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper/serve"
)

// A store for tests: a function of the path, and of the Env it was opened with.
type store struct {
	env  fetch.Env
	read func(ctx context.Context, env fetch.Env, path string, params url.Values) (fetch.Document, error)
}

func (s store) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	return s.read(ctx, s.env, path, params)
}

func kind(read func(context.Context, fetch.Env, string, url.Values) (fetch.Document, error)) fetch.Kind {
	return fetch.Kind{Scheme: "x", Aliases: []string{"ex"}, Open: func(_ context.Context, env fetch.Env) (fetch.Source, error) {
		return store{env, read}, nil
	}}
}

// shelf is a store that can be written to, and tells what it was sent.
type shelf struct{ store }

func (shelf) Push(_ context.Context, p fetch.Push) ([]fetch.Change, error) {
	if p.Path == "panic" {
		panic("secret")
	}
	return []fetch.Change{{Name: "A", Do: fetch.Create,
		Note: fmt.Sprint(p.Path, " ", p.Params.Encode(), " ", string(p.Values["A"].Reveal()), " ", p.Remove, " ", p.Plan, " ", p.Prune)}}, nil
}

func writable() fetch.Kind {
	return fetch.Kind{Scheme: "w", Open: func(context.Context, fetch.Env) (fetch.Source, error) { return shelf{}, nil }}
}

// keeper is a store that knows the lease l1.
type keeper struct{ store }

func (keeper) Renew(_ context.Context, l fetch.Lease) (fetch.Lease, error) {
	switch l.ID {
	case "panic":
		panic("secret")
	case "l1":
		return fetch.Lease{ID: l.ID, Duration: 2 * l.Duration, Renewable: true}, nil
	}
	return l, fmt.Errorf("no such lease: %w", fetch.ErrNotFound)
}

func (k keeper) Revoke(ctx context.Context, l fetch.Lease) error {
	_, err := k.Renew(ctx, l)
	return err
}

func leasing() fetch.Kind {
	return fetch.Kind{Scheme: "l", Open: func(context.Context, fetch.Env) (fetch.Source, error) { return keeper{}, nil }}
}

// echo answers with the path, and with errors where the path asks for them.
func echo(_ context.Context, _ fetch.Env, path string, _ url.Values) (fetch.Document, error) {
	switch path {
	case "missing":
		return fetch.Document{}, fmt.Errorf("dir x: %w", fetch.ErrNotFound)
	case "panic":
		panic("secret")
	case "huge":
		return fetch.Document{Data: make([]byte, 1<<20+1)}, nil
	case "lease":
		return fetch.Document{Data: []byte("\xff"), Format: fetch.YAML, Version: "2", Expires: time.Unix(1e9, 0).UTC(),
			Lease: &fetch.Lease{ID: "l", Duration: time.Hour, Renewable: true}}, nil
	}
	return fetch.Document{Data: []byte(path)}, nil
}

const hello = `{"type":"hello","protocol":1,"maskrun":"test","identity":true}` + "\n"

// talk serves input, and gives what was answered, sorted, without the hello.
func talk(t *testing.T, input string, kinds ...fetch.Kind) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var out strings.Builder
	err := serve.Serve(ctx, strings.NewReader(input), &out, kinds, serve.Options{Name: "test"})
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if strings.HasPrefix(lines[0], `{"type":"hello"`) {
		lines = lines[1:]
	}
	return slices.Sorted(slices.Values(lines)), err
}

func TestServe(t *testing.T) {
	for _, c := range []struct{ why, input, want string }{
		{"nothing", "", ""},
		{"a document", `{"type":"read","id":1,"scheme":"x","path":"ab"}`, `{"type":"document","id":1,"data":"YWI="}`},
		{"an alias", `{"type":"read","id":1,"scheme":"ex","path":"ab"}`, `{"type":"document","id":1,"data":"YWI="}`},
		{"an empty document", `{"type":"read","id":1,"scheme":"x","path":""}`, `{"type":"document","id":1,"data":""}`},
		{"all that a document has", `{"type":"read","id":1,"scheme":"x","path":"lease"}`,
			`{"type":"document","id":1,"data":"/w==","format":"yaml","version":"2","expires":"2001-09-09T01:46:40Z","lease":{"id":"l","seconds":3600,"renewable":true}}`},
		{"an error", `{"type":"read","id":1,"scheme":"x","path":"missing"}`, `{"type":"error","id":1,"kind":"not_found","message":"dir x: not found"}`},
		{"a store that cannot be written to", `{"type":"push","id":1,"scheme":"x","path":"ab","values":{"A":"YWI="}}`, `{"type":"error","id":1,"kind":"invalid","message":"the store x cannot be written to"}`},
		{"a push", `{"type":"push","id":1,"scheme":"w","path":"ab","params":{"p":["1"]},"values":{"A":"YWI="},"remove":["B"],"plan":true,"prune":true}`,
			`{"type":"document","id":1,"data":"` + base64.StdEncoding.EncodeToString([]byte(`[{"name":"A","do":"create","note":"ab p=1 ab [B] true true"}]`)) + `","format":"json"}`},
		{"a push that panics", `{"type":"push","id":1,"scheme":"w","path":"panic"}`, `{"type":"error","id":1,"kind":"invalid","message":"the store w failed (panic)"}`},
		{"a panic shows no value", `{"type":"read","id":1,"scheme":"x","path":"panic"}`, `{"type":"error","id":1,"kind":"invalid","message":"the store x failed (panic)"}`},
		{"too large", `{"type":"read","id":1,"scheme":"x","path":"huge"}`, `{"type":"error","id":1,"kind":"invalid","message":"the document is over 1048576 bytes"}`},
		{"another scheme", `{"type":"read","id":1,"scheme":"z","path":"a"}`, `{"type":"error","id":1,"kind":"invalid","message":"no store for z:// here","store":true}`},
		{"a root that is not there", `{"type":"read","id":1,"scheme":"x","path":"a","root":"/no/such"}`, `{"type":"error","id":1,"kind":"invalid","message":"the root directory /no/such: cannot be opened","store":true}`},
		{"a lease is prolonged", `{"type":"renew","id":1,"scheme":"l","lease":{"id":"l1","seconds":60}}`, `{"type":"document","id":1,"data":"","lease":{"id":"l1","seconds":120,"renewable":true}}`},
		{"a lease is given back", `{"type":"revoke","id":1,"scheme":"l","lease":{"id":"l1","seconds":60}}`, `{"type":"document","id":1,"data":""}`},
		{"a lease of another store", `{"type":"renew","id":1,"scheme":"l","lease":{"id":"l2","seconds":60}}`, `{"type":"error","id":1,"kind":"not_found","message":"no such lease: not found"}`},
		{"a store without leases", `{"type":"revoke","id":1,"scheme":"x","lease":{"id":"l1","seconds":60}}`, `{"type":"error","id":1,"kind":"invalid","message":"the store x issues no leases"}`},
		{"a renewal of nothing", `{"type":"renew","id":1,"scheme":"l"}`, `{"type":"error","id":1,"kind":"invalid","message":"renew without a lease"}`},
		{"a lease that cannot be", `{"type":"renew","id":1,"scheme":"l","lease":{"id":"l1","seconds":-1}}`, `{"type":"error","id":1,"kind":"invalid","message":"renew without a lease"}`},
		{"a renewal that panics", `{"type":"renew","id":1,"scheme":"l","lease":{"id":"panic","seconds":1}}`, `{"type":"error","id":1,"kind":"invalid","message":"the store l failed (panic)"}`},
		{"a type of the future", `{"type":"foresee","id":1}`, ""},
		{"an answer to no question", `{"type":"identity","id":1,"token":"x"}`, ""},
		{"cancel of no request", `{"type":"cancel","id":1}`, ""},
		{"two", `{"type":"read","id":1,"scheme":"x","path":"a"}` + "\n\n" + `{"type":"read","id":2,"scheme":"x","path":"b"}`,
			`{"type":"document","id":1,"data":"YQ=="}` + "\n" + `{"type":"document","id":2,"data":"Yg=="}`},
		{"a batch that the end cuts short", `{"type":"read","id":1,"scheme":"x","path":"a","more":true}`, `{"type":"document","id":1,"data":"YQ=="}`},
		{"a batch over two stores", `{"type":"read","id":1,"scheme":"x","path":"a","more":true}` + "\n" + `{"type":"read","id":2,"scheme":"x","path":"b","trusted":true}`,
			`{"type":"error","id":1,"kind":"invalid","message":"requests joined by more are for different stores"}` + "\n" +
				`{"type":"error","id":2,"kind":"invalid","message":"requests joined by more are for different stores"}`},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := talk(t, hello+c.input+"\n", kind(echo), writable(), leasing())
			if err != nil || strings.Join(got, "\n") != c.want {
				t.Errorf("error %v, got\n%s\nwant\n%s", err, strings.Join(got, "\n"), c.want)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct{ why, input, want string }{
		{"no hello", `{"type":"read","id":1}` + "\n", "not a hello"},
		{"not json", "GET / HTTP/1.1\n", "not a hello"},
		{"an older maskrun", `{"type":"hello"}` + "\n", "install matching versions"},
		{"not json later", hello + "x\n", "line 2 of the input is not a json object"},
		{"cut short", hello + `{"type":"read"`, "line 1 of the input ends without a newline"},
		{"too long", hello + strings.Repeat("x", 3<<20), "line 2 of the input is over 2097152 bytes"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := talk(t, c.input, kind(echo))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if len(got) != 1 || !strings.Contains(got[0], `"kind":"invalid"`) || strings.Contains(got[0], `"id"`) {
				t.Errorf("maskrun is told %q", got)
			}
		})
	}
}

// A conversation is Serve on pipes, for tests that must wait for one another.
type conversation struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	done chan error
}

func converse(t *testing.T, kinds ...fetch.Kind) *conversation {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &conversation{t, inW, bufio.NewReader(outR), make(chan error, 1)}
	go func() { c.done <- serve.Serve(t.Context(), inR, outW, kinds, serve.Options{}); _ = outW.Close() }()
	c.say(strings.TrimSpace(hello))
	c.hear()
	return c
}

func (c *conversation) say(line string) { _, _ = io.WriteString(c.in, line+"\n") }

func (c *conversation) hear() map[string]any {
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *conversation) end() {
	_ = c.in.Close()
	if err := <-c.done; err != nil {
		c.t.Error(err)
	}
}

func TestCancel(t *testing.T) {
	// The quick one waits for the slow one to begin: a read that is cancelled while
	// it waits for its turn says something else.
	begun := make(chan struct{})
	c := converse(t, kind(func(ctx context.Context, _ fetch.Env, path string, _ url.Values) (fetch.Document, error) {
		if path == "quick" {
			<-begun
			return fetch.Document{}, nil
		}
		close(begun)
		<-ctx.Done()
		return fetch.Document{}, ctx.Err()
	}))
	c.say(`{"type":"read","id":1,"scheme":"x","path":"slow"}`)
	c.say(`{"type":"read","id":2,"scheme":"x","path":"quick"}`)
	if m := c.hear(); m["id"] != 2.0 {
		t.Errorf("first answer %v", m)
	}
	c.say(`{"type":"cancel","id":1}`)
	if m := c.hear(); m["id"] != 1.0 || m["message"] != "context canceled" {
		t.Errorf("then %v", m)
	}
	c.end()
}

func TestIdentityAndWarnings(t *testing.T) {
	c := converse(t, kind(func(ctx context.Context, env fetch.Env, path string, _ url.Values) (fetch.Document, error) {
		env.Warn("mind\nthis")
		token, err := env.Identity(ctx, path)
		return fetch.Document{Data: []byte(token)}, err
	}))
	for _, reply := range []struct{ fields, want string }{{`"token":"abc"`, `YWJj`}, {`"message":"none"`, `no identity: none`}} {
		c.say(`{"type":"read","id":1,"scheme":"x","path":"sts"}`)
		if m := c.hear(); m["type"] != "warning" || m["message"] != `mind\nthis` {
			t.Errorf("heard %v", m)
		}
		m := c.hear()
		if m["type"] != "identity" || m["audience"] != "sts" {
			t.Errorf("heard %v", m)
		}
		c.say(fmt.Sprintf(`{"type":"identity","id":%v,%s}`, m["id"], reply.fields))
		if m := c.hear(); m["data"] != reply.want && m["message"] != reply.want {
			t.Errorf("heard %v, want %s", m, reply.want)
		}
	}
	c.end()
}

// A store is opened once for each configuration, root and trust; at most 8 reads of it run at once. FAULTS 95.
func TestOpensOnceReadsEight(t *testing.T) {
	var opened, most atomic.Int64
	var now [6]atomic.Int64 // by store
	k := kind(func(_ context.Context, env fetch.Env, path string, _ url.Values) (fetch.Document, error) {
		which, _ := strconv.Atoi(env.Config["region"].(string))
		if env.Trusted {
			which += 3
		}
		for n := now[which].Add(1); n > most.Load(); {
			most.Store(n)
		}
		time.Sleep(5 * time.Millisecond)
		now[which].Add(-1)
		return fetch.Document{}, nil
	})
	inner := k.Open
	k.Open = func(ctx context.Context, env fetch.Env) (fetch.Source, error) { opened.Add(1); return inner(ctx, env) }
	var in strings.Builder
	in.WriteString(hello)
	for i := range 120 {
		fmt.Fprintf(&in, `{"type":"read","id":%d,"scheme":"x","path":"a","trusted":%t,"config":{"region":"%d"}}`+"\n", i+1, i%2 == 0, i%3)
	}
	got, err := talk(t, in.String(), k)
	if err != nil || len(got) != 120 {
		t.Errorf("%d answers, error %v", len(got), err)
	}
	if opened.Load() != 6 || most.Load() > 8 {
		t.Errorf("opened %d times, %d reads at once", opened.Load(), most.Load())
	}
}

type manyStore struct {
	store
	mu    *sync.Mutex
	sizes *[]int
}

func (m manyStore) ReadMany(ctx context.Context, queries []fetch.Query) []fetch.Answer {
	m.mu.Lock()
	*m.sizes = append(*m.sizes, len(queries))
	m.mu.Unlock()
	if queries[0].Path == "wrong" {
		return nil
	}
	var answers []fetch.Answer
	for _, q := range queries {
		doc, err := m.Read(ctx, q.Path, q.Params)
		answers = append(answers, fetch.Answer{Document: doc, Err: err})
	}
	return answers
}

func TestBatch(t *testing.T) {
	var mu sync.Mutex
	var sizes []int
	k := fetch.Kind{Scheme: "x", Open: func(_ context.Context, env fetch.Env) (fetch.Source, error) {
		return manyStore{store{env, echo}, &mu, &sizes}, nil
	}}
	var in strings.Builder
	in.WriteString(hello)
	for i, path := range []string{"a", "missing", "c", "wrong", "d"} {
		fmt.Fprintf(&in, `{"type":"read","id":%d,"scheme":"x","path":%q,"more":%t}`+"\n", i+1, path, path != "c" && path != "d")
	}
	got, err := talk(t, in.String(), k)
	want := []string{
		`{"type":"document","id":1,"data":"YQ=="}`,
		`{"type":"document","id":3,"data":"Yw=="}`,
		`{"type":"error","id":2,"kind":"not_found","message":"dir x: not found"}`,
		`{"type":"error","id":4,"kind":"invalid","message":"the store x answered 0 of 2 queries"}`,
		`{"type":"error","id":5,"kind":"invalid","message":"the store x answered 0 of 2 queries"}`,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("error %v, got\n%s", err, strings.Join(got, "\n"))
	}
	if slices.Sort(sizes); !slices.Equal(sizes, []int{2, 3}) {
		t.Errorf("the store was asked for %v documents", sizes)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestOutputGone(t *testing.T) {
	in, _ := io.Pipe()
	r := io.MultiReader(strings.NewReader(hello), in)
	err := serve.Serve(t.Context(), r, brokenWriter{}, []fetch.Kind{kind(echo)}, serve.Options{})
	if err == nil || err.Error() != "cannot write an answer" {
		t.Errorf("error %v", err)
	}
}

func TestContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, _ := io.Pipe()
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := serve.Serve(ctx, in, io.Discard, nil, serve.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
