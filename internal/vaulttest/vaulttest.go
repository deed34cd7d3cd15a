//go:build unix

// Package vaulttest starts a real Vault server for a test, on loopback, and sets it up.
//
// It is for suites behind the build tag servers. The server's program is named by
// MASKRUN_TEST_VAULT, or obtained by .ci/obtain, which builds it the first time
// (ten minutes; once a machine). Nothing here fakes Vault; what stands in for
// somebody else's identity provider is [Issuer], and says so.
//
//	s := vaulttest.Start(t, nil)
//	s.Write(t, "secret/data/ci", map[string]any{"data": map[string]any{"token": "…"}})
//	ci := vaulttest.NewIssuer(t)
//	s.JWT(t, "jwt", ci, map[string]any{"bound_audiences": "https://vault.test", "user_claim": "sub", "token_policies": "ci"})
package vaulttest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Options say what server is wanted. The zero value, and nil, give a dev server:
// unsealed, in memory, KV version 2 at secret/.
type Options struct {
	TLS     bool     // serve https with an own authority, and a client certificate of it: see Server
	Plugins []string // names of programs for .ci/obtain that the server may load
	Sealed  bool     // not initialised, so sealed for ever; TLS is taken as set
}

// A Server is a running Vault. Its process ends with the test.
type Server struct {
	Address string // http://127.0.0.1:PORT, or https
	Token   string // of root; empty when sealed
	// Of a server with TLS: the authority, and a client's certificate and key, as files of PEM.
	CA, ClientCert, ClientKey string

	dir    string
	client *http.Client
}

// Start starts a server and waits until it answers.
func Start(t testing.TB, o *Options) *Server {
	t.Helper()
	if o == nil {
		o = &Options{}
	}
	s := &Server{dir: t.TempDir(), Token: "root-of-a-test", client: http.DefaultClient}
	args := []string{"server"}
	if o.TLS || o.Sealed {
		s.makeCertificates(t)
	}
	listen := freeAddress(t)
	s.Address = "http://" + listen
	switch {
	case o.Sealed:
		s.Token, s.Address = "", "https://"+listen
		args = append(args, "-config="+s.config(t, listen))
	case o.TLS:
		// The dev server's own https listener has a certificate that lives in a
		// directory of its choosing: ours is a second listener, the dev one unused.
		s.Address = "https://" + listen
		args = append(args, "-dev", "-config="+s.config(t, listen), "-dev-listen-address="+freeAddress(t))
	default:
		args = append(args, "-dev", "-dev-listen-address="+listen)
	}
	if !o.Sealed {
		args = append(args, "-dev-root-token-id="+s.Token, "-dev-no-store-token")
	}
	if len(o.Plugins) > 0 {
		args = append(args, "-dev-plugin-dir="+s.plugins(t, o.Plugins))
	}
	s.run(t, args)
	s.wait(t, o.Sealed)
	return s
}

