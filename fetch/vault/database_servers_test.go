//go:build servers

package vault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/helper"
	"github.com/maskrun/maskrun/fetch/vault"
	"github.com/maskrun/maskrun/internal/vaulttest"
)

// A postgres is a real server, on loopback, for one test.
type postgres struct{ bin, port string }

// startPostgres starts Debian's PostgreSQL, as its own user where we are root, for it refuses root.
func startPostgres(t *testing.T) *postgres {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(found) == 0 {
		t.Fatal("no PostgreSQL: apt-get install postgresql")
	}
	dir, err := os.MkdirTemp("", "maskrun-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &postgres{bin: found[len(found)-1]}
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		account, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(account.Uid)
		gid, _ := strconv.Atoi(account.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("boss-of-a-test\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(p.bin, "initdb"), "-D", data, "-U", "boss", "--auth=scram-sha-256", "--pwfile="+password, "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, "/"
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, p.port, _ = net.SplitHostPort(l.Addr().String())
	l.Close()
	server := exec.Command(filepath.Join(p.bin, "postgres"), "-D", data, "-p", p.port, "-k", dir, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
	server.SysProcAttr, server.Dir = attr, "/"
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-server.Process.Pid, syscall.SIGQUIT); _ = server.Wait() })
	for deadline := time.Now().Add(60 * time.Second); p.login("boss", "boss-of-a-test") != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("PostgreSQL did not come up within a minute")
		}
	}
	return p
}

// login asks a question as a user, with the real client.
func (p *postgres) login(name, password string) error {
	psql := exec.Command(filepath.Join(p.bin, "psql"), "-h", "127.0.0.1", "-p", p.port, "-U", name, "-d", "postgres", "-w", "-t", "-c", "select 1")
	psql.Env = append(psql.Environ(), "PGPASSWORD="+password, "PGCONNECT_TIMEOUT=10")
	out, err := psql.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// Credentials of a database are issued, used, prolonged, and given back.
func TestRealDatabase(t *testing.T) {
	p := startPostgres(t)
	const plugin = "postgresql-database-plugin"
	s := vaulttest.Start(t, &vaulttest.Options{Plugins: []string{plugin}})
	furnish(t, s)
	s.Enable(t, "mounts/database", "database", nil)
	s.Write(t, "database/config/pg", map[string]any{
		"plugin_name": plugin, "allowed_roles": "*", "username": "boss", "password": "boss-of-a-test",
		"connection_url": "postgresql://{{username}}:{{password}}@127.0.0.1:" + p.port + "/postgres?sslmode=disable",
	})
	s.Write(t, "database/roles/reader", map[string]any{
		"db_name": "pg", "default_ttl": "10m", "max_ttl": "1h",
		"creation_statements":   []string{`CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';`},
		"revocation_statements": []string{`DROP ROLE IF EXISTS "{{name}}";`},
	})
	w := world{vars: map[string]string{"VAULT_ADDR": s.Address, "VAULT_TOKEN": ciToken(t, s)}}
	e, source := w.env(t), w.open(t)

	// One answer for the name and the password, by the Resolver: two would be two users.
	r := fetch.NewResolver(e, vault.Kind())
	defer r.Close()
	var reqs []fetch.Request
	for _, field := range []string{"username", "password"} {
		ref, err := fetch.ParseRef("vault://database/creds/reader#" + field)
		if err != nil {
			t.Fatal(err)
		}
		reqs = append(reqs, fetch.Request{Name: field, Ref: ref, Trusted: true})
	}
	secrets, err := r.Resolve(t.Context(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.login(string(secrets[0].Value.Reveal()), string(secrets[1].Value.Reveal())); err != nil {
		t.Errorf("the issued credentials do not log in: %v", err)
	}
	if secrets[0].Lease == nil || secrets[0].Expires.IsZero() {
		t.Errorf("lease %v, expires %v", secrets[0].Lease, secrets[0].Expires)
	}

	t.Run("through the helper", func(t *testing.T) { leaseByHelper(t, p, w, reqs) })

	keeper := source.(fetch.LeaseKeeper)
	doc, err := source.Read(t.Context(), "database/creds/reader", url.Values{})
	if err != nil || doc.Lease == nil {
		t.Fatalf("lease %v, error %v", doc.Lease, err)
	}
	renewed, err := keeper.Renew(t.Context(), *doc.Lease)
	if err != nil || renewed.ID != doc.Lease.ID || renewed.Duration <= 0 {
		t.Errorf("renewed %v, error %v", renewed, err)
	}
	name, password := field(t, doc, "username"), field(t, doc, "password")
	if err := p.login(name, password); err != nil {
		t.Error(err)
	}
	if err := keeper.Revoke(t.Context(), *doc.Lease); err != nil {
		t.Fatal(err)
	}
	p.wantGone(t, name, password)
	if err := keeper.Revoke(t.Context(), *doc.Lease); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	if _, err := read(t, source, "database/creds/nobody", "username"); err == nil || strings.Contains(err.Error(), "boss") {
		t.Errorf("a role that does not exist: %v", err)
	}
}

// field takes one text of a document.
func field(t *testing.T, doc fetch.Document, name string) string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(doc.Data, &fields); err != nil {
		t.Fatalf("the document is no JSON object: %v", err)
	}
	return fmt.Sprint(fields[name])
}

// wantGone waits until credentials that were given back log in no more: Vault answers
// before the role is gone.
func (p *postgres) wantGone(t *testing.T, name, password string) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); p.login(name, password) == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the credentials log in a minute after they were revoked")
		}
	}
}

// leaseByHelper does the same where the store is in maskrun-stores, as it is for maskrun: the
// lease crosses the pipe, and can be prolonged and given back as long as the helper lives.
func leaseByHelper(t *testing.T, p *postgres, w world, reqs []fetch.Request) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir, "../../cmd/maskrun-stores").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	o := helper.Options{Name: helper.Stores, Dir: dir, Environ: []string{"HOME=" + dir}, Hello: time.Minute, Answer: time.Minute}
	for k, v := range w.vars {
		o.Environ = append(o.Environ, k+"="+v)
	}
	client := helper.New(t.Context(), o)
	r := fetch.NewResolver(fetch.Env{}, client.Bind(vault.Kind())...)
	secrets, err := r.Resolve(t.Context(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	name, password := string(secrets[0].Value.Reveal()), string(secrets[1].Value.Reveal())
	if err := p.login(name, password); err != nil {
		t.Error(err)
	}
	renewed, err := r.Renew(t.Context(), secrets[0])
	if err != nil || renewed.ID != secrets[0].Lease.ID || renewed.Duration <= 0 {
		t.Errorf("renewed %v, error %v", renewed, err)
	}
	if err := r.Revoke(t.Context(), secrets[0]); err != nil {
		t.Fatal(err)
	}
	p.wantGone(t, name, password)
	if _, err := r.Renew(t.Context(), secrets[0]); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("prolonged after it was given back: %v", err)
	}
	if err := errors.Join(r.Close(), client.Close()); err != nil {
		t.Error(err)
	}
}
