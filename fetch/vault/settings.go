package vault

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// settings are the block stores.vault joined with the environment. The block wins,
// except that it has no say in what is secret: it names files, never values.
type settings struct {
	address, namespace string
	trusted            bool // every credential may go to address
	revoke             bool
	auth               auth
	http               *http.Client
}

// auth says how to log in.
type auth struct {
	method, role, mount, audience     string
	username, roleID                  string
	jwtFile, passwordFile, secretFile string
	wrapped                           bool // the token, or secret id, is a wrapping token for the real one
}

// A block is a mapping of the configuration, of which each key is taken once.
type block struct {
	name  string
	rest  map[string]any
	known []string // that were asked for
	errs  []error
}

func newBlock(name string, config map[string]any) *block {
	return &block{name: name, rest: maps.Clone(config)}
}

// take gives the value of a key, and takes it out of the rest.
func (b *block) take(key string) (any, bool) {
	v, ok := b.rest[key]
	delete(b.rest, key)
	b.known = append(b.known, key)
	return v, ok
}

func (b *block) text(key string) string {
	v, ok := b.take(key)
	s, isText := v.(string)
	if ok && !isText {
		b.errs = append(b.errs, fmt.Errorf("%s.%s: want a text", b.name, key))
	}
	return s
}

func (b *block) flag(key string) bool {
	v, ok := b.take(key)
	on, isFlag := v.(bool)
	if ok && !isFlag {
		b.errs = append(b.errs, fmt.Errorf("%s.%s: want true or false", b.name, key))
	}
	return on
}

func (b *block) mapping(key string) map[string]any {
	v, ok := b.take(key)
	m, isMapping := v.(map[string]any)
	if ok && !isMapping {
		b.errs = append(b.errs, fmt.Errorf("%s.%s: want a mapping", b.name, key))
	}
	return m
}

// secretKeys are what people try first; maskrun.yaml is in the repository.
var secretKeys = []string{"token", "password", "secret_id", "jwt"}

// done tells of mistakes, and of keys that nobody took.
func (b *block) done() error {
	for _, key := range slices.Sorted(maps.Keys(b.rest)) {
		if slices.Contains(secretKeys, key) {
			b.errs = append(b.errs, fmt.Errorf("%s.%s: secrets do not belong in maskrun.yaml: use the variable or a file (docs/stores/vault.md)", b.name, key))
			continue
		}
		b.errs = append(b.errs, fmt.Errorf("%s: %w", b.name, fetch.Unknown("key", key, b.known)))
	}
	return errors.Join(b.errs...)
}

// readSettings reads the block and the environment.
func readSettings(env fetch.Env) (settings, error) {
	get := func(names ...string) string {
		for _, name := range names {
			if v := env.Getenv(name); v != "" {
				return v
			}
		}
		return ""
	}
	or := func(own, other string) string {
		if own != "" {
			return own
		}
		return other
	}
	b := newBlock("stores.vault", env.Config)
	address := b.text("address")
	set := settings{namespace: or(b.text("namespace"), get("VAULT_NAMESPACE", "BAO_NAMESPACE")), revoke: b.flag("revoke")}
	t := tlsNames{ca: b.text("ca_cert"), cert: b.text("client_cert"), key: b.text("client_key"), server: b.text("tls_server_name")}
	a := newBlock("stores.vault.auth", b.mapping("auth"))
	set.auth = auth{
		method:   strings.ToLower(or(a.text("method"), get("VAULT_AUTH_METHOD"))),
		role:     or(a.text("role"), get("VAULT_AUTH_ROLE", "VAULT_ROLE")),
		mount:    strings.Trim(or(a.text("mount"), get("VAULT_AUTH_PATH", "VAULT_AUTH_MOUNT")), "/"),
		audience: a.text("audience"),
		username: or(a.text("username"), get("VAULT_USERNAME")), roleID: or(a.text("role_id"), get("VAULT_ROLE_ID")),
		jwtFile: a.text("jwt_file"), passwordFile: a.text("password_file"), secretFile: a.text("secret_id_file"),
		wrapped: a.flag("wrapped"),
	}
	if err := errors.Join(a.done(), b.done()); err != nil {
		return set, err
	}
	if err := set.locate(address, get("VAULT_ADDR", "VAULT_SERVER_URL", "BAO_ADDR"), env.ConfigTrusted); err != nil {
		return set, err
	}
	if get("VAULT_SKIP_VERIFY", "BAO_SKIP_VERIFY") != "" {
		env.Warn("vault: VAULT_SKIP_VERIFY is not honoured: give the server's authority with VAULT_CACERT")
	}
	var err error
	set.http, err = t.client(env, get)
	return set, err
}

