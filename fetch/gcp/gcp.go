// Package gcp is two stores of Google Cloud: secrets of Secret Manager (gcp-sm://)
// and files encrypted with a key of Cloud KMS (gcp-kms://).
//
// # Identity
//
// Where a workload identity provider is named and the job has an OIDC token, that
// is exchanged for Google's; else the credentials are those that Google's libraries
// find (Application Default Credentials). Then, if a service account is named, it is impersonated.
//
// Google's library reads the process environment and the home directory itself,
// not [fetch.Env]: this package belongs in a helper, whose environment is maskrun's.
//
// # Guarantee
//
// No error shows what a server said. A payload whose CRC32C does not match gives no document.
package gcp

import (
	"context"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// SecretManager is the row of gcp-sm://PROJECT/SECRET[/VERSION].
func SecretManager() fetch.Kind {
	return fetch.Kind{Scheme: "gcp-sm", Help: "Google Secret Manager, or a key of a JSON secret there", Open: openSecrets}
}

// KMS is the row of gcp-kms://FILE.
func KMS() fetch.Kind {
	return fetch.Kind{Scheme: "gcp-kms", Help: "a file that holds the output of `gcloud kms encrypt`", Open: openCiphertexts}
}

// A service is one API of Google's, and who we are to it.
type service struct {
	env      fetch.Env
	settings settings
	tokens   *tokens
	http     *http.Client
}

// maxAnswer bounds an answer: 64 KiB in base64 in JSON, and for KMS as much.
const maxAnswer = 1 << 20

func openService(ctx context.Context, scheme string, env fetch.Env) (*service, error) {
	set, err := readSettings(scheme, env)
	if err != nil {
		return nil, err
	}
	client, err := httpx.With(env.HTTP, func(o *httpx.Options) { o.MaxBody = maxAnswer })
	if err != nil {
		return nil, err
	}
	t, err := newTokens(ctx, env, client, set)
	if err != nil {
		return nil, fmt.Errorf("stores.%s: %w", scheme, err)
	}
	return &service{env, set, t, client}, nil
}

// A call is one request, and what its errors call it.
type call struct {
	url        string
	body       any    // of a POST; nil for a GET
	permission string // that the identity needs
	resource   string // on this
}

// do makes a call and reads the answer into out.
func (s *service) do(ctx context.Context, c call, out any) error {
	token, err := s.tokens.get(ctx)
	if err != nil {
		return fetch.StoreWide(err)
	}
	project, _ := token.Extra(payer).(string)
	a, err := httpx.Call{URL: c.url, Token: token.AccessToken, Header: map[string]string{"X-Goog-User-Project": project}, Body: c.body}.Do(ctx, s.http)
	if err != nil {
		return explain(c, a, err)
	}
	defer clear(a.Body)
	return a.JSON(out)
}

// A number is an int64 as Google writes it into JSON: as a text.
type number string

// matches tells whether the sum that came with data is that of data. Old payloads have none.
func (n number) matches(data []byte) bool {
	if n == "" {
		return true
	}
	want, err := strconv.ParseInt(string(n), 10, 64)
	return err == nil && want == int64(crc32.Checksum(data, castagnoli))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errDamaged is told of a payload whose sum does not match: another try may do better.
var errDamaged = fmt.Errorf("the payload was damaged on the way (CRC32C): %w", fetch.ErrUnavailable)

// address joins the endpoint of a service and a resource whose parts are checked already.
func address(endpoint, resource, verb string) string {
	return strings.TrimSuffix(endpoint, "/") + "/v1/" + (&url.URL{Path: resource}).EscapedPath() + verb
}
