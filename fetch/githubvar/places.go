package githubvar

import (
	"cmp"
	"context"

	"github.com/google/go-github/v60/github"
)

// A repository's secrets.
type repository struct {
	api         *github.ActionsService
	owner, name string
}

func (r repository) key(ctx context.Context) (*github.PublicKey, *github.Response, error) {
	return r.api.GetRepoPublicKey(ctx, r.owner, r.name)
}

func (r repository) list(ctx context.Context, o *github.ListOptions) (*github.Secrets, *github.Response, error) {
	return r.api.ListRepoSecrets(ctx, r.owner, r.name, o)
}

func (r repository) put(ctx context.Context, s *github.EncryptedSecret) (*github.Response, error) {
	return r.api.CreateOrUpdateRepoSecret(ctx, r.owner, r.name, s)
}

func (r repository) remove(ctx context.Context, name string) (*github.Response, error) {
	return r.api.DeleteRepoSecret(ctx, r.owner, r.name, name)
}

// An environment's secrets. The API wants the repository's number.
type environment struct {
	repository
	repositories *github.RepositoriesService
	repo         int
	name         string // escaped: the library puts it into addresses as it is
}

func (e *environment) key(ctx context.Context) (*github.PublicKey, *github.Response, error) {
	r, resp, err := e.repositories.Get(ctx, e.repository.owner, e.repository.name)
	if err != nil {
		return nil, resp, err
	}
	e.repo = int(r.GetID())
	return e.api.GetEnvPublicKey(ctx, e.repo, e.name)
}

func (e *environment) list(ctx context.Context, o *github.ListOptions) (*github.Secrets, *github.Response, error) {
	return e.api.ListEnvSecrets(ctx, e.repo, e.name, o)
}

func (e *environment) put(ctx context.Context, s *github.EncryptedSecret) (*github.Response, error) {
	return e.api.CreateOrUpdateEnvSecret(ctx, e.repo, e.name, s)
}

func (e *environment) remove(ctx context.Context, name string) (*github.Response, error) {
	return e.api.DeleteEnvSecret(ctx, e.repo, e.name, name)
}

// An organisation's secrets. Each has a visibility, which must be sent whenever it
// is written: that of existing ones is kept.
type organisation struct {
	api        *github.ActionsService
	name       string
	visibility string            // of new ones
	held       map[string]string // by name
}

func newOrganisation(c *github.Client, name, visibility string) organisation {
	return organisation{c.Actions, name, cmp.Or(visibility, "private"), map[string]string{}}
}

func (g organisation) key(ctx context.Context) (*github.PublicKey, *github.Response, error) {
	return g.api.GetOrgPublicKey(ctx, g.name)
}

func (g organisation) list(ctx context.Context, o *github.ListOptions) (*github.Secrets, *github.Response, error) {
	page, resp, err := g.api.ListOrgSecrets(ctx, g.name, o)
	if err == nil {
		for _, s := range page.Secrets {
			g.held[s.Name] = s.Visibility
		}
	}
	return page, resp, err
}

func (g organisation) put(ctx context.Context, s *github.EncryptedSecret) (*github.Response, error) {
	s.Visibility = cmp.Or(g.held[s.Name], g.visibility)
	if s.Visibility == "selected" { // without the list nobody would see it any more
		for o := (&github.ListOptions{PerPage: 100}); ; {
			page, resp, err := g.api.ListSelectedReposForOrgSecret(ctx, g.name, s.Name, o)
			if err != nil {
				return resp, err
			}
			for _, r := range page.Repositories {
				s.SelectedRepositoryIDs = append(s.SelectedRepositoryIDs, r.GetID())
			}
			if resp.NextPage <= o.Page {
				break
			}
			o.Page = resp.NextPage
		}
	}
	return g.api.CreateOrUpdateOrgSecret(ctx, g.name, s)
}

func (g organisation) remove(ctx context.Context, name string) (*github.Response, error) {
	return g.api.DeleteOrgSecret(ctx, g.name, name)
}
