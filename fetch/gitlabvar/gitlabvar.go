// Package gitlabvar is the store gitlab-var://GROUP/PROJECT/NAME: CI/CD variables of
// GitLab over its API, for trying a job at home.
//
// What a job would get is read: the project's variable, else that of the nearest
// group above it. With environment=NAME the variable of exactly that scope comes
// first, then the one for every environment.
//
// It is written to as well, by maskrun push: variables of one project or group.
//
// The token is GITLAB_TOKEN; it goes to the server of GITLAB_URL or CI_SERVER_URL,
// else to gitlab.com. All use of xanzy/go-gitlab is in this file: its successor
// has another import path.
package gitlabvar

//lint:file-ignore SA1019 the library is frozen on purpose; its successor has another import path

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/xanzy/go-gitlab"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "gitlab-var", Help: "a CI/CD variable of a GitLab project or of a group above it", Open: open}
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	if len(env.Config) > 0 {
		return nil, errors.New("stores.gitlab-var has no settings: the server is that of GITLAB_URL")
	}
	token := env.Getenv("GITLAB_TOKEN")
	if token == "" {
		return nil, fmt.Errorf("no token: set GITLAB_TOKEN to one with the scope read_api, or api for push (CI_JOB_TOKEN cannot read or set variables): %w", fetch.ErrDenied)
	}
	address := cmp.Or(env.Getenv("GITLAB_URL"), env.Getenv("CI_SERVER_URL"), "https://gitlab.com")
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && !httpx.Loopback(address) {
		return nil, errors.New("GITLAB_URL is no https:// address of a server")
	}
	// The Resolver tries again: the client must not.
	client, err := gitlab.NewClient(token, gitlab.WithBaseURL(address), gitlab.WithHTTPClient(env.HTTP), gitlab.WithoutRetries(),
		gitlab.WithCustomLimiter(unlimited{}))
	if err != nil {
		return nil, errors.New("GITLAB_URL is no address of a server")
	}
	return &source{client}, nil
}

// unlimited takes away the client's own limiter, which would ask the server for its
// limits before the first request. A 429 is an answer as any other.
type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }

type source struct{ client *gitlab.Client }

var (
	segment = fetch.Pattern(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	key     = fetch.Pattern(`^[A-Za-z0-9_]{1,255}$`)
)

// Read is that of fetch.Source.
func (s *source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params, "environment"); err != nil {
		return fetch.Document{}, err
	}
	parts := strings.Split(path, "/")
	name := parts[len(parts)-1]
	owner := parts[:len(parts)-1]
	if len(owner) == 0 || !key().MatchString(name) {
		return fetch.Document{}, errors.New("want gitlab-var://GROUP/PROJECT/NAME")
	}
	for _, p := range owner {
		if !segment().MatchString(p) {
			return fetch.Document{}, fmt.Errorf("the path has parts that are no names: %w", fetch.ErrDenied)
		}
	}
	scopes := []string{"*"}
	if e := params.Get("environment"); e != "" {
		scopes = []string{e, "*"}
	}
	return s.nearest(ctx, owner, name, scopes)
}

// nearest asks the project, then the groups above it, the nearest first; in each the
// scopes in their order. Only "not found" leads on.
func (s *source) nearest(ctx context.Context, owner []string, name string, scopes []string) (fetch.Document, error) {
	for n := len(owner); n > 0; n-- {
		for _, scope := range scopes {
			value, err := s.one(ctx, strings.Join(owner[:n], "/"), n == len(owner), name, scope)
			if err == nil {
				return fetch.Document{Data: []byte(value)}, nil
			}
			if !errors.Is(err, fetch.ErrNotFound) {
				return fetch.Document{}, err
			}
		}
	}
	return fetch.Document{}, fmt.Errorf("no such variable in the project or a group above it, or the token may not see it: %w", fetch.ErrNotFound)
}

// one reads a variable of a project or group.
func (s *source) one(ctx context.Context, id string, project bool, name, scope string) (string, error) {
	filter := &gitlab.VariableFilter{EnvironmentScope: scope}
	if project {
		v, resp, err := s.client.ProjectVariables.GetVariable(id, name, &gitlab.GetProjectVariableOptions{Filter: filter}, gitlab.WithContext(ctx))
		if err != nil {
			return "", failure(resp, err)
		}
		return hidden(v.Key, name, v.Value)
	}
	v, resp, err := s.client.GroupVariables.GetVariable(id, name, &gitlab.GetGroupVariableOptions{Filter: filter}, gitlab.WithContext(ctx))
	if err != nil {
		return "", failure(resp, err)
	}
	return hidden(v.Key, name, v.Value)
}

