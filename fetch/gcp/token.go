package gcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"golang.org/x/oauth2/google/externalaccount"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// scope is the one that both APIs take; what it allows is for IAM to say.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// tokens give an access token, kept until shortly before its end.
type tokens struct {
	src   oauth2.TokenSource
	watch *watch
}

// A watch remembers what became of the last request for a token. The library's own
// errors quote what the server said; its requests come one after another.
type watch struct {
	inner http.RoundTripper
	mu    sync.Mutex
	last  error
}

// RoundTrip is that of [http.RoundTripper].
func (w *watch) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.inner.RoundTrip(req)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last = err; err == nil {
		w.last = httpx.CheckStatus(resp)
	}
	return resp, err
}

func (w *watch) seen() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// newTokens chooses the way to a token. It asks nobody yet.
func newTokens(ctx context.Context, env fetch.Env, client *http.Client, s settings) (*tokens, error) {
	w := &watch{inner: client.Transport}
	watched := *client
	watched.Transport = w
	// Tokens are fetched long after ctx, which is that of opening, has ended.
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, &watched)
	src, err := source(ctx, env, s)
	if err != nil {
		return nil, err
	}
	if s.serviceAccount != "" {
		src = oauth2.ReuseTokenSource(nil, &impersonated{ctx, src, &watched, s})
	}
	return &tokens{oauth2.ReuseTokenSource(nil, src), w}, nil
}

// source is the identity to begin with.
func source(ctx context.Context, env fetch.Env, s settings) (oauth2.TokenSource, error) {
	switch {
	case s.provider != "" && env.Identity != nil:
		return externalaccount.NewTokenSource(ctx, externalaccount.Config{
			Audience:             "//iam.googleapis.com/" + s.provider,
			SubjectTokenType:     "urn:ietf:params:oauth:token-type:jwt",
			TokenURL:             s.stsEndpoint + "/v1/token",
			SubjectTokenSupplier: jobToken{env.Identity, cmp.Or(s.audience, "https://iam.googleapis.com/"+s.provider)},
			Scopes:               []string{scope},
		})
	case s.file != "":
		return fromFile(ctx, env, s.file)
	}
	return &adc{ctx: ctx, env: env}, nil
}

// A jobToken gives the CI job's OIDC token to the exchange.
type jobToken struct {
	identity func(ctx context.Context, audience string) (string, error)
	audience string
}

// SubjectToken is that of [externalaccount.SubjectTokenSupplier].
func (j jobToken) SubjectToken(ctx context.Context, _ externalaccount.SupplierOptions) (string, error) {
	token, err := j.identity(ctx, j.audience)
	if err != nil {
		return "", identityError{err}
	}
	return token, nil
}

// An identityError is that of [fetch.Env.Identity], whose words are maskrun's own.
type identityError struct{ error }

func (e identityError) Unwrap() error { return e.error }

// fromFile reads a file of credentials. One that the configuration of a pull request brings
// along may be a key and nothing else: other types name servers, and files to send there.
func fromFile(ctx context.Context, env fetch.Env, path string) (oauth2.TokenSource, error) {
	b, err := env.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("credentials_file: %w", err)
	}
	defer clear(b)
	var head struct{ Type google.CredentialsType }
	if json.Unmarshal(b, &head) != nil || head.Type == "" {
		return nil, errors.New("credentials_file: not a file of credentials of Google")
	}
	if head.Type != google.ServiceAccount && !env.Trusted {
		return nil, fmt.Errorf("credentials_file: only a service account's key is taken without --trust-config: %w", fetch.ErrDenied)
	}
	creds, err := google.CredentialsFromJSONWithType(ctx, b, head.Type, scope)
	if err != nil { // its text may quote the file
		return nil, errors.New("credentials_file: the credentials cannot be used")
	}
	return paid(env, creds), nil
}

// payer is the extra of a token under which the project stands that pays for the calls.
const payer = "quota_project_id"

// A paying source adds it to its tokens. Of people's credentials Google wants to be told.
type paying struct {
	oauth2.TokenSource
	project string
}

// Token is that of [oauth2.TokenSource].
func (p paying) Token() (*oauth2.Token, error) {
	t, err := p.TokenSource.Token()
	if err != nil {
		return nil, err
	}
	return t.WithExtra(map[string]any{payer: p.project}), nil
}

