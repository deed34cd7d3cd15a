package aws

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// atOnce is how many calls one store has under way.
const atOnce = 8

// maxAnswer bounds one answer: 20 secrets of 64 KiB, in base64 in JSON.
const maxAnswer = 8 << 20

// accounts are what a store calls AWS with: one configuration of the SDK for all
// references of equal settings, so that a role is assumed once.
type accounts struct {
	env      fetch.Env
	base     settings
	api      *http.Client
	metadata *http.Client
	slots    chan struct{}

	mu   sync.Mutex
	open map[settings]aws.Config
}

func openAccounts(scheme string, env fetch.Env) (*accounts, error) {
	base, err := readSettings(scheme, env)
	if err != nil {
		return nil, err
	}
	a := &accounts{env: env, base: base, slots: make(chan struct{}, atOnce), open: map[settings]aws.Config{}}
	var bundle []byte
	if path := env.Getenv("AWS_CA_BUNDLE"); path != "" {
		trusting := env
		trusting.Trusted = true // the path comes from the environment
		if bundle, err = trusting.ReadFile(path); err != nil {
			return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
	}
	if a.api, err = httpx.With(env.HTTP, func(o *httpx.Options) { o.MaxBody = maxAnswer; o.CA = bundle }); err != nil {
		return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
	}
	a.metadata, err = httpx.With(env.HTTP, func(o *httpx.Options) { o.LinkLocal = true })
	return a, err
}

// config gives the SDK's configuration for s, with a region and an identity.
func (a *accounts) config(ctx context.Context, s settings) (aws.Config, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if cfg, ok := a.open[s]; ok {
		return cfg, nil
	}
	cfg, err := a.load(ctx, s)
	if err != nil {
		return cfg, err
	}
	a.open[s] = cfg
	return cfg, nil
}

func (a *accounts) load(ctx context.Context, s settings) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }), // the Resolver tries again
		config.WithLogger(logging.Nop{}),
		config.WithAPIOptions([]func(*middleware.Stack) error{sendBy(a.api)}),
		config.WithEC2RoleCredentialOptions(a.instance),
		config.WithEndpointCredentialOptions(a.container),
	}
	if s.region != "" {
		options = append(options, config.WithRegion(s.region))
	}
	if s.profile != "" {
		options = append(options, config.WithSharedConfigProfile(s.profile))
	}
	if s.endpoint != "" {
		options = append(options, config.WithBaseEndpoint(s.endpoint))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil { // its text may quote a line of the file
		return cfg, fetch.StoreWide(fmt.Errorf("the AWS configuration (AWS_… variables, ~/.aws, the profile) cannot be used: %w", fetch.ErrDenied))
	}
	if cfg.Region == "" {
		return cfg, fetch.StoreWide(fmt.Errorf("no AWS region: set AWS_REGION, region in the configuration, or ?region=: %w", fetch.ErrDenied))
	}
	a.identify(&cfg, s)
	return cfg, nil
}

// instance reads the credentials of an EC2 instance with IMDSv2, never with version 1: a server
// that can be made to fetch an address could be made to fetch these. FAULTS 93.
func (a *accounts) instance(o *ec2rolecreds.Options) {
	o.Client = imds.New(imds.Options{HTTPClient: a.metadata, Retryer: aws.NopRetryer{}, EnableFallback: aws.FalseTernary})
}

// container reads those of ECS and EKS, which are link-local too.
func (a *accounts) container(o *endpointcreds.Options) {
	o.HTTPClient, o.APIOptions = a.metadata, nil
}

// sendBy makes every client of the SDK send its requests by c. To be its HTTPClient would not
// do: where AWS_CA_BUNDLE is set the SDK refuses all but its own.
func sendBy(c *http.Client) func(*middleware.Stack) error {
	send := middleware.DeserializeMiddlewareFunc("maskrunSend",
		func(ctx context.Context, in middleware.DeserializeInput, _ middleware.DeserializeHandler) (out middleware.DeserializeOutput, md middleware.Metadata, err error) {
			req, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return out, md, fmt.Errorf("a request that is none of HTTP: %T", in.Request)
			}
			resp, err := c.Do(req.Build(ctx))
			if err == nil {
				err = readWhole(resp)
			}
			if err != nil {
				return out, md, &smithyhttp.RequestSendError{Err: err}
			}
			return middleware.DeserializeOutput{RawResponse: &smithyhttp.Response{Response: resp}}, md, nil
		})
	return func(stack *middleware.Stack) error { return stack.Deserialize.Add(send, middleware.After) }
}

// readWhole reads the body before the SDK does, whose decoders make one error of a
// body that is too large, too slow or cut off.
func readWhole(resp *http.Response) error {
	b, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		clear(b)
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return err
}

// enter gives the configuration for s, as soon as a call may be made: few are under way at
// once. Who made it says done.
func (a *accounts) enter(ctx context.Context, s settings) (cfg aws.Config, done func(), err error) {
	if cfg, err = a.config(ctx, s); err != nil {
		return cfg, nil, err
	}
	select {
	case a.slots <- struct{}{}:
		return cfg, func() { <-a.slots }, nil
	case <-ctx.Done():
		return cfg, nil, ctx.Err()
	}
}
