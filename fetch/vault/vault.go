// Package vault is the store vault://PATH of HashiCorp Vault and OpenBao.
//
// A path is read as `vault read` reads it; in a KV engine it may also be written as
// `vault kv get` takes it, without data/. Whether a mount is KV, and which version,
// is asked of the server once for each mount. method=post writes to a path that
// issues something (PKI, database, AWS …) with the other parameters as its body. The
// document is the answer's data, as JSON. docs/stores/vault.md says how to log in.
//
// # What is sent where
//
// A credential goes to the address of the environment, to one given on the command line,
// and to one of maskrun.yaml under --trust-config. To any other address of maskrun.yaml,
// which a pull request can change, goes nothing but an identity token of the job
// made for that very address: it is worth nothing elsewhere.
package vault

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "vault", Help: "HashiCorp Vault and OpenBao: KV, and any path that can be read or issues something", Open: open}
}

// open reads the settings. It logs in nowhere: the first Read does, so that a
// login is tried again as a read is.
func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	set, err := readSettings(env)
	if err != nil {
		return nil, err
	}
	return &source{env: env, set: set, connections: map[string]*connection{}, leases: map[string]*connection{}}, nil
}

// A source is one block stores.vault. Addresses that references name have a
// connection each.
type source struct {
	env fetch.Env
	set settings

	mu          sync.Mutex
	connections map[string]*connection // by address
	leases      map[string]*connection // by lease: who issued it
}

var _ fetch.LeaseKeeper = (*source)(nil)

// Read is that of fetch.Source.
func (s *source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	q, err := s.parse(path, params)
	if err != nil {
		return fetch.Document{}, err
	}
	c, err := s.connect(q)
	if err != nil {
		return fetch.Document{}, err
	}
	token, err := c.login(ctx)
	if err != nil {
		return fetch.Document{}, err
	}
	var a *answer
	if q.write {
		a, err = c.write(ctx, token, q)
	} else {
		a, err = c.read(ctx, token, q)
	}
	if err != nil {
		return fetch.Document{}, err
	}
	return s.document(c, a)
}

// connect gives the connection to the address of q.
func (s *source) connect(q query) (*connection, error) {
	address, trusted := s.set.address, s.set.trusted
	if q.address != "" {
		var err error
		if address, err = parseAddress(q.address); err != nil {
			return nil, err
		}
		trusted = s.env.Trusted || s.set.trusted && address == s.set.address
	}
	if address == "" {
		return nil, fetch.StoreWide(errors.New("no address: set VAULT_ADDR, or address under stores.vault"))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.connections[address]; c != nil {
		return c, nil
	}
	c, err := newConnection(s.env, s.set, address, trusted)
	if err == nil {
		s.connections[address] = c
	}
	return c, fetch.StoreWide(err)
}

// document makes one of an answer.
func (s *source) document(c *connection, a *answer) (fetch.Document, error) {
	doc := fetch.Document{Format: fetch.JSON, Version: a.version}
	switch {
	case present(a.WrapInfo):
		doc.Data = a.WrapInfo
	case present(a.Data):
		doc.Data = a.Data
	case present(a.Auth):
		doc.Data = a.Auth
	case a.nothing: // as revoke-self: who wants that says optional
		return doc, fmt.Errorf("the path answers with nothing: %w", fetch.ErrNotFound)
	default:
		return doc, errors.New("the answer has no document in it")
	}
	if a.LeaseID != "" {
		life := time.Duration(a.LeaseDuration) * time.Second
		doc.Lease = &fetch.Lease{ID: a.LeaseID, Duration: life, Renewable: a.Renewable}
		doc.Expires = time.Now().Add(life)
		s.mu.Lock()
		s.leases[a.LeaseID] = c
		s.mu.Unlock()
	}
	return doc, nil
}

// Renew is that of fetch.LeaseKeeper.
func (s *source) Renew(ctx context.Context, lease fetch.Lease) (fetch.Lease, error) {
	a, err := s.withLease(ctx, lease, "sys/leases/renew")
	if err != nil {
		return lease, err
	}
	return fetch.Lease{ID: a.LeaseID, Duration: time.Duration(a.LeaseDuration) * time.Second, Renewable: a.Renewable}, nil
}

// Revoke is that of fetch.LeaseKeeper.
func (s *source) Revoke(ctx context.Context, lease fetch.Lease) error {
	_, err := s.withLease(ctx, lease, "sys/leases/revoke")
	if err == nil {
		s.mu.Lock()
		delete(s.leases, lease.ID)
		s.mu.Unlock()
	}
	return err
}

func (s *source) withLease(ctx context.Context, lease fetch.Lease, path string) (*answer, error) {
	s.mu.Lock()
	c := s.leases[lease.ID]
	s.mu.Unlock()
	if c == nil {
		return nil, fmt.Errorf("the lease was not issued here, or is revoked: %w", fetch.ErrNotFound)
	}
	token, err := c.login(ctx)
	if err != nil {
		return nil, err
	}
	return c.call(ctx, call{path: path, token: token, body: map[string]any{"lease_id": lease.ID}})
}

// revokeTime bounds what Close waits for: a job is about to begin.
const revokeTime = 2 * time.Second

// Close revokes the tokens that were got by logging in, where revoke: true asks for
// it. A token under which leases are alive is left: they would end with it.
func (s *source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.set.revoke {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), revokeTime)
	defer cancel()
	busy := map[*connection]bool{}
	for _, c := range s.leases {
		busy[c] = true
	}
	var errs []error
	for _, c := range s.connections {
		if !busy[c] {
			errs = append(errs, c.revokeOwn(ctx))
		}
	}
	return errors.Join(errs...)
}

// present tells whether a part of an answer is there and not null.
func present(raw []byte) bool { return len(raw) > 0 && strings.TrimSpace(string(raw)) != "null" }
