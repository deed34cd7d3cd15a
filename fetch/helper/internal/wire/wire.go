// Package wire holds the messages of the store protocol and its limits, for both
// ends. docs/store-protocol.md is the contract; this package follows it.
package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// Version is the protocol version that this package speaks.
const Version = 1

// Limits of the protocol, in bytes.
const (
	MaxDocument = 1 << 20 // one document
	MaxLine     = 2 << 20 // one line either way: a document in base64, and room to spare
	MaxText     = 300     // one message or warning
)

// The types of a message. Hello and Identity go both ways.
const (
	Hello    = "hello"
	Read     = "read"
	Push     = "push"
	Renew    = "renew"
	Revoke   = "revoke"
	Cancel   = "cancel"
	Identity = "identity"
	Document = "document"
	Error    = "error"
	Warning  = "warning"
)

// The kinds of an error.
const (
	NotFound    = "not_found"
	Denied      = "denied"
	Unavailable = "unavailable"
	Invalid     = "invalid"
)

// A Request is a line from maskrun to a helper. The order of the fields is part
// of the protocol: a helper in shell takes id, scheme and path with sed.
type Request struct {
	Type    string         `json:"type"`
	ID      uint64         `json:"id,omitempty"`
	Scheme  string         `json:"scheme,omitempty"`
	Path    *string        `json:"path,omitempty"` // in every read, even if empty
	Params  url.Values     `json:"params,omitempty"`
	Root    string         `json:"root,omitempty"`
	Trusted bool           `json:"trusted,omitempty"`
	More    bool           `json:"more,omitempty"`
	Config  map[string]any `json:"config,omitempty"`
	// ConfigTrusted says of Config what Trusted says of the reference.
	ConfigTrusted bool `json:"config_trusted,omitempty"`

	// Of a renew or revoke.
	Lease *Lease `json:"lease,omitempty"`

	// Of a push. Values are in base64, as data is.
	Values map[string][]byte `json:"values,omitempty"`
	Remove []string          `json:"remove,omitempty"`
	Plan   bool              `json:"plan,omitempty"`
	Prune  bool              `json:"prune,omitempty"`

	Protocol int    `json:"protocol,omitempty"`
	Maskrun  string `json:"maskrun,omitempty"`
	Identity bool   `json:"identity,omitempty"`
	Token    string `json:"token,omitempty"`
	Message  string `json:"message,omitempty"`
}

// An Answer is a line from a helper to maskrun.
type Answer struct {
	Type     string     `json:"type"`
	ID       uint64     `json:"id,omitempty"`
	Protocol int        `json:"protocol,omitempty"`
	Helper   string     `json:"helper,omitempty"`
	Schemes  []string   `json:"schemes,omitempty"`
	Push     bool       `json:"push,omitempty"`   // in a hello: the helper knows the type of that name
	Leases   bool       `json:"leases,omitempty"` // in a hello: it knows renew and revoke
	Data     *string    `json:"data,omitempty"`
	Format   string     `json:"format,omitempty"`
	Version  string     `json:"version,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
	Lease    *Lease     `json:"lease,omitempty"`
	Kind     string     `json:"kind,omitempty"`
	Message  string     `json:"message,omitempty"`
	Audience string     `json:"audience,omitempty"`
	// RetryAfter, in seconds, goes with an error of kind unavailable.
	RetryAfter int64 `json:"retry_after,omitempty"`
	// Store says that any other document would have met the same error.
	Store bool `json:"store,omitempty"`
}

// A Lease is a [fetch.Lease] with its duration in seconds.
type Lease struct {
	ID        string `json:"id"`
	Seconds   int64  `json:"seconds"`
	Renewable bool   `json:"renewable,omitempty"`
}

// Line gives v as one line of JSON with its newline.
func Line(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, errors.New("not expressible in json")
	}
	if b.Len() > MaxLine {
		return nil, fmt.Errorf("longer than %d bytes", MaxLine)
	}
	return b.Bytes(), nil
}

// FromDocument makes the answer that carries d, or an error answer if d is too large.
func FromDocument(id uint64, d fetch.Document) Answer {
	if len(d.Data) > MaxDocument {
		return FromError(id, fmt.Errorf("the document is over %d bytes", MaxDocument))
	}
	data := base64.StdEncoding.EncodeToString(d.Data)
	a := Answer{Type: Document, ID: id, Data: &data, Format: string(d.Format), Version: d.Version}
	if !d.Expires.IsZero() {
		a.Expires = &d.Expires
	}
	if l := d.Lease; l != nil {
		a.Lease = FromLease(*l)
	}
	return a
}

// FromLease makes the message of a lease.
func FromLease(l fetch.Lease) *Lease {
	return &Lease{ID: l.ID, Seconds: int64(l.Duration / time.Second), Renewable: l.Renewable}
}

// Document gives the document that a carries. Its errors hold no byte of it.
func (a Answer) Document() (fetch.Document, error) {
	var d fetch.Document
	if a.Data == nil {
		return d, errors.New("a document without data")
	}
	if len(*a.Data) > base64.StdEncoding.EncodedLen(MaxDocument) {
		return d, fmt.Errorf("a document over %d bytes", MaxDocument)
	}
	data, err := base64.StdEncoding.DecodeString(*a.Data)
	if err != nil {
		return d, errors.New("data that is not base64")
	}
	if len(data) > MaxDocument {
		return d, fmt.Errorf("a document over %d bytes", MaxDocument)
	}
	format, err := parseFormat(a.Format)
	if err != nil {
		return d, err
	}
	d = fetch.Document{Data: data, Format: format, Version: Clean(a.Version)}
	if a.Expires != nil {
		d.Expires = *a.Expires
	}
	d.Lease, err = a.Lease.Lease()
	return d, err
}

// Lease gives the lease that l carries, nil for nil.
func (l *Lease) Lease() (*fetch.Lease, error) {
	if l == nil {
		return nil, nil
	}
	if l.Seconds < 0 || l.Seconds > int64(1<<62/time.Second) {
		return nil, errors.New("a lease of impossible length")
	}
	return &fetch.Lease{ID: l.ID, Duration: time.Duration(l.Seconds) * time.Second, Renewable: l.Renewable}, nil
}

func parseFormat(s string) (fetch.Format, error) {
	switch f := fetch.Format(s); f {
	case fetch.Auto, fetch.JSON, fetch.YAML, fetch.INI, fetch.Dotenv, fetch.Binary:
		return f, nil
	}
	return "", errors.New("a document of unknown format")
}
