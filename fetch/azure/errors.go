package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// A failure is an error in our words, with what the Retry-After header asked for.
type failure struct {
	err   error
	after time.Duration
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// RetryAfter makes a failure a [fetch.RetryAfterError].
func (f *failure) RetryAfter() time.Duration { return f.after }

// NonRetriable keeps the SDK from trying again by itself.
func (f *failure) NonRetriable() {}

var errNoToken = fmt.Errorf("the job has none: %w", fetch.ErrDenied)

// entraRule finds Entra's number for what is wrong, which its documentation lists.
var entraRule = fetch.Pattern(`AADSTS[0-9]{4,8}\b`)

// explainIdentity says in our words why there is no token. Job is the error of
// [fetch.Env.Identity], whose words are maskrun's own; nil if it was not that.
func explainIdentity(job, err error) error {
	var auth *azidentity.AuthenticationFailedError
	const what = "sign in to Azure: "
	switch {
	case job != nil:
		return &failure{fmt.Errorf(what+"the job's OIDC token: %w", job), 0}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf(what+"%w", httpx.Classify(err))
	case errors.As(err, &auth) && auth.RawResponse != nil:
		return explainEntra(what, auth.RawResponse, err)
	case errors.As(err, &auth):
		return &failure{fmt.Errorf(what+"%w", httpx.Classify(err)), 0}
	}
	return &failure{fmt.Errorf(what+"no credentials: name tenant_id and client_id and let the job have an OIDC token, set AZURE_CLIENT_SECRET, or run az login: %w", fetch.ErrDenied), 0}
}

// explainEntra says what an answer of the sign-in server means.
func explainEntra(what string, resp *http.Response, err error) error {
	if kind := httpx.StatusKind(resp.StatusCode); errors.Is(kind, fetch.ErrUnavailable) {
		return &failure{fmt.Errorf(what+"status %d: %w", resp.StatusCode, kind), httpx.RetryAfter(resp.Header, time.Now())}
	}
	number := entraRule().FindString(err.Error())
	if number == "" {
		number = fmt.Sprintf("status %d", resp.StatusCode)
	}
	return &failure{fmt.Errorf(what+"it does not accept the credentials or the job's OIDC token (%s): %w", number, fetch.ErrDenied), 0}
}

// A call is what was asked of a vault, for its error.
type call struct{ permission, resource string }

// explain says in our words what went wrong. Of a server's only the presence of known words counts.
func explain(c call, err error) error {
	var own *failure
	var re *azcore.ResponseError
	switch {
	case errors.As(err, &own): // the identity's
		return fetch.StoreWide(own)
	case !errors.As(err, &re) || re.RawResponse == nil:
		return httpx.Classify(err)
	}
	b, _ := runtime.Payload(re.RawResponse)
	body := string(b)
	has := func(word string) bool { return strings.Contains(body, `"`+word+`"`) }
	text, kind := "", httpx.StatusKind(re.StatusCode)
	switch {
	case has("SecretDisabled"), has("KeyDisabled"), has("SecretExpired"), has("KeyExpired"), has("SecretNotYetValid"):
		text, kind = "it is disabled, expired or not valid yet", fetch.ErrDenied
	case has("ForbiddenByFirewall"), has("ForbiddenByConnection"):
		text, kind = "the vault's firewall does not let this machine in", fetch.ErrDenied
	case re.StatusCode == http.StatusForbidden:
		text = fmt.Sprintf("the identity lacks %s on %s", c.permission, c.resource)
	case re.StatusCode == http.StatusUnauthorized:
		text, kind = "the vault does not accept the credentials: is it in another tenant?", fetch.StoreWide(kind)
	case has("SecretNotFound"):
		text, kind = "no such secret or version", fetch.ErrNotFound
	case has("KeyNotFound"):
		text, kind = "no such key", fetch.ErrDenied
	case has("BadParameter"):
		text = "Key Vault does not take the reference, or cannot decrypt the file (another key or ?alg=)"
	case errors.Is(kind, fetch.ErrUnavailable):
		text = fmt.Sprintf("status %d", re.StatusCode)
	default: // a bare 404 is another server's
		text, kind = fmt.Sprintf("status %d, and an answer that Key Vault does not give: is this the address of the store?", re.StatusCode), nil
	}
	if kind == nil {
		return errors.New(text)
	}
	return &failure{fmt.Errorf("%s: %w", text, kind), httpx.RetryAfter(re.RawResponse.Header, time.Now())}
}
