package infisical

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	if err := s.ask(ctx, http.MethodPost, "/api/v1/auth/"+method+"/login", credentials, &answer); err != nil {
		return explain("log in to Infisical ("+method+")", err)
	}
	if answer.AccessToken == "" {
		return fmt.Errorf("log in to Infisical (%s): the answer has no token", method)
	}
	s.token = answer.AccessToken
	return nil
}

// ask does one request with a body in JSON, or none, and reads the answer into v.
func (s *source) ask(ctx context.Context, method, path string, body any, v any) error {
	text := []byte(nil)
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, s.address+path, bytes.NewReader(text))
	if err != nil {
		return errors.New("the address of Infisical cannot be used")
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	a, err := httpx.Do(s.client, req)
	if a != nil {
		defer clear(a.Body)
	}
	if err != nil {
		return err
	}
	return a.JSON(v)
}

// explain adds to a status what it means here.
func explain(what string, err error) error {
	var status *httpx.StatusError
	if !errors.As(err, &status) {
		return fmt.Errorf("%s: %w", what, err)
	}
	hint := map[int]string{
		http.StatusUnauthorized: "the credentials are not valid, or have expired",
		http.StatusForbidden:    "the identity may not read it: it must be a member of the project with a role that can read secrets there",
		http.StatusNotFound:     "no such project, environment or folder, or the identity may not see it",
	}[status.Code]
	if hint == "" {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %s: %w", what, hint, err)
}