// Program gives the path of a program that .ci/obtain knows, from the variable
// MASKRUN_TEST_NAME if that is set.
func Program(t testing.TB, name string) string {
	t.Helper()
	variable := "MASKRUN_TEST_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	if path := os.Getenv(variable); path != "" {
		return path
	}
	out, err := exec.Command(filepath.Join(moduleRoot(t), ".ci/obtain"), name).Output()
	if err != nil {
		t.Fatalf(".ci/obtain %s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

func moduleRoot(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// config writes the configuration of a server with TLS.
func (s *Server) config(t testing.TB, listen string) string {
	path := filepath.Join(s.dir, "vault.hcl")
	text := fmt.Sprintf("storage \"inmem\" {}\ndisable_mlock = true\napi_addr = %q\nlistener \"tcp\" {\n address = %q\n tls_cert_file = %q\n tls_key_file = %q\n tls_client_ca_file = %q\n}\n",
		s.Address, listen, filepath.Join(s.dir, "server.pem"), filepath.Join(s.dir, "server.key"), s.CA)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// plugins makes a directory of the named programs.
func (s *Server) plugins(t testing.TB, names []string) string {
	dir := filepath.Join(s.dir, "plugins")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names { // Vault refuses symbolic links
		if err := os.Link(Program(t, name), filepath.Join(dir, name)); err != nil {
			copyFile(t, Program(t, name), filepath.Join(dir, name))
		}
	}
	return dir
}

func copyFile(t testing.TB, from, to string) {
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run starts the process, and ends it with the test. What it said is shown if the test failed.
func (s *Server) run(t testing.TB, args []string) {
	cmd := exec.Command(Program(t, "vault"), args...)
	cmd.Env = append(cmd.Environ(), "HOME="+s.dir, "VAULT_TOKEN=", "VAULT_ADDR=")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with its plugins
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("vault said:\n%s", tail(log.String(), 1000))
		}
	})
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// wait returns when the server answers as it should.
func (s *Server) wait(t testing.TB, sealed bool) {
	t.Helper()
	want := http.StatusOK
	if sealed {
		want = http.StatusNotImplemented // not initialised
	}
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := s.client.Get(s.Address + "/v1/sys/health")
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode == want {
			return
		}
	}
	t.Fatal("vault did not come up within a minute")
}

// Write does what `vault write PATH …` does, as root, and gives the answer.
func (s *Server) Write(t testing.TB, path string, body map[string]any) map[string]any {
	t.Helper()
	return s.Do(t, http.MethodPut, path, s.Token, body)
}

// Read does what `vault read PATH` does, as root.
func (s *Server) Read(t testing.TB, path string) map[string]any {
	t.Helper()
	return s.Do(t, http.MethodGet, path, s.Token, nil)
}

// Do asks the API with a token. An answer other than 2xx ends the test.
func (s *Server) Do(t testing.TB, method, path, token string, body map[string]any) map[string]any {
	t.Helper()
	status, answer, text := s.ask(t, method, path, token, body)
	if status < 200 || status > 299 {
		t.Fatalf("vault: %s %s: status %d: %s", method, path, status, text)
	}
	return answer
}

// Status asks the API with a token, and gives the status of the answer alone.
func (s *Server) Status(t testing.TB, method, path, token string) int {
	t.Helper()
	status, _, _ := s.ask(t, method, path, token, nil)
	return status
}

func (s *Server) ask(t testing.TB, method, path, token string, body map[string]any) (int, map[string]any, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.Address+"/v1/"+path, in)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", token)
	resp, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(text, &answer) // a 204 has none
	return resp.StatusCode, answer, string(text)
}

// Policy writes a policy in HCL.
func (s *Server) Policy(t testing.TB, name, hcl string) {
	t.Helper()
	s.Write(t, "sys/policies/acl/"+name, map[string]any{"policy": hcl})
}

// Enable mounts an auth method or a secrets engine: ("auth/jwt", "jwt"), ("mounts/kv", "kv").
func (s *Server) Enable(t testing.TB, at, kind string, options map[string]any) {
	t.Helper()
	body := map[string]any{"type": kind}
	for k, v := range options {
		body[k] = v
	}
	s.Write(t, "sys/"+at, body)
}

// JWT mounts JWT auth, trusting an issuer, with one role named ci.
func (s *Server) JWT(t testing.TB, mount string, issuer *Issuer, role map[string]any) {
	t.Helper()
	s.Enable(t, "auth/"+mount, "jwt", nil)
	s.Write(t, "auth/"+mount+"/config", map[string]any{"jwt_validation_pubkeys": []string{issuer.PublicKey}})
	body := map[string]any{"role_type": "jwt"}
	for k, v := range role {
		body[k] = v
	}
	s.Write(t, "auth/"+mount+"/role/ci", body)
}

// trust makes the client that sets the server up trust its authority.
func (s *Server) trust(pem []byte) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	s.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
}
