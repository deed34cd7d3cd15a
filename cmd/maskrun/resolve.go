package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/heavy/names"
	"github.com/maskrun/maskrun/fetch/helper"
	"github.com/maskrun/maskrun/fetch/light"
	"github.com/maskrun/maskrun/internal/config"
	"github.com/maskrun/maskrun/internal/httpx"
	"github.com/maskrun/maskrun/internal/identity"
	"github.com/maskrun/maskrun/internal/nearest"
)

// A shop is every store there is, the helpers' too; nothing is open until a
// secret of it is resolved.
type shop struct {
	kinds   []fetch.Kind
	environ []string
	stores  *helper.Client // maskrun-stores
	ctx     context.Context

	http     *http.Client
	identity identity.Func // nil where the job has none

	mu     sync.Mutex
	others map[string]*helper.Client // by scheme: maskrun-store-NAME
	notes  []string                  // warnings of stores, in order
	heard  int                       // lines that helpers wrote to stderr
}

// openShop makes the table of stores. When ctx ends the helpers are killed.
func (p *program) openShop(ctx context.Context) *shop {
	s := &shop{environ: p.environ, ctx: ctx, others: map[string]*helper.Client{}}
	s.stores = helper.New(ctx, s.helperOptions(helper.Stores))
	s.kinds = slices.Concat(light.Kinds(), s.stores.Bind(names.Kinds()...))
	s.http, _ = httpx.New(&httpx.Options{Getenv: p.getenv}) // fails for certificates alone, and none is given
	s.identity = p.noting(identity.New(&identity.Options{
		Environ: p.environ, HTTP: s.http, ReadFile: fetch.Env{Getenv: p.getenv, Trusted: true}.ReadFile,
	}))
	return s
}

// noting remembers that a store was given a token of the job's identity: what makes
// such tokens is then a credential that opened a store.
func (p *program) noting(give identity.Func) identity.Func {
	if give == nil {
		return nil
	}
	return func(ctx context.Context, audience string) (string, error) {
		token, err := give(ctx, audience)
		if err == nil {
			p.identified.Store(true)
		}
		return token, err
	}
}

// helperOptions looks for a helper beside us, then on PATH.
func (s *shop) helperOptions(name string) helper.Options {
	o := helper.Options{Name: name, Environ: s.environ, Version: version(), Stderr: s.hear}
	if exe, err := os.Executable(); err == nil {
		o.Dir = filepath.Dir(exe)
	}
	return o
}

// hear counts what a helper writes to stderr and keeps none of it: it could
// hold a value that we never get to know, and could not hide.
func (s *shop) hear(string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard++
}

func (s *shop) warn(msg string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.notes, msg) {
		s.notes = append(s.notes, msg)
	}
}

