package httpx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/maskrun/maskrun/fetch"
)

// A Call is one request to a REST API that takes a token and answers in JSON: a GET,
// or with a Body a POST. No error has a byte of Token, Body or the answer in it.
type Call struct {
	URL    string
	Token  string            // sent as Authorization: Bearer; empty sends none
	Header map[string]string // more of them; what is empty is not sent
	Body   any               // sent as JSON
}

// Do sends the call, and answers as [Do] does.
func (c Call) Do(ctx context.Context, client *http.Client) (*Answer, error) {
	req, err := c.request(ctx)
	if err != nil { // its text may have all of the URL
		return nil, fmt.Errorf("the address of the store cannot be used: %w", fetch.ErrDenied)
	}
	return Do(client, req)
}

// JSON sends the call and decodes the answer into v. The bytes of the answer are cleared.
func (c Call) JSON(ctx context.Context, client *http.Client, v any) error {
	a, err := c.Do(ctx, client)
	if a != nil {
		defer clear(a.Body)
	}
	if err != nil {
		return err
	}
	return a.JSON(v)
}

func (c Call) request(ctx context.Context) (*http.Request, error) {
	method, body := http.MethodGet, []byte(nil)
	if c.Body != nil {
		var err error
		if body, err = json.Marshal(c.Body); err != nil {
			return nil, err
		}
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, application/octet-stream")
	if c.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.Header {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return req, nil
}

// Hints say what a status means at a store, and what to do about it.
type Hints map[int]string

// Explain puts before err what was tried and, for a [*StatusError], what it means here.
func (h Hints) Explain(what string, err error) error {
	var status *StatusError
	if errors.As(err, &status) && h[status.Code] != "" {
		return fmt.Errorf("%s: %s: %w", what, h[status.Code], err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
