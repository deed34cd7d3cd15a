// Package onepassword is the store op://VAULT/ITEM/[SECTION/]FIELD.
//
// With OP_CONNECT_HOST and OP_CONNECT_TOKEN it asks a Connect server over REST; else
// it runs the program op, which opens 1Password for a service account
// (OP_SERVICE_ACCOUNT_TOKEN) or for the person who is signed in. An item is fetched
// once, however many of its fields are wanted. Names are compared without regard to
// case, and may be ids.
//
// # Guarantee
//
// The Connect token goes to the address of the environment, or one that a trusted
// configuration named, and follows no redirect. References are handed to op as
// arguments that cannot be flags. No error holds a byte of a token, of an item, or of
// what op said.
package onepassword

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "op", Help: "a field or file of a 1Password item", Open: open}
}

// A backend fetches items, and the files attached to them.
type backend interface {
	item(ctx context.Context, vault, name string) (item, error)
	file(ctx context.Context, vault, name string, it item, f attachment) ([]byte, error)
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	for key := range env.Config {
		if key != "connect_host" {
			return nil, fmt.Errorf("stores.op.%s: unknown key: want connect_host", key)
		}
	}
	if env.Getenv("OP_CONNECT_TOKEN") != "" {
		c, err := newConnect(env)
		return source{c}, err
	}
	return source{program{account: env.Getenv("OP_ACCOUNT")}}, nil
}

type source struct{ backend }

// A target is what one reference names.
type target struct {
	vault, item, section, field string
	attribute                   string
}

// parse splits a path, as op does.
func parse(path string, params url.Values) (target, error) {
	if err := fetch.CheckParams(params, "attribute"); err != nil {
		return target{}, err
	}
	parts := strings.Split(path, "/")
	t := target{attribute: strings.ToLower(params.Get("attribute"))}
	switch len(parts) {
	case 3:
		t.vault, t.item, t.field = parts[0], parts[1], parts[2]
	case 4:
		t.vault, t.item, t.section, t.field = parts[0], parts[1], parts[2], parts[3]
	default:
		return target{}, errors.New("want op://VAULT/ITEM/FIELD or op://VAULT/ITEM/SECTION/FIELD; a name with a slash is referred to by its id")
	}
	for _, p := range parts {
		if strings.TrimSpace(p) == "" || p == ".." || p == "." || strings.ContainsAny(p, "\\\"\x00%\r\n") || strings.HasPrefix(p, "-") || len(p) > 256 {
			return target{}, errors.New("a part of the path is no name: refer to it by its id")
		}
	}
	if t.attribute != "" && t.attribute != "otp" && t.attribute != "value" && t.attribute != "totp" {
		return target{}, errors.New("parameter attribute: want otp or value")
	}
	return t, nil
}

// Read gives one field.
func (s source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	a := s.ReadMany(ctx, []fetch.Query{{Path: path, Params: params}})[0]
	return a.Document, a.Err
}

// most is how many items are fetched at once.
const most = 8

// ReadMany fetches each item that the queries name once, and picks the fields.
func (s source) ReadMany(ctx context.Context, queries []fetch.Query) []fetch.Answer {
	answers := make([]fetch.Answer, len(queries))
	groups := map[[2]string][]int{}
	targets := make([]target, len(queries))
	for i, q := range queries {
		if targets[i], answers[i].Err = parse(q.Path, q.Params); answers[i].Err == nil {
			key := [2]string{strings.ToLower(targets[i].vault), strings.ToLower(targets[i].item)}
			groups[key] = append(groups[key], i)
		}
	}
	slots := make(chan struct{}, most)
	var wg sync.WaitGroup
	for _, group := range groups {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			s.readItem(ctx, group, targets, answers)
		})
	}
	wg.Wait()
	return answers
}

// readItem answers the queries of one item. Other items' answers are not touched.
func (s source) readItem(ctx context.Context, group []int, targets []target, answers []fetch.Answer) {
	first := targets[group[0]]
	it, err := s.item(ctx, first.vault, first.item)
	for _, i := range group {
		if err != nil {
			answers[i].Err = err
			continue
		}
		answers[i].Document.Version = it.version()
		value, f, err := it.pick(targets[i])
		if err == nil && f != nil {
			answers[i].Document.Data, answers[i].Err = s.file(ctx, first.vault, first.item, it, *f)
			answers[i].Document.Format = fetch.FormatOf(f.Name)
			continue
		}
		answers[i].Document.Data, answers[i].Err = value, err
	}
}