// locate settles the address, and whether credentials may go there.
func (s *settings) locate(config, environment string, configTrusted bool) error {
	var err error
	if environment != "" {
		if environment, err = parseAddress(environment); err != nil {
			return fmt.Errorf("VAULT_ADDR: %w", err)
		}
		s.address, s.trusted = environment, true
	}
	if config != "" {
		if config, err = parseAddress(config); err != nil {
			return fmt.Errorf("stores.vault.address: %w", err)
		}
		s.address, s.trusted = config, configTrusted || config == environment
	}
	return nil
}

// tlsNames are the files of TLS that the block names; the environment adds to them.
type tlsNames struct{ ca, cert, key, server string }

// client gives the HTTP client, changed as the settings say.
func (t tlsNames) client(env fetch.Env, get func(...string) string) (*http.Client, error) {
	ca := []byte(get("VAULT_CACERT_BYTES", "BAO_CACERT_BYTES"))
	var err error
	if path := get("VAULT_CACERT", "BAO_CACERT"); path != "" || t.ca != "" {
		if ca, err = readNamed(env, t.ca, path); err != nil {
			return nil, fmt.Errorf("certificate of the authority: %w", err)
		}
	}
	var certs []tls.Certificate
	certFile, keyFile := get("VAULT_CLIENT_CERT", "BAO_CLIENT_CERT"), get("VAULT_CLIENT_KEY", "BAO_CLIENT_KEY")
	if t.cert != "" || certFile != "" {
		pair, err := t.pair(env, certFile, keyFile)
		if err != nil {
			return nil, err
		}
		certs = append(certs, pair)
	}
	server := t.server
	if server == "" {
		server = get("VAULT_TLS_SERVER_NAME", "BAO_TLS_SERVER_NAME")
	}
	if len(ca) == 0 && certs == nil && server == "" {
		return env.HTTP, nil
	}
	return httpx.With(env.HTTP, func(o *httpx.Options) {
		if len(ca) > 0 {
			o.CA = ca
		}
		o.Certificates, o.ServerName = certs, server
	})
}

// pair reads the client's certificate and its key.
func (t tlsNames) pair(env fetch.Env, certFile, keyFile string) (tls.Certificate, error) {
	cert, err := readNamed(env, t.cert, certFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("client certificate: %w", err)
	}
	key, err := readNamed(env, t.key, keyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("key of the client certificate: %w", err)
	}
	defer clear(key)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil { // its text may quote the key's file
		return tls.Certificate{}, errors.New("the client certificate and its key do not fit together, or are not in PEM")
	}
	return pair, nil
}

// readNamed reads the file that the configuration names, else that of the environment.
func readNamed(env fetch.Env, config, environment string) ([]byte, error) {
	switch {
	case config != "" && env.ConfigTrusted:
		return env.ReadKeyFile(config)
	case config != "":
		env.Trusted = false // whatever the reference is, the name is the configuration's
		return env.ReadFile(config)
	case environment != "":
		env.Trusted = true
		return env.ReadFile(environment)
	}
	return nil, errors.New("no file is named")
}
