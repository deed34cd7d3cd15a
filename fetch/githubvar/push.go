package githubvar

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/google/go-github/v60/github"
	"golang.org/x/crypto/nacl/box"

	"github.com/maskrun/maskrun/fetch"
)

var _ fetch.Pusher = (*source)(nil)

// maxSecret is GitHub's limit, in bytes.
const maxSecret = 48 << 10

// A place is where secrets are kept: a repository, an environment of one, an organisation.
type place interface {
	key(ctx context.Context) (*github.PublicKey, *github.Response, error)
	list(ctx context.Context, o *github.ListOptions) (*github.Secrets, *github.Response, error)
	put(ctx context.Context, s *github.EncryptedSecret) (*github.Response, error)
	remove(ctx context.Context, name string) (*github.Response, error)
}

// A shelf is the secrets of one place.
type shelf struct {
	place
	public *github.PublicKey
}

// Push is that of fetch.Pusher. The path is OWNER/REPO, or OWNER for an
// organisation. The parameters: env, of a repository; visibility, of an
// organisation's new secrets (private, all).
func (s *source) Push(ctx context.Context, p fetch.Push) ([]fetch.Change, error) {
	if err := fetch.CheckParams(p.Params, "env", "visibility"); err != nil {
		return nil, err
	}
	owner, repo, isRepo := strings.Cut(p.Path, "/")
	env := p.Params.Get("env")
	switch {
	case !segment().MatchString(owner) || isRepo && !segment().MatchString(repo):
		return nil, errors.New("want OWNER/REPO, or the name of an organisation")
	case !isRepo && env != "":
		return nil, errors.New("an environment belongs to a repository")
	case !isRepo:
		return fetch.PushTo(ctx, &shelf{place: newOrganisation(s.client, owner, p.Params.Get("visibility"))}, p)
	}
	r := repository{s.client.Actions, owner, repo}
	if env == "" {
		return fetch.PushTo(ctx, &shelf{place: r}, p)
	}
	return fetch.PushTo(ctx, &shelf{place: &environment{repository: r, repositories: s.client.Repositories, name: url.PathEscape(env)}}, p)
}

// List is that of fetch.Shelf. It gets the public key too.
func (sh *shelf) List(ctx context.Context) ([]string, error) {
	public, resp, err := sh.key(ctx)
	if err != nil {
		return nil, failure(resp, err)
	}
	sh.public = public
	var names []string
	for o := (&github.ListOptions{PerPage: 100}); ; {
		page, resp, err := sh.list(ctx, o)
		if err != nil {
			return nil, failure(resp, err)
		}
		for _, s := range page.Secrets {
			names = append(names, s.Name)
		}
		if resp.NextPage <= o.Page {
			return names, nil
		}
		o.Page = resp.NextPage
	}
}

// Check is that of fetch.Shelf. What GitHub holds cannot be compared with anything.
func (sh *shelf) Check(name string, value []byte) (same bool, err error) {
	switch {
	case !key().MatchString(name):
		return false, errors.New("a name of GitHub has letters, digits and _, and begins with no digit")
	case name != strings.ToUpper(name):
		return false, errors.New("GitHub keeps names in capitals: say it so")
	case strings.HasPrefix(name, "GITHUB_"):
		return false, errors.New("GitHub keeps names that begin with GITHUB_ for itself")
	case len(value) == 0:
		return false, errors.New("the value is empty")
	case len(value) > maxSecret:
		return false, errors.New("the value is larger than the 48 KiB that GitHub takes")
	case !utf8.Valid(value) || strings.ContainsRune(string(value), 0):
		return false, errors.New("the value is not text")
	}
	return false, nil
}

// Set is that of fetch.Shelf. The value is sealed to the public key of the place: only
// GitHub can open it.
func (sh *shelf) Set(ctx context.Context, name string, value []byte, _ bool) (note string, err error) {
	public, err := base64.StdEncoding.DecodeString(sh.public.GetKey())
	if err != nil || len(public) != 32 || sh.public.GetKeyID() == "" {
		return "", errors.New("the answer is no public key: is this the address of GitHub's API?")
	}
	sealed, err := box.SealAnonymous(nil, value, (*[32]byte)(public), rand.Reader)
	if err != nil {
		return "", errors.New("the value cannot be sealed to the public key")
	}
	resp, err := sh.put(ctx, &github.EncryptedSecret{Name: name, KeyID: sh.public.GetKeyID(), EncryptedValue: base64.StdEncoding.EncodeToString(sealed)})
	if err != nil {
		return "", failure(resp, err)
	}
	return "", nil
}

// Remove is that of fetch.Shelf.
func (sh *shelf) Remove(ctx context.Context, name string) error {
	if resp, err := sh.remove(ctx, name); err != nil {
		return failure(resp, err)
	}
	return nil
}
