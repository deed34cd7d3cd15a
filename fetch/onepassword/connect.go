package onepassword

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// connect speaks to a Connect server.
type connect struct {
	client         *http.Client
	address, token string
}

func newConnect(env fetch.Env) (connect, error) {
	host, _ := env.Config["connect_host"].(string)
	address, err := httpx.Base{
		Config: host, Key: "stores.op.connect_host", Environ: env.Getenv("OP_CONNECT_HOST"), Variable: "OP_CONNECT_HOST",
	}.Address(env.ConfigTrusted)
	return connect{env.HTTP, address, env.Getenv("OP_CONNECT_TOKEN")}, err
}

// uuid is the form of every id of 1Password's.
var uuid = fetch.Pattern(`^[a-z0-9]{26}$`)

// A named is a vault or an item in a list.
type named struct {
	ID string `json:"id"`
}

func (c connect) item(ctx context.Context, vault, name string) (item, error) {
	v, err := c.find(ctx, "vault", "/v1/vaults", "name", vault)
	if err != nil {
		return item{}, err
	}
	i, err := c.find(ctx, "item", "/v1/vaults/"+v+"/items", "title", name)
	if err != nil {
		return item{}, err
	}
	a, err := c.get(ctx, "/v1/vaults/"+v+"/items/"+i)
	if err != nil {
		return item{}, explain("item", err)
	}
	defer clear(a.Body)
	var it item
	if err := a.JSON(&it); err != nil {
		return item{}, fmt.Errorf("item: %w", err)
	}
	it.ID, it.Vault.ID = i, v
	return it, nil
}

// find gives the id of the one thing in a list that has a name.
func (c connect) find(ctx context.Context, what, list, attribute, name string) (string, error) {
	if uuid().MatchString(name) {
		return name, nil
	}
	a, err := c.get(ctx, list+"?"+url.Values{"filter": {attribute + ` eq "` + name + `"`}}.Encode())
	if err != nil {
		return "", explain(what, err)
	}
	var found []named
	if err := a.JSON(&found); err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	switch {
	case len(found) == 0:
		return "", fmt.Errorf("no such %s, or the token may not see it: %w", what, fetch.ErrNotFound)
	case len(found) > 1:
		return "", fmt.Errorf("%d of that name: refer to the %s by its id", len(found), what)
	case !uuid().MatchString(found[0].ID):
		return "", fmt.Errorf("%s: the answer has no id: is this the address of a Connect server?", what)
	}
	return found[0].ID, nil
}

func (c connect) file(ctx context.Context, _, _ string, it item, f attachment) ([]byte, error) {
	if strings.Trim(f.ID, "abcdefghijklmnopqrstuvwxyz0123456789") != "" || f.ID == "" {
		return nil, errors.New("the file has no id")
	}
	a, err := c.get(ctx, "/v1/vaults/"+it.Vault.ID+"/items/"+it.ID+"/files/"+f.ID+"/content")
	if err != nil {
		return nil, explain("file", err)
	}
	return a.Body, nil
}

func (c connect) get(ctx context.Context, path string) (*httpx.Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.address+path, nil)
	if err != nil {
		return nil, errors.New("OP_CONNECT_HOST cannot be used")
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json, application/octet-stream")
	a, err := httpx.Do(c.client, req)
	if err != nil && a != nil {
		clear(a.Body)
	}
	return a, err
}

// explain adds to a status what it means here.
func explain(what string, err error) error {
	var status *httpx.StatusError
	if !errors.As(err, &status) {
		return fmt.Errorf("%s: %w", what, err)
	}
	hint := map[int]string{
		http.StatusUnauthorized: "OP_CONNECT_TOKEN is not valid",
		http.StatusForbidden:    "the token has no access to the vault",
		http.StatusNotFound:     "there is none, or the token may not see it",
	}[status.Code]
	if hint == "" {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %s: %w", what, hint, err)
}
