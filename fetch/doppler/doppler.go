// Package doppler is the store doppler://PROJECT/CONFIG#NAME, over Doppler's REST API.
//
// The document is all secrets of one config, as JSON: one request, however many of
// them are wanted. PROJECT/CONFIG/NAME is the same as PROJECT/CONFIG#NAME. The
// token is DOPPLER_TOKEN, or the one that Doppler gives for the job's identity
// (identity under stores.doppler).
//
// # Guarantee
//
// The token goes to Doppler, or to an address that a trusted party named, and
// follows no redirect. No error holds a byte of the token or of an answer.
package doppler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "doppler", Help: "a secret of a Doppler config", Open: open}
}

// standard is the address of Doppler's API.
const standard = "https://api.doppler.com"

func open(ctx context.Context, env fetch.Env) (fetch.Source, error) {
	address, identity, err := settings(env)
	if err != nil {
		return nil, err
	}
	s := &source{client: env.HTTP, address: address, token: env.Getenv("DOPPLER_TOKEN")}
	switch {
	case s.token != "":
		return s, nil
	case identity != "" && env.Identity != nil:
		return s, s.login(ctx, env, identity)
	}
	return nil, fmt.Errorf("no Doppler token is given: set DOPPLER_TOKEN, or stores.doppler.identity where the job has an identity token: %w", fetch.ErrDenied)
}

func settings(env fetch.Env) (address, identity string, err error) {
	texts := map[string]string{}
	for key, v := range env.Config {
		text, ok := v.(string)
		if !ok || key != "address" && key != "identity" {
			return "", "", fmt.Errorf("stores.doppler.%s: want the keys address and identity, each a text", key)
		}
		texts[key] = text
	}
	address, err = httpx.Base{
		Config: texts["address"], Key: "stores.doppler.address", Environ: env.Getenv("DOPPLER_API_HOST"), Variable: "DOPPLER_API_HOST", Standard: standard,
	}.Address(env.ConfigTrusted)
	return address, texts["identity"], err
}

type source struct {
	client         *http.Client
	address, token string
}

// login trades the job's identity token for one of a service account identity.
func (s *source) login(ctx context.Context, env fetch.Env, identity string) error {
	token, err := env.Identity(ctx, s.address)
	if err != nil {
		return fmt.Errorf("identity of the job: %w", err)
	}
	var answer struct{ Token string }
	err = httpx.Call{URL: s.address + "/v3/auth/oidc", Body: map[string]string{"identity": identity, "token": token}}.JSON(ctx, s.client, &answer)
	switch {
	case err != nil:
		return hints.Explain("log in to Doppler", err)
	case answer.Token == "":
		return errors.New("log in to Doppler: the answer has no token")
	}
	s.token = answer.Token
	return nil
}

var name = fetch.Pattern(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

// Read gives all secrets of the config PROJECT/CONFIG.
func (s *source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	project, config, ok := strings.Cut(path, "/")
	if !ok || !name().MatchString(project) || !name().MatchString(config) {
		return fetch.Document{}, errors.New("want doppler://PROJECT/CONFIG#NAME")
	}
	query := url.Values{"project": {project}, "config": {config}, "format": {"json"}}
	var all map[string]json.RawMessage
	err := httpx.Call{URL: s.address + "/v3/configs/config/secrets/download?" + query.Encode(), Token: s.token}.JSON(ctx, s.client, &all)
	if err != nil {
		return fetch.Document{}, hints.Explain("config "+path, err)
	}
	data, err := json.Marshal(all)
	return fetch.Document{Data: data, Format: fetch.JSON}, err
}

var hints = httpx.Hints{
	http.StatusUnauthorized: "the token is not valid, or has expired",
	http.StatusForbidden:    "the token may not read it: a service token is for one config alone",
	http.StatusNotFound:     "no such project or config, or the token may not see it",
}
