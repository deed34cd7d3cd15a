package vault

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// phrases are what Vault says in errors, and what we say for it. Its own words are
// never repeated: they may quote what was sent, and a server that is none could
// send anything. The first that occurs holds.
var phrases = []struct{ theirs, ours string }{
	{"Vault is sealed", "Vault is sealed: someone must unseal it"},
	{"not initialized", "Vault is not initialised"},
	{"namespace not found", "there is no such namespace"},
	{"namespaces feature not enabled", "this Vault has no namespaces"},
	{"could not be found", "there is no such role"},
	{"unknown role", "there is no such role"},
	{"invalid role name", "there is no such role"},
	{"invalid role or secret ID", "the role id or the secret id is not valid"},
	{"invalid role ID", "the role id is not valid"},
	{"invalid secret id", "the secret id is not valid, or used up"},
	{"invalid username or password", "the user name or the password is not valid"},
	{"invalid credentials", "the user name or the password is not valid"}, // of ldap
	{"ldap operation failed", "the directory (LDAP) refused the login"},
	{"audience", "the token's audience is none of the role's bound_audiences"},
	{"claim", "the token's claims are not those that the role is bound to"},
	{"token is expired", "the identity token has expired"},
	{"error validating token", "the identity token is not valid for this mount"},
	{"error verifying token", "the identity token is not valid for this mount"},
	{"service account", "the service account is not one that the role is bound to"},
	{"wrapping token is not valid", "the wrapping token is not valid, or was used already: someone else may have read it"},
	{"client certificate must be supplied", "the server wants a client certificate"},
	{"invalid certificate", "the client certificate is not one that the role is bound to"},
	{"no chain matching", "the client certificate is not one that the role is bound to"},
	{"unsupported operation", "the path cannot be read so: perhaps it issues something and wants method=post"},
	{"no handler for route", "there is no engine mounted at the path"},
	{"unsupported path", "there is no such path in the engine"},
	{"lease not found", "there is no such lease"},
	{"invalid lease", "there is no such lease"},
	{"missing client token", "the server wants a token"},
	{"bad token", "the token is not valid, or has expired"},
	{"invalid token", "the token is not valid, or has expired"},
	{"permission denied", "permission denied: the token's policies do not allow it, or it has expired"},
}

// explain turns an error of the API client into ours.
func (c *connection) explain(err error, resp *api.Response) error {
	var status *api.ResponseError
	if !errors.As(err, &status) {
		return httpx.Classify(err)
	}
	reason := fmt.Sprintf("status %d %s", status.StatusCode, http.StatusText(status.StatusCode))
	said := strings.Join(status.Errors, " ")
	kind := kindOf(status.StatusCode, said)
	if !status.RawError {
		for _, p := range phrases {
			if strings.Contains(said, p.theirs) {
				reason = fmt.Sprintf("%s (status %d)", p.ours, status.StatusCode)
				break
			}
		}
	}
	out := &statusError{text: strings.TrimSpace(reason), kind: kind}
	if resp != nil {
		out.after = httpx.RetryAfter(resp.Header, time.Now())
	}
	return out
}

// kindOf is httpx.StatusKind, and what is Vault's own: 412 (a node that lags behind)
// and 472, 473 (a standby of the other kind) pass; a path that no engine serves, and
// an unsupported one, are 404 already.
func kindOf(code int, said string) error {
	const standbyDR, standbyPerformance = 472, 473
	switch code {
	case http.StatusPreconditionFailed, standbyDR, standbyPerformance:
		return fetch.ErrUnavailable
	case http.StatusBadRequest:
		if strings.Contains(said, "permission denied") || strings.Contains(said, "invalid") {
			return fetch.ErrDenied
		}
	}
	return httpx.StatusKind(code)
}

// A statusError says text, and is kind.
type statusError struct {
	text  string
	kind  error
	after time.Duration
}

func (e *statusError) Error() string {
	if e.kind == nil {
		return e.text
	}
	return e.text + ": " + e.kind.Error()
}

func (e *statusError) Unwrap() error { return e.kind }

// RetryAfter is that of fetch.RetryAfterError.
func (e *statusError) RetryAfter() time.Duration { return e.after }
