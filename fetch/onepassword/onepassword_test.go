//go:build unix

package onepassword_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/onepassword"
)

const (
	vaultID = "vaultvaultvaultvaultvault1"
	itemID  = "itemitemitemitemitemitem12"
	fileID  = "filefilefilefilefilefile12"
)

// theItem is what Connect and op both show of an item, by what they publish.
const theItem = `{"id":"` + itemID + `","title":"Data Base","version":7,"vault":{"id":"` + vaultID + `","name":"ML"},
"sections":[{"id":"admin","label":"Admin Area"},{"id":"other"}],
"fields":[{"id":"password","type":"CONCEALED","purpose":"PASSWORD","label":"password","value":"` + fetchtest.Canary + `"},
{"id":"f1","label":"email","type":"EMAIL","value":"a@example.com","section":{"id":"admin","label":"Admin Area"}},
{"id":"f2","label":"email","type":"EMAIL","value":"b@example.com","section":{"id":"other"}},
{"id":"f3","label":"password","type":"CONCEALED","value":"admin's","section":{"id":"admin"}},
{"id":"f4","label":"code","type":"OTP","value":"otpauth://x","totp":"123456"},
{"id":"f5","label":"nothing","type":"STRING"}],
"files":[{"id":"` + fileID + `","name":"key.pem","size":3,"content_path":"/v1/x"}]}`

// fakeConnect is a fake of ours in the place of a Connect server.
type fakeConnect struct {
	mu    sync.Mutex
	asked map[string]int
}

