package infisical

import (
	"context"
	"fmt"
	"net/http"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// login finds a token, or gets one.
func (s *source) login(ctx context.Context, env fetch.Env, identity string) error {
	if s.token = env.Getenv("INFISICAL_TOKEN"); s.token != "" {
		return nil
	}
	id := env.Getenv("INFISICAL_CLIENT_ID")
	secret := env.Getenv("INFISICAL_CLIENT_SECRET")
	if id == "" && secret == "" { // as the infisical program has them
		id, secret = env.Getenv("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID"), env.Getenv("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET")
	}
	if identity == "" {
		identity = env.Getenv("INFISICAL_IDENTITY_ID")
	}
	switch {
	case id != "" && secret != "":
		return s.trade(ctx, "universal-auth", map[string]string{"clientId": id, "clientSecret": secret})
	case identity != "" && env.Identity != nil:
		token, err := env.Identity(ctx, s.address)
		if err != nil {
			return fmt.Errorf("identity of the job: %w", err)
		}
		return s.trade(ctx, "oidc-auth", map[string]string{"identityId": identity, "jwt": token})
	}
	return fmt.Errorf("no Infisical credentials are given: set INFISICAL_TOKEN, INFISICAL_CLIENT_ID and INFISICAL_CLIENT_SECRET, or INFISICAL_IDENTITY_ID where the job has an identity token: %w", fetch.ErrDenied)
}

// trade gives credentials for a token.
func (s *source) trade(ctx context.Context, method string, credentials map[string]string) error {
	var answer struct {
		AccessToken string `json:"accessToken"`
	}
	if err := s.ask(ctx, "/api/v1/auth/"+method+"/login", credentials, &answer); err != nil {
		return hints.Explain("log in to Infisical ("+method+")", err)
	}
	if answer.AccessToken == "" {
		return fmt.Errorf("log in to Infisical (%s): the answer has no token", method)
	}
	s.token = answer.AccessToken
	return nil
}

// ask does one request with a body in JSON, or none, and reads the answer into v.
func (s *source) ask(ctx context.Context, path string, body, v any) error {
	return httpx.Call{URL: s.address + path, Token: s.token, Body: body}.JSON(ctx, s.client, v)
}

var hints = httpx.Hints{
	http.StatusUnauthorized: "the credentials are not valid, or have expired",
	http.StatusForbidden:    "the identity may not read it: it must be a member of the project with a role that can read secrets there",
	http.StatusNotFound:     "no such project, environment or folder, or the identity may not see it",
}
