package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// A method is one way to log in. Mount is where it is mounted unless the settings
// say otherwise; body makes the path under auth/MOUNT and what is sent there.
type method struct {
	name, mount string
	body        func(ctx context.Context, c *connection) (path string, body map[string]any, err error)
}

// methods is the table, but for token and agent, which do not log in.
var methods = []method{
	{"jwt", "jwt", jwtBody},
	{"oidc", "oidc", jwtBody}, // the same engine, by its other usual mount
	{"kubernetes", "kubernetes", kubernetesBody},
	{"approle", "approle", approleBody},
	{"userpass", "userpass", passwordBody},
	{"ldap", "ldap", passwordBody},
	{"cert", "cert", certBody},
}

// Ways that are none of the table.
const (
	byToken = "token"
	byAgent = "agent" // an agent or proxy in front of Vault adds the token itself
)

// loginTime bounds a login that several reads wait for: it must not end with the first of them.
const loginTime = 30 * time.Second

// shared runs f once for all who ask at the same time under one key. Each waits as
// long as its own context lasts.
func (c *connection) shared(ctx context.Context, key string, f func(context.Context) (any, error)) (any, error) {
	ch := c.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loginTime)
		defer cancel()
		return f(ctx)
	})
	select {
	case r := <-ch:
		return r.Val, r.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: no answer: %w", c.address, ctx.Err())
	}
}

// login gives the token for this server: a given one, or one got by logging in, once.
func (c *connection) login(ctx context.Context) (string, error) {
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token != "" {
		return token, nil
	}
	v, err := c.shared(ctx, "login", func(ctx context.Context) (any, error) { return c.loginOnce(ctx) })
	if err != nil {
		return "", fetch.StoreWide(fmt.Errorf("login: %w", err))
	}
	return v.(string), nil
}

func (c *connection) loginOnce(ctx context.Context) (string, error) {
	way, err := c.way()
	if err != nil {
		return "", err
	}
	if !c.trusted && way != "jwt" && way != "oidc" && way != byAgent {
		return "", c.untrusted("auth method " + way)
	}
	token, own := "", true
	switch way {
	case byAgent:
		return "", nil
	case byToken:
		token, own, err = c.givenToken(ctx)
	default:
		token, err = c.loginBy(ctx, way)
	}
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.ownToken = token, own
	return token, nil
}

// untrusted is the error for a credential that would go where a pull request says.
func (c *connection) untrusted(what string) error {
	return fmt.Errorf("%s is not used for %s: that address is from the configuration, which a pull request can change; set VAULT_ADDR to it, or say --trust-config: %w", what, c.address, fetch.ErrDenied)
}

// way is the method that the settings name, or the one whose credentials are there.
func (c *connection) way() (string, error) {
	if c.set.auth.method != "" {
		return c.set.auth.method, nil
	}
	a, get := c.set.auth, c.env.Getenv
	switch {
	case c.trusted && (get("VAULT_TOKEN") != "" || get("BAO_TOKEN") != ""):
		return byToken, nil
	case c.trusted && a.roleID != "":
		return "approle", nil
	case a.role != "" && (c.env.Identity != nil || get("VAULT_ID_TOKEN") != "" || a.jwtFile != ""):
		return "jwt", nil
	case c.trusted && a.username != "":
		return "userpass", nil
	case get("HOME") != "" || get("VAULT_TOKEN") != "":
		return byToken, nil
	}
	return "", fmt.Errorf("no credentials: set VAULT_TOKEN, or auth under stores.vault (docs/stores/vault.md): %w", fetch.ErrDenied)
}

// givenToken is that of the environment, or the one that `vault login` has left.
func (c *connection) givenToken(ctx context.Context) (token string, own bool, err error) {
	for _, name := range []string{"VAULT_TOKEN", "BAO_TOKEN"} {
		if token = strings.TrimSpace(c.env.Getenv(name)); token != "" {
			break
		}
	}
	if token == "" {
		data, err := c.env.ReadKeyFile("~/.vault-token")
		if errors.Is(err, fetch.ErrNotFound) || c.env.Getenv("HOME") == "" {
			return "", false, fmt.Errorf("no token: set VAULT_TOKEN, run vault login, or set auth under stores.vault (docs/stores/vault.md): %w", fetch.ErrDenied)
		}
		if err != nil {
			return "", false, err
		}
		token = strings.TrimSpace(string(data))
		clear(data)
	}
	if !printable(token) {
		return "", false, errors.New("the token has characters that no token has")
	}
	if !c.set.auth.wrapped {
		return token, false, nil
	}
	fields, err := c.unwrapToken(ctx, token)
	return fields.token(), true, err
}

// printable tells whether s can stand in a header.
func printable(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// wrapped is what a wrapping token may stand for.
type wrapped struct {
	Auth struct {
		ClientToken string `json:"client_token"`
	}
	Data struct {
		Token    string `json:"token"`
		SecretID string `json:"secret_id"`
	}
}

func (w wrapped) token() string {
	if w.Auth.ClientToken != "" {
		return w.Auth.ClientToken
	}
	return w.Data.Token
}

// unwrapToken gives what a wrapping token stands for: once.
func (c *connection) unwrapToken(ctx context.Context, token string) (wrapped, error) {
	var w wrapped
	a, err := c.call(ctx, call{path: "sys/wrapping/unwrap", token: token, body: map[string]any{}})
	if err != nil {
		return w, fmt.Errorf("unwrap: %w", err)
	}
	if present(a.Auth) {
		err = json.Unmarshal(a.Auth, &w.Auth)
	} else {
		err = json.Unmarshal(a.Data, &w.Data)
	}
	if err != nil || w.token() == "" && w.Data.SecretID == "" {
		return w, errors.New("unwrap: the wrapping token stands for neither a token nor a secret id")
	}
	return w, nil
}

// loginBy logs in by a method of the table.
func (c *connection) loginBy(ctx context.Context, name string) (string, error) {
	for _, m := range methods {
		if m.name != name {
			continue
		}
		mount := m.mount
		if c.set.auth.mount != "" {
			mount = c.set.auth.mount
		}
		path, body, err := m.body(ctx, c)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		path = "auth/" + mount + "/" + path
		if err := checkPath(path); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		return c.ask(ctx, name, path, body)
	}
	return "", fmt.Errorf("unknown auth method %.40q: want token, agent, jwt, oidc, kubernetes, approle, userpass, ldap or cert", name)
}

func (c *connection) ask(ctx context.Context, name, path string, body map[string]any) (string, error) {
	a, err := c.call(ctx, call{path: path, body: body})
	if errors.Is(err, fetch.ErrNotFound) {
		return "", fmt.Errorf("%s: there is no such auth method at %s", name, path)
	}
	if err != nil {
		return "", fmt.Errorf("%s at %s: %w", name, path, err)
	}
	var got struct {
		ClientToken string `json:"client_token"`
	}
	if json.Unmarshal(a.Auth, &got) != nil || !printable(got.ClientToken) {
		return "", fmt.Errorf("%s at %s: the answer has no token (a second factor is not supported): %w", name, path, fetch.ErrDenied)
	}
	return got.ClientToken, nil
}

// revokeOwn gives back a token that we logged in for.
func (c *connection) revokeOwn(ctx context.Context) error {
	c.mu.Lock()
	token, own := c.token, c.ownToken
	c.token, c.ownToken = "", false
	c.mu.Unlock()
	if token == "" || !own {
		return nil
	}
	if _, err := c.call(ctx, call{path: "auth/token/revoke-self", token: token, body: map[string]any{}}); err != nil {
		return fmt.Errorf("revoke the token: %w", err)
	}
	return nil
}
