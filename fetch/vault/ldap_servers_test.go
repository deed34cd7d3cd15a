//go:build servers

package vault_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/internal/vaulttest"
)

const slapdConf = `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile DIR/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=example,dc=org"
rootdn "cn=boss,dc=example,dc=org"
rootpw boss-of-a-test
directory DIR/data
`

const people = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: uid=ann,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: Example
userPassword: PASSWORD
`

// startLDAP starts Debian's OpenLDAP on loopback, with one user, ann, and gives its port.
func startLDAP(t *testing.T, password string) (port string, stop func()) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		text = strings.NewReplacer("DIR", dir, "PASSWORD", password).Replace(text)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := write("slapd.conf", slapdConf)
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("/usr/sbin/slapadd", "-q", "-f", conf, "-l", write("people.ldif", people)).CombinedOutput(); err != nil {
		t.Fatalf("slapadd (apt-get install slapd): %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	server := exec.Command("/usr/sbin/slapd", "-f", conf, "-h", "ldap://"+address, "-d", "0") // in the foreground
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() { _ = syscall.Kill(-server.Process.Pid, syscall.SIGKILL); _ = server.Wait() }
	t.Cleanup(stop)
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("OpenLDAP did not come up within a minute")
		}
	}
	return address[strings.LastIndex(address, ":")+1:], stop
}

// A login against a real directory: the right password, a wrong one, nobody's, and no directory.
func TestRealLDAP(t *testing.T) {
	const plugin = "vault-plugin-auth-ldap"
	port, stop := startLDAP(t, fetchtest.Canary)
	s := vaulttest.Start(t, &vaulttest.Options{Plugins: []string{plugin}})
	furnish(t, s)
	s.Enable(t, "auth/ldap", plugin, nil)
	s.Write(t, "auth/ldap/config", map[string]any{"url": "ldap://127.0.0.1:" + port, "userdn": "ou=people,dc=example,dc=org", "userattr": "uid", "request_timeout": "10s"})
	s.Write(t, "auth/ldap/users/ann", map[string]any{"policies": "ci"})
	login := func(t *testing.T, name, password string) (string, error) {
		t.Helper()
		src := world{
			vars:   map[string]string{"VAULT_ADDR": s.Address, "VAULT_PASSWORD": password},
			config: map[string]any{"auth": map[string]any{"method": "ldap", "username": name}},
		}.open(t)
		return read(t, src, "secret/ci/app", "token")
	}
	for _, c := range []struct{ why, name, password, text string }{
		{"ann", "ann", fetchtest.Canary, ""},
		{"a wrong password", "ann", fetchtest.Canary + "x", "the user name or the password is not valid"},
		{"nobody", "nobody", fetchtest.Canary, "the user name or the password is not valid"},
		{"a name that would be another entry", "ann,ou=people", fetchtest.Canary, "the user name or the password is not valid"},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := login(t, c.name, c.password)
			if c.text == "" {
				if err != nil || got != fetchtest.Canary+"-2" {
					t.Errorf("%q, error %v", got, err)
				}
				return
			}
			fetchtest.WantError(t, err, fetch.ErrDenied, c.text)
		})
	}
	stop()
	_, err := login(t, "ann", fetchtest.Canary)
	fetchtest.WantError(t, err, fetch.ErrUnavailable, "login: ldap at auth/ldap/login/ann: status 500")
}