// A variable is one of a project or group, as the API has it.
type variable struct {
	Key, Value, Scope              string
	Masked, Hidden, Protected, Raw bool
}

// A change is what is sent to make or alter one. Nil leaves it as it is. The types of
// the library do not do: that for groups has the wrong name for masked_and_hidden.
type change struct {
	Key             string                 `json:"key,omitempty"`
	Value           string                 `json:"value"`
	Scope           string                 `json:"environment_scope,omitempty"`
	Filter          *gitlab.VariableFilter `json:"filter,omitempty"`
	Masked          bool                   `json:"masked"`
	MaskedAndHidden *bool                  `json:"masked_and_hidden,omitempty"`
	Protected       *bool                  `json:"protected,omitempty"`
	Raw             bool                   `json:"raw"`
}

const maxPages = 1000

// list reads all variables of owner (projects/ID or groups/ID), page by page.
func (s *source) list(ctx context.Context, owner string) ([]variable, error) {
	var all []variable
	for page := 1; page <= maxPages; {
		var got []gitlab.ProjectVariable // a group's has the same fields
		resp, err := s.send(ctx, http.MethodGet, owner+"/variables", gitlab.ListOptions{Page: page, PerPage: 100}, &got)
		if err != nil {
			return nil, err
		}
		for _, v := range got {
			all = append(all, variable{v.Key, v.Value, v.EnvironmentScope, v.Masked, v.Hidden, v.Protected, v.Raw})
		}
		if resp.NextPage <= page {
			return all, nil
		}
		page = resp.NextPage
	}
	return nil, errors.New("the list of variables does not end")
}

// create makes a variable and says whether it is hidden.
func (s *source) create(ctx context.Context, owner string, c change) (hidden bool, err error) {
	return s.write(ctx, http.MethodPost, owner+"/variables", c.Key, c)
}

// update alters the variable name of c's scope.
func (s *source) update(ctx context.Context, owner, name string, c change) error {
	c.Filter, c.Key, c.Scope = &gitlab.VariableFilter{EnvironmentScope: c.Scope}, "", ""
	_, err := s.write(ctx, http.MethodPut, owner+"/variables/"+name, name, c)
	return err
}

func (s *source) write(ctx context.Context, method, path, name string, c change) (hidden bool, err error) {
	var v gitlab.ProjectVariable
	if _, err := s.send(ctx, method, path, c, &v); err != nil {
		return false, err
	}
	if v.Key != name {
		return false, errors.New("the answer is not the variable: is this the address of a GitLab server?")
	}
	return v.Hidden, nil
}

func (s *source) remove(ctx context.Context, owner, name, scope string) error {
	filter := gitlab.RemoveProjectVariableOptions{Filter: &gitlab.VariableFilter{EnvironmentScope: scope}}
	_, err := s.send(ctx, http.MethodDelete, owner+"/variables/"+name, filter, nil)
	return err
}

// owner is the part of an address that names a project or group.
func owner(kind, path string) string { return kind + "/" + gitlab.PathEscape(path) }

func (s *source) send(ctx context.Context, method, path string, in, out any) (*gitlab.Response, error) {
	req, err := s.client.NewRequest(method, path, in, []gitlab.RequestOptionFunc{gitlab.WithContext(ctx)})
	if err != nil {
		return nil, errors.New("the request cannot be made") // its error could hold a value
	}
	resp, err := s.client.Do(req, out)
	if err != nil {
		return nil, failure(resp, err)
	}
	return resp, nil
}

// hidden tells an answer that is another variable, or none: a login page with status
// 200 decodes into nothing; a variable that is hidden has no value to give.
func hidden(key, name, value string) (string, error) {
	switch {
	case key != name:
		return "", errors.New("the answer is not the variable: is this the address of a GitLab server?")
	case value == "":
		return "", fmt.Errorf("the variable is empty, or hidden, which GitLab shows to nobody: %w", fetch.ErrDenied)
	}
	return value, nil
}

// failure says nothing of what the server wrote.
func failure(resp *gitlab.Response, err error) error {
	if resp != nil && resp.Response != nil && resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: %w", resp.Request.URL.Host, httpx.CheckStatus(resp.Response))
	}
	return httpx.Classify(err)
}
