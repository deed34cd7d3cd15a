// Package infisical is the store infisical://PROJECT/ENVIRONMENT[/FOLDER…]#NAME, over
// Infisical's REST API.
//
// The document is all secrets of one folder, as JSON: one request, however many of
// them are wanted. PROJECT is its id or its slug. The token is INFISICAL_TOKEN, or
// what a machine identity gets: by universal auth (INFISICAL_CLIENT_ID and
// INFISICAL_CLIENT_SECRET) or by the job's own identity (identity under
// stores.infisical, or INFISICAL_IDENTITY_ID).
//
// # Guarantee
//
// Credentials go to Infisical, or to an address that a trusted party named, and
// follow no redirect. No error holds a byte of a credential or of an answer.
package infisical

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "infisical", Help: "a secret of an Infisical project", Open: open}
}

// standard is the address of Infisical's cloud in the USA.
const standard = "https://app.infisical.com"

func open(ctx context.Context, env fetch.Env) (fetch.Source, error) {
	texts := map[string]string{}
	for key, v := range env.Config {
		text, ok := v.(string)
		if !ok || key != "address" && key != "identity" {
			return nil, fmt.Errorf("stores.infisical.%s: want the keys address and identity, each a text", key)
		}
		texts[key] = text
	}
	variable := "INFISICAL_API_URL"
	if env.Getenv(variable) == "" && env.Getenv("INFISICAL_DOMAIN") != "" {
		variable = "INFISICAL_DOMAIN"
	}
	address, err := httpx.Base{
		Config: texts["address"], Key: "stores.infisical.address",
		Environ: strings.TrimSuffix(strings.TrimRight(env.Getenv(variable), "/"), "/api"), Variable: variable, Standard: standard,
	}.Address(env.ConfigTrusted)
	if err != nil {
		return nil, err
	}
	s := &source{client: env.HTTP, address: address}
	return s, s.login(ctx, env, texts["identity"])
}

type source struct {
	client         *http.Client
	address, token string
}

// names are what projects, environments and folders may be called.
var names = fetch.Pattern(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)

var projectID = fetch.Pattern(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Read gives all secrets of one folder; those imported into it too, where it has none
// of the name itself.
func (s *source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	parts := strings.Split(path, "/")
	if len(parts) < 2 || slices.ContainsFunc(parts, func(p string) bool { return !names().MatchString(p) }) {
		return fetch.Document{}, errors.New("want infisical://PROJECT/ENVIRONMENT/FOLDER#NAME")
	}
	query := url.Values{
		"environment": {parts[1]}, "secretPath": {"/" + strings.Join(parts[2:], "/")},
		"include_imports": {"true"}, "expandSecretReferences": {"true"},
	}
	if projectID().MatchString(parts[0]) {
		query.Set("workspaceId", parts[0])
	} else {
		query.Set("workspaceSlug", parts[0])
	}
	var list listing
	if err := s.ask(ctx, "/api/v3/secrets/raw?"+query.Encode(), nil, &list); err != nil {
		return fetch.Document{}, hints.Explain("folder "+path, err)
	}
	data, err := list.document()
	return fetch.Document{Data: data, Format: fetch.JSON}, err
}

// A listing is Infisical's answer.
type listing struct {
	Secrets []entry `json:"secrets"`
	Imports []struct {
		Secrets []entry `json:"secrets"`
	} `json:"imports"`
}

type entry struct {
	Key    string `json:"secretKey"`
	Value  string `json:"secretValue"`
	Hidden bool   `json:"secretValueHidden"`
}

// document makes name and value of it. Of several imports the last one counts, as
// in Infisical. A value that the token may not see is left out.
func (l listing) document() ([]byte, error) {
	all := map[string]string{}
	add := func(entries []entry) {
		for _, e := range entries {
			if !e.Hidden {
				all[e.Key] = e.Value
			}
		}
	}
	for _, i := range l.Imports {
		add(i.Secrets)
	}
	add(l.Secrets)
	return json.Marshal(all)
}