func (f *fakeConnect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked[r.URL.Path]++
	f.mu.Unlock()
	filter := strings.ToLower(r.URL.Query().Get("filter"))
	item := "/v1/vaults/" + vaultID + "/items"
	switch {
	case r.Header.Get("Authorization") != "Bearer token":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/v1/vaults" && filter == `name eq "ml"`:
		fmt.Fprintf(w, `[{"id":%q,"name":"ML"}]`, vaultID)
	case r.URL.Path == "/v1/vaults" && filter == `name eq "twice"`:
		fmt.Fprintf(w, `[{"id":%q},{"id":%q}]`, vaultID, itemID)
	case r.URL.Path == "/v1/vaults" && filter == `name eq "closed"`:
		w.WriteHeader(http.StatusForbidden)
	case r.URL.Path == item && filter == `title eq "data base"`:
		fmt.Fprintf(w, `[{"id":%q}]`, itemID)
	case r.URL.Path == "/v1/vaults", r.URL.Path == item:
		fmt.Fprint(w, `[]`)
	case r.URL.Path == item+"/"+itemID:
		fmt.Fprint(w, theItem)
	case r.URL.Path == item+"/"+itemID+"/files/"+fileID+"/content":
		fmt.Fprint(w, "PEM")
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func connectEnv(t *testing.T, address, token string) fetch.Env {
	t.Helper()
	return fetch.Env{HTTP: fetchtest.Client(t), Getenv: fetchtest.Getenv(map[string]string{"OP_CONNECT_HOST": address, "OP_CONNECT_TOKEN": token})}
}

// fakeOp puts a script on PATH that is a fake of ours in the place of the program op,
// and gives the file that it writes its calls to.
func fakeOp(t *testing.T) (calls string) {
	t.Helper()
	dir := t.TempDir()
	calls = filepath.Join(dir, "calls")
	script := `#!/bin/sh
# A fake of the 1Password program, for a test.
echo "$*" >>'` + calls + `'
fail() { echo "[ERROR] 2026/01/01 00:00:00 ` + fetchtest.Canary + ` $1" >&2; exit 1; }
[ -z "$OP_FAKE_FAILS" ] || fail "$OP_FAKE_FAILS"
case "$*" in
"read --no-newline -- op://"*"/` + fileID + `") printf PEM; exit ;;
"item get --format=json --vault="*" -- "*) ;;
*) fail "unknown command" ;;
esac
vault=$(echo "$3 $4" | tr A-Z a-z)
name=$(echo "$6" | tr A-Z a-z)
case "$vault" in *--vault=ml | *=` + vaultID + `) ;; *=closed) fail "(403) Forbidden" ;; *) fail "\"x\" isn't a vault in this account" ;; esac
case "$name" in "data base" | ` + itemID + `) ;; *) fail "\"x\" isn't an item in the \"ML\" vault" ;; esac
cat <<'END'
` + theItem + `
END
`
	if err := os.WriteFile(filepath.Join(dir, "op"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("OP_FAKE_FAILS", "")
	return calls
}

// eachBackend runs a test with Connect and with the program.
func eachBackend(t *testing.T, test func(t *testing.T, env fetch.Env, requests func() int)) {
	t.Run("connect", func(t *testing.T) {
		f := &fakeConnect{asked: map[string]int{}}
		server := httptest.NewServer(f)
		defer server.Close()
		test(t, connectEnv(t, server.URL, "token"), func() int {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.asked["/v1/vaults/"+vaultID+"/items/"+itemID]
		})
	})
	t.Run("program", func(t *testing.T) {
		calls := fakeOp(t)
		test(t, fetch.Env{Getenv: fetchtest.Getenv(nil)}, func() int {
			data, _ := os.ReadFile(calls)
			return strings.Count(string(data), "item get")
		})
	})
}

func TestConformance(t *testing.T) {
	eachBackend(t, func(t *testing.T, env fetch.Env, _ func() int) {
		connect := env.Getenv("OP_CONNECT_HOST") != ""
		fetchtest.Run(t, fetchtest.Harness{
			Kind: onepassword.Kind(), Env: env, NoServer: !connect,
			At:   func(address string) fetch.Env { return connectEnv(t, address, fetchtest.Canary) },
			Path: "ML/Data Base/password", Want: []byte(fetchtest.Canary),
			Missing: "ML/None/password", Denied: "closed/x/y", Hostile: []string{"ML/Data Base", "ML/a/b/c/d", `ML/a" or title pr/b`, "ML/-x/b", "--account=x/b/c"},
		})
	})
}

func TestReferences(t *testing.T) {
	eachBackend(t, func(t *testing.T, env fetch.Env, requests func() int) {
		r := fetch.NewResolver(env, onepassword.Kind())
		var reqs []fetch.Request
		cases := []struct{ ref, want string }{
			{"op://ML/Data Base/password", fetchtest.Canary}, // before the one in a section
			{"op://ml/data base/PASSWORD", fetchtest.Canary},
			{"op://ML/Data Base/Admin Area/email", "a@example.com"},
			{"op://ML/Data Base/other/email", "b@example.com"},
			{"op://ML/Data Base/admin/password", "admin's"},
			{"op://ML/Data Base/code?attribute=otp", "123456"},
			{"op://ML/Data Base/key.pem", "PEM"},
		}
		for _, c := range cases {
			ref, err := fetch.ParseRef(c.ref)
			if err != nil {
				t.Fatal(err)
			}
			reqs = append(reqs, fetch.Request{Name: c.ref, Ref: ref})
		}
		secrets, err := r.Resolve(t.Context(), reqs)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range cases {
			if string(secrets[i].Value.Reveal()) != c.want || secrets[i].Version != "7" {
				t.Errorf("%s: another value, version %s", c.ref, secrets[i].Version)
			}
		}
		if n := requests(); n != 1 {
			t.Errorf("the item was fetched %d times: once for all its fields", n)
		}
	})
}

func TestFailures(t *testing.T) {
	eachBackend(t, func(t *testing.T, env fetch.Env, _ func() int) {
		for _, c := range []struct {
			path, query, want string
			kind              error
		}{
			{"ML/Data Base/email", "", "the item has 2 fields of that name", nil},
			{"ML/Data Base/none", "", "no such field or file", fetch.ErrNotFound},
			{"ML/Data Base/Admin Area/none", "", "no such field or file", fetch.ErrNotFound},
			{"ML/Data Base/nothing", "", "the field is empty", fetch.ErrNotFound},
			{"ML/Data Base/password", "attribute=otp", "no one-time passwords", fetch.ErrNotFound},
			{"ML/Data Base/password", "attribute=type", "want otp or value", nil},
			{"none/x/y", "", "no such vault", fetch.ErrNotFound},
		} {
			src, err := onepassword.Kind().Open(t.Context(), env)
			if err != nil {
				t.Fatal(err)
			}
			params, _ := url.ParseQuery(c.query)
			_, err = src.Read(t.Context(), c.path, params)
			fetchtest.NoCanary(t, err)
			if err == nil || !strings.Contains(err.Error(), c.want) || c.kind != nil && !errors.Is(err, c.kind) || c.kind == nil && errors.Is(err, fetch.ErrNotFound) {
				t.Errorf("%s?%s: error %v", c.path, c.query, err)
			}
		}
	})
}

// FAULTS 87–90, 93, where nothing but the item is asked for.
func TestFaults(t *testing.T) {
	fetchtest.Faults(t, func(address string) error {
		src, err := onepassword.Kind().Open(t.Context(), connectEnv(t, address, fetchtest.Canary))
		if err != nil {
			return err
		}
		_, err = src.Read(t.Context(), vaultID+"/"+itemID+"/password", nil)
		return err
	})
}

// What op says is put into words of ours. FAULTS 98.
func TestProgramFails(t *testing.T) {
	fakeOp(t)
	for _, c := range []struct {
		said, want string
		kind       error
	}{
		{"You are not currently signed in. Please run `op signin --help`", "set OP_SERVICE_ACCOUNT_TOKEN", fetch.ErrDenied},
		{"session expired, sign in to create a new session", "run op signin", fetch.ErrDenied},
		{"Signin credentials are not compatible with the provided user auth from server: failed to DeserializeServiceAccountAuthToken: service account token", "is not valid", fetch.ErrDenied},
		{"(429) Too Many Requests", "asks to wait", fetch.ErrUnavailable},
		{"dial tcp: lookup my.1password.com: no such host", "cannot be reached", fetch.ErrUnavailable},
		{"More than one item matches \"x\"", "refer to one by its id", nil},
		{"something new", "run op item get by hand", nil},
	} {
		t.Setenv("OP_FAKE_FAILS", c.said)
		src, err := onepassword.Kind().Open(t.Context(), fetch.Env{Getenv: fetchtest.Getenv(nil)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = src.Read(t.Context(), "ML/x/y", nil)
		fetchtest.NoCanary(t, err)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%q: error %v", c.said, err)
		}
	}
	t.Setenv("PATH", t.TempDir())
	src, _ := onepassword.Kind().Open(t.Context(), fetch.Env{Getenv: fetchtest.Getenv(nil)})
	if _, err := src.Read(t.Context(), "ML/x/y", nil); !errors.Is(err, fetch.ErrDenied) || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("no program: error %v", err)
	}
}

// The Connect token goes where the environment says, and not where a pull request does.
func TestConnectHost(t *testing.T) {
	for _, c := range []struct {
		why    string
		config map[string]any
		trust  bool
		want   string
	}{
		{"none", nil, false, "set OP_CONNECT_HOST"},
		{"of the configuration", map[string]any{"connect_host": "https://evil.example.com"}, false, "only the configuration names"},
		{"of a trusted one", map[string]any{"connect_host": "https://connect.example.com"}, true, ""},
		{"a token in the configuration", map[string]any{"token": fetchtest.Canary}, true, "unknown key"},
	} {
		env := connectEnv(t, "", fetchtest.Canary)
		env.Config, env.ConfigTrusted = c.config, c.trust
		_, err := onepassword.Kind().Open(t.Context(), env)
		fetchtest.NoCanary(t, err)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", c.why, err)
		}
	}
	if !json.Valid([]byte(theItem)) {
		t.Error("the fake's item is no JSON")
	}
}