// paid has the project of the environment pay, or the one that gcloud wrote into the credentials.
func paid(env fetch.Env, creds *google.Credentials) oauth2.TokenSource {
	var file struct {
		Project string `json:"quota_project_id"`
	}
	_ = json.Unmarshal(creds.JSON, &file) // none on a machine of Google's
	if project := cmp.Or(env.Getenv("GOOGLE_CLOUD_QUOTA_PROJECT"), file.Project); project != "" {
		return paying{creds.TokenSource, project}
	}
	return creds.TokenSource
}

// adc are Application Default Credentials, looked for when a token is wanted: to ask the
// metadata service whether it is there takes its time.
type adc struct {
	ctx context.Context
	env fetch.Env
	src oauth2.TokenSource
}

// Token is that of [oauth2.TokenSource].
func (a *adc) Token() (*oauth2.Token, error) {
	if a.src == nil {
		creds, err := google.FindDefaultCredentials(a.ctx, scope)
		if err != nil {
			return nil, errNoCredentials
		}
		a.src = paid(a.env, creds)
	}
	return a.src.Token()
}

var errNoCredentials = fmt.Errorf("no credentials: name a workload_identity_provider and let the job have an OIDC token, or set GOOGLE_APPLICATION_CREDENTIALS, or run gcloud auth application-default login: %w", fetch.ErrDenied)

// impersonated is a service account that the identity may act as.
type impersonated struct {
	ctx    context.Context
	by     oauth2.TokenSource
	client *http.Client
	s      settings
}

// Token is that of [oauth2.TokenSource].
func (i *impersonated) Token() (*oauth2.Token, error) {
	by, err := i.by.Token()
	if err != nil {
		return nil, err
	}
	call := httpx.Call{
		URL:   address(i.s.iamEndpoint, "projects/-/serviceAccounts/"+i.s.serviceAccount, ":generateAccessToken"),
		Token: by.AccessToken, Body: map[string]any{"scope": []string{scope}, "lifetime": "3600s"},
	}
	var out struct {
		AccessToken string
		ExpireTime  time.Time
	}
	switch err := call.JSON(i.ctx, i.client, &out); {
	case err != nil:
		return nil, actError{fmt.Errorf("act as %s (it needs roles/iam.serviceAccountTokenCreator or workloadIdentityUser there): %w", i.s.serviceAccount, err)}
	case out.AccessToken == "":
		return nil, actError{fmt.Errorf("act as %s: no token in the answer", i.s.serviceAccount)}
	}
	return &oauth2.Token{AccessToken: out.AccessToken, Expiry: out.ExpireTime}, nil
}

// An actError is one of impersonation, in our words.
type actError struct{ error }

func (e actError) Unwrap() error { return e.error }

// get gives a token, or stops waiting when ctx ends. The library cannot be called off.
func (t *tokens) get(ctx context.Context) (*oauth2.Token, error) {
	type result struct {
		token *oauth2.Token
		err   error
	}
	done := make(chan result, 1)
	go func() {
		token, err := t.src.Token()
		done <- result{token, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, t.explain(r.err)
		}
		return r.token, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("sign in to Google: %w", ctx.Err())
	}
}

// explain says in our words why there is no token.
func (t *tokens) explain(err error) error {
	var id identityError
	var act actError
	var status *httpx.StatusError
	switch last := t.watch.seen(); {
	case errors.As(err, &id):
		return fmt.Errorf("sign in to Google: the job's OIDC token: %w", id.error)
	case errors.As(err, &act):
		return fmt.Errorf("sign in to Google: %w", act.error)
	case errors.Is(err, errNoCredentials):
		return fmt.Errorf("sign in to Google: %w", errNoCredentials)
	case last == nil && strings.HasSuffix(err.Error(), io.ErrUnexpectedEOF.Error()): // oauth2 does not wrap it
		return fmt.Errorf("sign in to Google: the answer is cut off: %w", fetch.ErrUnavailable)
	case last == nil:
		return errors.New("sign in to Google: the credentials or the answer to them cannot be used")
	case errors.As(last, &status) && !errors.Is(last, fetch.ErrUnavailable):
		return fmt.Errorf("sign in to Google: it does not accept the credentials or the job's OIDC token (status %d): %w", status.Code, fetch.ErrDenied)
	default:
		return fmt.Errorf("sign in to Google: %w", httpx.Classify(last))
	}
}
