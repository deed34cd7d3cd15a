package gitlabvar

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

var _ fetch.Pusher = (*source)(nil)

// maxValue is GitLab's limit, in characters.
const maxValue = 10_000

// The rules of GitLab for what its runner can mask: of a value that is expanded, and
// of a raw one.
var (
	maskable    = fetch.Pattern(`^[a-zA-Z0-9_+=/@:.~-]{8,}$`)
	maskableRaw = fetch.Pattern(`^[^ \t\r\n\f\v]{8,}$`)
)

// A shelf is the variables of one project or group in one scope.
type shelf struct {
	*source
	owner, scope        string
	masked, hidden, raw bool
	protected           *bool // nil leaves that of existing ones

	there  map[string]variable
	unsure map[string]bool // a request to create it had no answer: it may be there
}

// Push is that of fetch.Pusher. The parameters: group (the path is a group's),
// environment, masked, hidden, protected, raw.
func (s *source) Push(ctx context.Context, p fetch.Push) ([]fetch.Change, error) {
	if err := fetch.CheckParams(p.Params, "group", "environment", "masked", "hidden", "protected", "raw"); err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(p.Path, "/") {
		if !segment().MatchString(part) {
			return nil, errors.New("want GROUP/PROJECT, or GROUP for a group")
		}
	}
	sh := &shelf{source: s, owner: owner("projects", p.Path), scope: "*", unsure: map[string]bool{}}
	if on(p.Params, "group") {
		sh.owner = owner("groups", p.Path)
	}
	if e := p.Params.Get("environment"); e != "" {
		sh.scope = e
	}
	sh.masked, sh.hidden, sh.raw = on(p.Params, "masked"), on(p.Params, "hidden"), on(p.Params, "raw")
	if p.Params.Has("protected") {
		protected := on(p.Params, "protected")
		sh.protected = &protected
	}
	if sh.hidden && !sh.masked {
		return nil, errors.New("a hidden variable is masked too")
	}
	return fetch.PushTo(ctx, sh, p)
}

func on(params url.Values, name string) bool { return params.Get(name) == "true" }

// List is that of fetch.Shelf.
func (sh *shelf) List(ctx context.Context) ([]string, error) {
	all, err := sh.list(ctx, sh.owner)
	if err != nil {
		return nil, err
	}
	sh.there = map[string]variable{}
	var names []string
	for _, v := range all {
		if v.Scope == sh.scope && !slices.Contains(names, v.Key) {
			sh.there[v.Key] = v
			names = append(names, v.Key)
		}
	}
	return names, nil
}

// Check is that of fetch.Shelf.
func (sh *shelf) Check(name string, value []byte) (same bool, err error) {
	v, exists := sh.there[name]
	switch {
	case !key().MatchString(name):
		return false, errors.New("a name of GitLab has up to 255 letters, digits and _")
	case !utf8.Valid(value) || slices.Contains(value, 0):
		return false, errors.New("the value is not text")
	case utf8.RuneCount(value) > maxValue:
		return false, fmt.Errorf("the value is longer than the %d characters that GitLab takes", maxValue)
	case exists && v.Hidden && !sh.masked:
		return false, errors.New("it is hidden on the server, and what is hidden cannot be unmasked")
	case exists && sh.hidden && !v.Hidden:
		return false, errors.New("it is on the server and not hidden: GitLab hides a variable only when it is made; delete it first")
	}
	if sh.masked {
		if err := sh.checkMask(string(value)); err != nil {
			return false, err
		}
	}
	return exists && !v.Hidden && v.Value == string(value) && v.Masked == sh.masked && v.Raw == sh.raw &&
		(sh.protected == nil || v.Protected == *sh.protected), nil
}

// checkMask says why GitLab cannot mask a value. How long it is, is not told.
func (sh *shelf) checkMask(value string) error {
	const way = "; with --masked=false it would be shown in job logs"
	switch {
	case sh.raw && maskableRaw().MatchString(value), !sh.raw && maskable().MatchString(value):
		return nil
	case strings.ContainsAny(strings.TrimRight(value, "\r\n"), "\r\n"):
		return errors.New("GitLab cannot mask it: it has several lines" + way)
	case strings.ContainsAny(value, "\r\n"):
		return errors.New("GitLab cannot mask it: it ends in a line break (?trim=true takes it away)")
	case strings.ContainsAny(value, " \t\f\v"):
		return errors.New("GitLab cannot mask it: it has blanks" + way)
	case utf8.RuneCountInString(value) < 8:
		return errors.New("GitLab cannot mask it: it is shorter than 8 characters" + way)
	}
	return errors.New("GitLab cannot mask it: without --raw only letters, digits and _+=/@:.~- can be masked" + way)
}

// Set is that of fetch.Shelf.
func (sh *shelf) Set(ctx context.Context, name string, value []byte, exists bool) (note string, err error) {
	c := change{Key: name, Value: string(value), Scope: sh.scope, Masked: sh.masked, Protected: sh.protected, Raw: sh.raw}
	if exists || sh.unsure[name] {
		err = sh.update(ctx, sh.owner, name, c)
		if exists || !errors.Is(err, fetch.ErrNotFound) {
			return "", refusal(err)
		}
	}
	if sh.hidden {
		c.MaskedAndHidden = &sh.hidden
	}
	hidden, err := sh.create(ctx, sh.owner, c)
	sh.unsure[name] = errors.Is(err, fetch.ErrUnavailable)
	if err == nil && sh.hidden && !hidden {
		note = "masked, but not hidden: this server cannot"
	}
	return note, refusal(err)
}

// Remove is that of fetch.Shelf.
func (sh *shelf) Remove(ctx context.Context, name string) error {
	return sh.remove(ctx, sh.owner, name, sh.scope)
}

// refusal explains what GitLab says with 400; its own words could hold the value.
func refusal(err error) error {
	var status *httpx.StatusError
	if errors.As(err, &status) && status.Code == http.StatusBadRequest {
		return fmt.Errorf("%w: GitLab takes neither this value nor these settings; environment scopes of groups need a paid tier", err)
	}
	return err
}
