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
	var it item
	if err := c.call("/v1/vaults/"+v+"/items/"+i).JSON(ctx, c.client, &it); err != nil {
		return item{}, hints.Explain("item", err)
	}
	it.ID, it.Vault.ID = i, v
	return it, nil
}

// find gives the id of the one thing in a list that has a name.
func (c connect) find(ctx context.Context, what, list, attribute, name string) (string, error) {
	if uuid().MatchString(name) {
		return name, nil
	}
	var found []named
	query := url.Values{"filter": {attribute + ` eq "` + name + `"`}}
	if err := c.call(list+"?"+query.Encode()).JSON(ctx, c.client, &found); err != nil {
		return "", hints.Explain(what, err)
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
	a, err := c.call("/v1/vaults/"+it.Vault.ID+"/items/"+it.ID+"/files/"+f.ID+"/content").Do(ctx, c.client)
	if err != nil {
		return nil, hints.Explain("file", err)
	}
	return a.Body, nil
}

func (c connect) call(path string) httpx.Call {
	return httpx.Call{URL: c.address + path, Token: c.token}
}

var hints = httpx.Hints{
	http.StatusUnauthorized: "OP_CONNECT_TOKEN is not valid",
	http.StatusForbidden:    "the token has no access to the vault",
	http.StatusNotFound:     "there is none, or the token may not see it",
}
