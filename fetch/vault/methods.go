package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// serviceAccount is where Kubernetes puts the token of a pod.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// jwtBody sends the identity token of the job.
func jwtBody(ctx context.Context, c *connection) (string, map[string]any, error) {
	token, err := c.identity(ctx)
	return "login", c.withRole(map[string]any{"jwt": token}), err
}

// withRole adds the role, where there is one: a mount may have a default.
func (c *connection) withRole(body map[string]any) map[string]any {
	if c.set.auth.role != "" {
		body["role"] = c.set.auth.role
	}
	return body
}

// identity gives the token for this server. Its audience is the server's address
// unless the settings name one; an address that is not trusted gets no other.
func (c *connection) identity(ctx context.Context) (string, error) {
	audience := c.set.auth.audience
	switch {
	case !c.trusted && audience != "" && audience != c.address:
		return "", c.untrusted("an identity token for another audience")
	case c.trusted && c.set.auth.jwtFile != "":
		return c.secretFile("jwt_file", c.set.auth.jwtFile)
	case c.trusted && audience == "" && c.env.Getenv("VAULT_ID_TOKEN") != "":
		return strings.TrimSpace(c.env.Getenv("VAULT_ID_TOKEN")), nil // GitLab's name for it: meant for Vault, whatever its audience
	case c.env.Identity == nil:
		return "", fmt.Errorf("%w: %w", fetch.ErrNoIdentity, fetch.ErrDenied)
	case audience == "":
		audience = c.address
	}
	return c.env.Identity(ctx, audience)
}

func kubernetesBody(_ context.Context, c *connection) (string, map[string]any, error) {
	path := c.set.auth.jwtFile
	read := c.secretFile
	if path == "" {
		path = serviceAccount
		read = func(what, path string) (string, error) {
			env := c.env
			env.Trusted = true // a name of ours
			data, err := env.ReadFile(path)
			return text(data), plainFile(what, err)
		}
	}
	token, err := read("the service account's token", path)
	return "login", c.withRole(map[string]any{"jwt": token}), err
}

func approleBody(ctx context.Context, c *connection) (string, map[string]any, error) {
	if c.set.auth.roleID == "" {
		return "", nil, errors.New("no role id: set VAULT_ROLE_ID, or role_id under stores.vault.auth")
	}
	body := map[string]any{"role_id": c.set.auth.roleID}
	secret, err := c.secret("VAULT_SECRET_ID", "secret_id_file", c.set.auth.secretFile)
	if err != nil {
		return "", nil, err
	}
	if secret != "" && c.set.auth.wrapped {
		w, err := c.unwrapToken(ctx, secret)
		if err != nil {
			return "", nil, err
		}
		secret = w.Data.SecretID
	}
	if secret != "" { // a role may ask for none
		body["secret_id"] = secret
	}
	return "login", body, nil
}

// passwordBody is that of userpass and ldap: the user's name is in the path.
func passwordBody(_ context.Context, c *connection) (string, map[string]any, error) {
	if c.set.auth.username == "" {
		return "", nil, errors.New("no user name: set VAULT_USERNAME, or username under stores.vault.auth")
	}
	password, err := c.secret("VAULT_PASSWORD", "password_file", c.set.auth.passwordFile)
	if err == nil && password == "" {
		err = errors.New("no password: set VAULT_PASSWORD, or password_file under stores.vault.auth")
	}
	return "login/" + c.set.auth.username, map[string]any{"password": password}, err
}

func certBody(_ context.Context, c *connection) (string, map[string]any, error) {
	body := map[string]any{}
	if c.set.auth.role != "" {
		body["name"] = c.set.auth.role
	}
	return "login", body, nil
}

// secret is the text of a file that the settings name, else of a variable.
func (c *connection) secret(variable, key, path string) (string, error) {
	if path == "" {
		return c.env.Getenv(variable), nil
	}
	return c.secretFile(key, path)
}

// secretFile reads a file that the configuration names. The server that its text goes
// to is trusted; the name is so only with the configuration.
func (c *connection) secretFile(what, path string) (string, error) {
	data, err := readNamed(c.env, path, "")
	return text(data), plainFile(what, err)
}

func text(data []byte) string {
	s := strings.TrimSpace(string(data))
	clear(data)
	return s
}

// plainFile says which file cannot be read. A missing one is no missing secret.
func plainFile(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", what, err, fetch.ErrDenied)
}