// thirdParty finds maskrun-store-NAME for a scheme that no store of ours has.
func (s *shop) thirdParty(scheme string) (fetch.Kind, bool) {
	name, ok := helper.ThirdParty(scheme)
	if !ok {
		return fetch.Kind{}, false
	}
	o := s.helperOptions(name)
	if _, err := helper.Find(o); err != nil {
		return fetch.Kind{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.others[scheme] == nil {
		s.others[scheme] = helper.New(s.ctx, o)
	}
	return s.others[scheme].Kind(scheme), true
}

// helperOf names the helper that serves a scheme; "" when none is needed.
func (s *shop) helperOf(scheme string) string {
	if slices.ContainsFunc(names.Kinds(), func(k fetch.Kind) bool { return k.Scheme == scheme }) {
		return helper.Stores
	}
	if !slices.Contains(s.schemes(), scheme) {
		name, _ := helper.ThirdParty(scheme)
		return name
	}
	return ""
}

// schemes are those of our own stores: what a variable's value is compared with.
func (s *shop) schemes() []string {
	var out []string
	for _, k := range s.kinds {
		out = append(append(out, k.Scheme), k.Aliases...)
	}
	return out
}

// check moves references to stores that do not exist from the list to what is
// bad, and so blocks of stores: for such. Of the reference only the scheme is
// told: what looks like one may be an address with a password.
func (s *shop) check(w wish) wish {
	r := s.resolver(fetch.Env{})
	known := make([]wanted, 0, len(w.list))
	unknown := &fetch.Errors{}
	for _, v := range w.list {
		if _, ok := r.Lookup(v.ref.Scheme); ok || v.literal != nil {
			known = append(known, v)
			continue
		}
		unknown.List = append(unknown.List, &fetch.Error{Place: v.from, Name: v.name, Err: fetch.StoreWide(errors.New(s.unknown(v.ref.Scheme)))})
	}
	w.list = known
	if len(unknown.List) > 0 {
		w.bad = append(w.bad, unknown)
	}
	for _, name := range slices.Sorted(maps.Keys(w.cfg.Stores)) {
		if _, ok := r.Lookup(name); !ok {
			w.bad = append(w.bad, fmt.Errorf("%s: stores.%s: %s", w.cfg.Path, name, s.unknown(name)))
		}
	}
	return w
}

func (s *shop) unknown(scheme string) string {
	hint := fmt.Sprintf("this version has %s; others need maskrun-store-%s on PATH", strings.Join(s.schemes(), ", "), scheme)
	if near := nearest.Of(scheme, s.schemes()); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Sprintf("unknown scheme %q: %s", scheme, hint)
}

func (s *shop) resolver(env fetch.Env) *fetch.Resolver {
	r := fetch.NewResolver(env, s.kinds...)
	r.SetFallback(s.thirdParty)
	return r
}

// A secret is a wanted variable and its value.
type secret struct {
	wanted
	value   fetch.Value
	version string // as the store names it; may be empty
	lease   bool   // it lives as long as the token that got it
}

// resolve reads all values. Any failure is a failure of all; every one is told.
func (s *shop) resolve(ctx context.Context, p *program, w wish) ([]secret, error) {
	defer s.close()
	found := map[string]fetch.Secret{}
	var errs []error
	for _, dir := range directories(w.list) {
		errs = append(errs, s.resolveIn(ctx, p, dir, w, found))
	}
	if err := together(errs, w.list); err != nil || len(w.bad) > 0 {
		for _, v := range found {
			v.Value.Wipe()
		}
		return nil, err
	}
	var out []secret
	for _, v := range w.list {
		if v.literal != nil {
			out = append(out, secret{wanted: v, value: *v.literal})
		} else if s, ok := found[v.name]; ok { // not so when it is optional and absent
			out = append(out, secret{v, s.Value, s.Version, s.Lease != nil})
		}
	}
	return out, nil
}

// directories lists where relative paths start, in order of appearance: mostly
// one. References of one directory share a Resolver, and so their documents.
func directories(list []wanted) []string {
	var dirs []string
	for _, w := range list {
		if w.literal == nil && !slices.Contains(dirs, w.dir) {
			dirs = append(dirs, w.dir)
		}
	}
	return dirs
}

func (s *shop) resolveIn(ctx context.Context, p *program, dir string, w wish, found map[string]fetch.Secret) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("directory %s: %w", dir, pathless(err))
	}
	defer root.Close()
	r := s.resolver(fetch.Env{
		Getenv: p.getenv, HTTP: s.http, Identity: s.identity, Root: root,
		Config: storeBlocks(w.cfg), ConfigTrusted: w.trustConfig, Warn: s.warn,
	})
	defer r.Close()
	r.SetPatience(w.total, w.try)
	if isTerminal(p.stderr) {
		line := &progressLine{w: p.stderr}
		r.SetProgress(line.show)
		defer line.clear()
	}
	var reqs []fetch.Request
	for _, v := range w.list {
		if v.literal == nil && v.dir == dir {
			reqs = append(reqs, fetch.Request{Name: v.name, Ref: v.ref, Trusted: v.trusted, Optional: v.optional, Place: v.from})
		}
	}
	secrets, err := r.Resolve(ctx, reqs)
	for _, sec := range secrets {
		found[sec.Name] = sec
	}
	return err
}

// storeBlocks gives every store its block of the configuration. A store sees its
// own alone; but age identities open sops files too, so those of stores.age are
// handed to sops where its block names none.
func storeBlocks(cfg *config.Config) map[string]any {
	blocks := map[string]any{}
	for name, block := range cfg.Stores {
		blocks[name] = block
	}
	identity, ok := cfg.Stores["age"]["identity"]
	sops := cfg.Stores["sops"]
	if ok && sops["age"] == nil && sops["age_key_file"] == nil {
		sops = maps.Clone(sops)
		if sops == nil {
			sops = map[string]any{}
		}
		sops["age"] = map[string]any{"identity": identity}
		blocks["sops"] = sops
	}
	return blocks
}

// together makes one list of the failures of several directories, in the order of the
// variables: a cause that they share is then told once.
func together(errs []error, list []wanted) error {
	all := &fetch.Errors{}
	var rest []error
	for _, err := range errs {
		if some := (*fetch.Errors)(nil); errors.As(err, &some) {
			all.List = append(all.List, some.List...)
		} else {
			rest = append(rest, err)
		}
	}
	if len(all.List) == 0 {
		return errors.Join(rest...)
	}
	index := func(e *fetch.Error) int {
		return slices.IndexFunc(list, func(w wanted) bool { return w.name == e.Name })
	}
	slices.SortStableFunc(all.List, func(a, b *fetch.Error) int { return index(a) - index(b) })
	return errors.Join(append(rest, all)...)
}

// close ends the helpers. What they did wrong has spoilt a read already, or nothing.
func (s *shop) close() {
	s.mu.Lock()
	clients := append(slices.Collect(maps.Values(s.others)), s.stores)
	s.mu.Unlock() // a client that is closing may still call hear and warn
	for _, c := range clients {
		_ = c.Close()
	}
}

// pathless takes the path out of a file error: the caller has named it.
func pathless(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// withVault adds settings of the action's inputs to the block of the vault store.
func withVault(cfg *config.Config, more map[string]any) *config.Config {
	if len(more) == 0 {
		return cfg
	}
	out := *cfg
	out.Stores = maps.Clone(cfg.Stores)
	if out.Stores == nil {
		out.Stores = map[string]map[string]any{}
	}
	block := maps.Clone(out.Stores["vault"])
	if block == nil {
		block = map[string]any{}
	}
	for key, value := range more {
		own, isMap := block[key].(map[string]any)
		add, alsoMap := value.(map[string]any)
		if isMap && alsoMap {
			own = maps.Clone(own)
			maps.Copy(own, add)
			value = own
		}
		block[key] = value
	}
	out.Stores["vault"] = block
	return &out
}
