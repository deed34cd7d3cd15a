// Package env is the store env://NAME: a variable of maskrun's own environment.
package env

import (
	"context"
	"fmt"
	"net/url"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "env", Help: "a variable of the environment maskrun runs in", Open: open}
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	return source{env.Getenv}, nil
}

type source struct{ getenv func(string) string }

// Read returns the variable's value. One that is empty is not found: CI
// platforms set variables that a job may not see to the empty string.
func (s source) Read(_ context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	value := s.getenv(path)
	if value == "" {
		return fetch.Document{}, fmt.Errorf("the variable is empty or not set: %w", fetch.ErrNotFound)
	}
	return fetch.Document{Data: []byte(value)}, nil
}
