package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/maskrun/maskrun/fetch"
)

// defaultAudience is what the identity provider in IAM is told to expect.
const defaultAudience = "sts.amazonaws.com"

// identify replaces the credentials that the SDK found by those of the roles of s.
func (a *accounts) identify(cfg *aws.Config, s settings) {
	cfg.Credentials = &explained{cfg.Credentials, explainSDK}
	roles := s.roleList()
	if len(roles) == 0 && a.ownRole() != "" {
		roles = []string{a.ownRole()}
	}
	for i, role := range roles {
		client := sts.NewFromConfig(*cfg)
		var assume aws.CredentialsProvider = stscreds.NewAssumeRoleProvider(client, role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = a.session(s)
			if i == len(roles)-1 && s.externalID != "" {
				o.ExternalID = &s.externalID
			}
		})
		if i == 0 && a.env.Identity != nil && !s.noJob {
			otherwise := assume
			if s.profile == "" && !a.hasKeys() {
				otherwise = nil
			}
			assume = &webIdentity{client, a.env.Identity, role, a.session(s), s.audience, otherwise}
		}
		cfg.Credentials = aws.NewCredentialsCache(&explained{assume, func(err error) error { return explainRole(role, err) }})
	}
}

// ownRole is AWS_ROLE_ARN where nothing says how to assume it, but the job has an identity.
func (a *accounts) ownRole() string {
	role := a.env.Getenv("AWS_ROLE_ARN")
	if a.env.Identity == nil || a.hasKeys() || a.env.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") != "" || !roleRule().MatchString(role) {
		return ""
	}
	return role
}

// hasKeys tells whether the environment names credentials of AWS.
func (a *accounts) hasKeys() bool {
	return a.env.Getenv("AWS_ACCESS_KEY_ID") != "" || a.env.Getenv("AWS_PROFILE") != ""
}

// session names the job in CloudTrail.
func (a *accounts) session(s settings) string {
	if name := a.env.Getenv("AWS_ROLE_SESSION_NAME"); s.session == "" && sessionRule().MatchString(name) {
		return name
	}
	if s.session != "" {
		return s.session
	}
	for _, name := range []string{"GITHUB_RUN_ID", "CI_JOB_ID"} {
		if id := "maskrun-" + a.env.Getenv(name); id != "maskrun-" && sessionRule().MatchString(id) {
			return id
		}
	}
	return "maskrun"
}

// webIdentity assumes a role with the job's OIDC token.
type webIdentity struct {
	client   *sts.Client
	identity func(ctx context.Context, audience string) (string, error)
	role     string
	session  string
	audience string // empty for AWS's own

	// otherwise is asked where the job has no token for AWS (but for somebody else). May be nil.
	otherwise aws.CredentialsProvider
}

// Retrieve is that of [aws.CredentialsProvider].
func (w *webIdentity) Retrieve(ctx context.Context) (aws.Credentials, error) {
	token, err := w.identity(ctx, cmp.Or(w.audience, defaultAudience))
	if err != nil && w.otherwise != nil && errors.Is(err, fetch.ErrDenied) {
		return w.otherwise.Retrieve(ctx)
	}
	if err != nil {
		return aws.Credentials{}, identityError{err}
	}
	out, err := w.client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &w.role, RoleSessionName: &w.session, WebIdentityToken: &token,
	})
	if err != nil {
		return aws.Credentials{}, err
	}
	c := out.Credentials
	if c == nil || c.AccessKeyId == nil || c.SecretAccessKey == nil || c.SessionToken == nil || c.Expiration == nil {
		return aws.Credentials{}, errors.New("no credentials in the answer")
	}
	return aws.Credentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken,
		CanExpire: true, Expires: *c.Expiration, Source: "maskrun",
	}, nil
}

// An identityError is that of [fetch.Env.Identity], whose words are maskrun's own.
type identityError struct{ error }

func (e identityError) Unwrap() error { return e.error }

// explained gives a provider's errors our words, before the SDK wraps them in its.
type explained struct {
	aws.CredentialsProvider
	explain func(error) error
}

// Retrieve is that of [aws.CredentialsProvider].
func (e *explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := e.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		return c, e.explain(err)
	}
	return c, nil
}

// explainRole says why a role could not be assumed.
func explainRole(role string, err error) error {
	var own *failure
	if errors.As(err, &own) { // of the role before, or the SDK's chain
		return own
	}
	what := "assume the role " + role
	var id identityError
	if errors.As(err, &id) {
		return failed(what, fmt.Errorf("the job's OIDC token: %w", id.error))
	}
	return explain(call{what: what, action: "sts:AssumeRole", resource: role, who: "the identity"}, err)
}

// explainSDK says that the SDK's chain came to nothing. What it says itself is a
// list of all that was tried, with parts of files and answers.
func explainSDK(err error) error {
	var op *smithy.OperationError
	if errors.As(err, &op) && op.ServiceID != imds.ServiceID { // a role of the profile, or SSO
		return explain(call{what: "sign in to AWS", action: "sts:AssumeRole", resource: "the role of the profile", who: "the identity"}, err)
	}
	if errors.Is(err, context.Canceled) {
		return failed("sign in to AWS", context.Canceled)
	}
	return failed("sign in to AWS", fmt.Errorf(
		"no credentials: set a role and let the job have an OIDC token, or AWS_ACCESS_KEY_ID, AWS_PROFILE, or run where the instance has a role: %w", fetch.ErrDenied))
}
