package fetch

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A reading is one document that one or more requests want.
type reading struct {
	source sourceKey
	kind   Kind
	query  Query
	doc    Document
	err    error
	done   atomic.Bool // for whoever tells a person what is being waited for
	pick   picker      // nil until a field of doc is asked for
}

// resolve plans the readings, does them, and makes secrets of them.
func (r *Resolver) resolve(ctx context.Context, reqs []Request) ([]Secret, error) {
	wanted, readings := r.plan(reqs)
	stop := r.tell(readings)
	r.readAll(ctx, readings)
	stop()
	defer wipeAll(readings)
	var secrets []Secret
	failed := &Errors{}
	for i, req := range reqs {
		secret, ok, err := answer(req, wanted[i])
		switch {
		case err != nil:
			failed.List = append(failed.List, newError(req, err, wanted[i].err != nil))
		case ok:
			secrets = append(secrets, secret)
		}
	}
	if len(failed.List) == 0 {
		return secrets, nil
	}
	for _, s := range secrets {
		s.Value.Wipe()
	}
	return nil, failed
}

// wipeAll clears the documents once every secret has its own copy. FAULTS 94, 107.
func wipeAll(readings []*reading) {
	for _, rd := range readings {
		clear(rd.doc.Data)
	}
}

// plan maps each request to its reading; equal documents get one. A request
// that no store serves gets a reading that has failed already.
func (r *Resolver) plan(reqs []Request) (wanted, readings []*reading) {
	type docKey struct {
		source       sourceKey
		path, params string
	}
	known := map[docKey]*reading{}
	for _, req := range reqs {
		kind, ok := r.Lookup(req.Ref.Scheme)
		if !ok {
			wanted = append(wanted, &reading{err: r.unknown(req.Ref.Scheme)})
			continue
		}
		params := req.Ref.storeParams()
		key := docKey{sourceKey{kind.Scheme, req.Trusted}, req.Ref.Path, params.Encode()}
		if known[key] == nil {
			known[key] = &reading{source: key.source, kind: kind, query: Query{Path: req.Ref.Path, Params: params}}
			readings = append(readings, known[key])
		}
		wanted = append(wanted, known[key])
	}
	return wanted, readings
}

// readAll does the readings, all stores at once.
func (r *Resolver) readAll(ctx context.Context, readings []*reading) {
	var order []sourceKey
	groups := map[sourceKey][]*reading{}
	for _, rd := range readings {
		if groups[rd.source] == nil {
			order = append(order, rd.source)
		}
		groups[rd.source] = append(groups[rd.source], rd)
	}
	var wg sync.WaitGroup
	for _, key := range order {
		wg.Go(func() { r.readGroup(ctx, groups[key]) })
	}
	wg.Wait()
}

// readGroup does the readings of one store, with a bound on those under way.
func (r *Resolver) readGroup(ctx context.Context, group []*reading) {
	src, err := r.source(ctx, group[0].source, group[0].kind)
	if err != nil {
		for _, rd := range group {
			rd.err = err
			rd.bound()
		}
		return
	}
	if many, ok := src.(ManyReader); ok {
		r.readMany(ctx, many, group)
		return
	}
	slots := make(chan struct{}, r.limits.parallel)
	var wg sync.WaitGroup
	for _, rd := range group {
		wg.Go(func() { inSlot(slots, func() { r.readOne(ctx, src, rd) }) })
	}
	wg.Wait()
}

func inSlot(slots chan struct{}, f func()) {
	slots <- struct{}{}
	defer func() { <-slots }()
	f()
}

func (r *Resolver) readOne(ctx context.Context, src Source, rd *reading) {
	rd.err = r.retry(ctx, r.limits.try, func(ctx context.Context) (err error) {
		if err := ctx.Err(); err != nil {
			return err
		}
		return guard(func() error {
			rd.doc, err = src.Read(ctx, rd.query.Path, rd.query.Params)
			return err
		})
	})
	rd.bound()
}

// readMany asks for the whole group, then again for those that were unavailable.
func (r *Resolver) readMany(ctx context.Context, src ManyReader, group []*reading) {
	pending := group
	// Behind it, too, so many are asked for at a time.
	rounds := (len(group) + r.limits.parallel - 1) / r.limits.parallel
	err := r.retry(ctx, r.limits.try*time.Duration(rounds), func(ctx context.Context) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return guard(func() (err error) {
			pending, err = askMany(ctx, src, pending)
			return err
		})
	})
	for _, rd := range pending {
		if rd.err == nil {
			rd.err = err
		}
	}
	for _, rd := range group {
		rd.bound()
	}
}

// askMany does one request and returns the readings worth another, with an
// error when there are any.
func askMany(ctx context.Context, src ManyReader, group []*reading) (again []*reading, err error) {
	queries := make([]Query, len(group))
	for i, rd := range group {
		queries[i] = rd.query
	}
	answers := src.ReadMany(ctx, queries)
	if len(answers) != len(group) {
		return group, errors.New("the store answered another number of documents than it was asked for")
	}
	for i, rd := range group {
		rd.doc, rd.err = answers[i].Document, answers[i].Err
		if errors.Is(rd.err, ErrUnavailable) || errors.Is(rd.err, context.DeadlineExceeded) {
			again, err = append(again, rd), rd.err
		}
	}
	return again, err
}

// bound refuses a document that is too large, whatever the store let through. FAULTS 90.
func (rd *reading) bound() {
	rd.done.Store(true)
	if rd.err == nil && len(rd.doc.Data) > MaxDocument {
		rd.err = errTooLarge
	}
	if rd.err != nil {
		clear(rd.doc.Data)
		rd.doc = Document{}
	}
}

// answer makes the secret that req asks for, or says that it is left out (false).
func answer(req Request, rd *reading) (Secret, bool, error) {
	secret := Secret{Name: req.Name, Ref: req.Ref, Version: rd.doc.Version, Expires: rd.doc.Expires, Lease: rd.doc.Lease}
	value, err := rd.value(req.Ref)
	if err == nil {
		secret.Value = NewValue(value)
		clear(value)
		return secret, true, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return Secret{}, false, err
	}
	if req.Ref.Params.Has("default") {
		secret.Value = NewValue([]byte(req.Ref.Params.Get("default")))
		return secret, true, nil
	}
	if req.Optional || req.Ref.Params.Get("optional") == "true" {
		return Secret{}, false, nil
	}
	return Secret{}, false, err
}

// value selects, decodes and trims: in that order. The result is the caller's own.
func (rd *reading) value(ref Ref) ([]byte, error) {
	if rd.err != nil {
		return nil, rd.err
	}
	v, err := rd.field(ref)
	if err != nil {
		return nil, err
	}
	if rd.kind.TrimNewline && ref.Field == "" {
		v = trimNewlines(v)
	}
	if v, err = decodeValue(v, ref.Params.Get("decode")); err != nil {
		return nil, err
	}
	if ref.Params.Get("trim") == "true" {
		v = trimBlanks(v)
	}
	return v, nil
}
