// Package fetch turns references such as vault://secret/data/ci#token into secret values.
//
// A [Ref] names one field of one document in one store. A [Resolver] holds the
// table of stores (each a [Kind]), reads every document once, selects fields,
// decodes, trims, retries and reports all failures together. Stores only read:
// they implement [Source], one verb.
//
// # Guarantee
//
// No value, prefix of a value, or length of a value appears in an error of this
// package, nor in any formatting of a [Value] or [Secret].
package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"time"
)

// Sentinel errors that a [Source] wraps (with %w) so that the [Resolver] knows
// whether to retry, to honour optional=true, and what remedy to print.
var (
	// ErrNotFound: the document, version or field does not exist. Only this one is forgiven by optional and default.
	ErrNotFound = errors.New("not found")
	// ErrDenied: the store, or maskrun's own rules, refused. Never retried.
	ErrDenied = errors.New("denied")
	// ErrUnavailable: the store could not answer now. Retried with back-off.
	ErrUnavailable = errors.New("unavailable")
	// ErrNoIdentity is for a store that needs Env.Identity where there is none.
	ErrNoIdentity = errors.New("this job has no identity token: on GitHub grant permissions: id-token: write, on GitLab declare id_tokens:, elsewhere set MASKRUN_ID_TOKEN_FILE")
)

// A Source reads documents from one store.
//
// Read returns the document at path. It must be safe for concurrent use, must
// return soon after ctx ends, must wrap the sentinel errors above where they
// apply, and must not put any byte of a document into an error. It does not
// select fields, decode, trim, retry or cache: the [Resolver] does.
type Source interface {
	Read(ctx context.Context, path string, params url.Values) (Document, error)
}

// A ManyReader is a [Source] that can read several documents in one request.
// The answers stand in the order of the queries; each has a document or an error.
type ManyReader interface {
	Source
	ReadMany(ctx context.Context, queries []Query) []Answer
}

// A LeaseKeeper is a [Source] whose leases can be prolonged and given back. Both
// methods know only leases that this Source issued: for others they fail with
// [ErrNotFound]. Renew asks for as much time as the lease had, and says what it got.
type LeaseKeeper interface {
	Source
	Renew(ctx context.Context, lease Lease) (Lease, error)
	Revoke(ctx context.Context, lease Lease) error
}

// A Query is one document asked of a [ManyReader].
type Query struct {
	Path   string
	Params url.Values
}

// An Answer is what a [ManyReader] says to one [Query].
type Answer struct {
	Document Document
	Err      error
}

// Format says how a field is selected from a document's bytes.
type Format string

// The formats a document can have. Auto lets the Resolver tell: a selected field
// is sought in JSON first, then YAML; without a field the bytes are the value.
const (
	Auto   Format = ""
	JSON   Format = "json"
	YAML   Format = "yaml"
	INI    Format = "ini"
	Dotenv Format = "dotenv"
	Binary Format = "binary"
)

// A Document is what a store holds at one path. Whoever receives it owns Data
// and clears it: a Source that caches must hand out copies.
type Document struct {
	Data    []byte
	Format  Format
	Version string    // as the store names it; empty when it has none
	Expires time.Time // zero when it does not
	Lease   *Lease    // nil unless the store issued the value for us
	// Unseal, if any, opens a scalar of a YAML document under the tag !vault: of a
	// document whose values are encrypted one by one only the selected one is
	// opened. Such a document is no value as a whole. It does not cross a pipe.
	Unseal func(sealed []byte) ([]byte, error)
}

// A Lease is a store's promise about a dynamic secret, as data: it can cross a pipe.
type Lease struct {
	ID        string        `json:"id"`
	Duration  time.Duration `json:"duration"`
	Renewable bool          `json:"renewable"`
}

// A Kind is one row of the table of stores.
type Kind struct {
	Scheme  string
	Aliases []string
	Help    string // one line for `maskrun plan` and the README, e.g. "a key of a dotenv file"
	// TrimNewline removes the newlines at the end of a value that is a whole
	// document, as $(…) does. Set by stores that run a program.
	TrimNewline bool
	// Open makes the Source. It is called once for each Resolver and trust level
	// (again only after it failed with ErrUnavailable), and only when a reference
	// needs the store: it may be slow. The Env has a Getenv and a Warn that are
	// not nil. A Source that is an io.Closer is closed by Resolver.Close.
	Open func(ctx context.Context, env Env) (Source, error)
}

// Env is the world as a store may see it. Stores never touch os.Getenv,
// os.Args or the default HTTP client.
type Env struct {
	Getenv func(string) string
	// HTTP is a client of internal/httpx. Nil only in tests of stores that need none.
	HTTP *http.Client
	// Root is the directory that relative file paths are resolved in and cannot leave.
	Root *os.Root
	// Config is the store's own block under stores: in maskrun.yaml, nil if absent.
	// (In the Env given to NewResolver it is all of stores:, by scheme.)
	Config map[string]any
	// Identity yields an OIDC token of this job for an audience; nil where there is none.
	Identity func(ctx context.Context, audience string) (string, error)
	// Trusted is true for references a person gave on the command line or in
	// the environment, and for a configuration file run with --trust-config.
	// Untrusted references cannot run commands or read outside Root.
	Trusted bool
	// ConfigTrusted is true when Config can be believed as the command line is: it
	// was run with --trust-config. Otherwise a pull request may have written it: a
	// store sends no credential to an address that Config chose, and reads no file
	// outside Root that it names.
	ConfigTrusted bool
	// Warn reports something a person should mend (a key file that others can
	// read). One line, no value. Nil drops it.
	Warn func(msg string)
}

// A Request asks for one secret.
type Request struct {
	Name     string // the variable it will be
	Ref      Ref
	Trusted  bool  // see Env.Trusted
	Optional bool  // as optional=true in the reference
	Place    Place // where it was asked for, for its error; may be zero
}
