package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"
	"golang.org/x/sync/singleflight"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// A connection is one server, and our token there.
type connection struct {
	env     fetch.Env
	set     settings
	address string
	trusted bool // every credential may go there
	api     *api.Client

	flights singleflight.Group // one login, and one question about a mount, for all who wait

	mu       sync.Mutex
	token    string
	ownToken bool // got by logging in, not given
	mounts   []mount
}

// newConnection makes one; nothing is sent.
func newConnection(env fetch.Env, set settings, address string, trusted bool) (*connection, error) {
	if strings.HasPrefix(address, "http://") && !httpx.Loopback(address) {
		env.Warn("vault: " + address + " is not https: tokens and secrets can be read on the way")
	}
	config := &api.Config{
		Address: address, HttpClient: set.http, DisableRedirects: true,
		MinRetryWait: time.Second, MaxRetryWait: time.Second, // MaxRetries is 0: the Resolver tries again
	}
	if config.HttpClient == nil {
		return nil, errors.New("vault: no HTTP client")
	}
	client, err := api.NewClient(config)
	if err != nil { // it reads variables that we have read already, and quotes them
		return nil, errors.New("the client cannot be set up: check the variables VAULT_…")
	}
	client.ClearToken()
	client.ClearNamespace()
	return &connection{env: env, set: set, address: address, trusted: trusted, api: client}, nil
}

// A call is one request of the API.
type call struct {
	path      string
	token     string
	namespace string // "" means that of the settings
	query     url.Values
	body      map[string]any // nil means a read
	wrap      string
}

// An answer is the envelope of every answer; what it holds stays as it was sent.
type answer struct {
	LeaseID       string          `json:"lease_id"`
	LeaseDuration int64           `json:"lease_duration"`
	Renewable     bool            `json:"renewable"`
	Data          json.RawMessage `json:"data"`
	WrapInfo      json.RawMessage `json:"wrap_info"`
	Auth          json.RawMessage `json:"auth"`

	version string // of a secret of KV version 2
	nothing bool   // status 204: it is done, and there is nothing to say
}

// call asks the server. No byte of an answer is in an error.
func (c *connection) call(ctx context.Context, r call) (*answer, error) {
	if r.namespace == "" {
		r.namespace = c.set.namespace
	}
	client := c.api.WithNamespace(strings.Trim(r.namespace, "/"))
	client.SetToken(r.token)
	if r.wrap != "" {
		client.SetWrappingLookupFunc(func(string, string) string { return r.wrap })
	}
	var resp *api.Response
	var err error
	if r.body == nil {
		resp, err = client.Logical().ReadRawWithDataWithContext(ctx, r.path, r.query)
	} else {
		var text []byte
		if text, err = json.Marshal(r.body); err != nil {
			return nil, errors.New("the parameters cannot be sent")
		}
		resp, err = client.Logical().WriteRawWithContext(ctx, r.path, text)
		clear(text)
	}
	if resp != nil && resp.Body != nil {
		defer resp.Body.Close()
	}
	if err != nil {
		return nil, c.explain(err, resp)
	}
	return c.decode(resp)
}

// decode reads an answer.
func (c *connection) decode(resp *api.Response) (*answer, error) {
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		clear(text)
		return nil, fmt.Errorf("%s: %w", c.address, httpx.Classify(err))
	}
	a := &answer{nothing: resp.StatusCode == http.StatusNoContent}
	if len(strings.TrimSpace(string(text))) == 0 {
		return a, nil
	}
	if err := json.Unmarshal(text, a); err != nil {
		clear(text)
		return nil, fmt.Errorf("%s: the answer is not Vault's: is this the address of a Vault server?", c.address)
	}
	return a, nil
}
