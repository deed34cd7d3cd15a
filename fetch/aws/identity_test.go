package aws_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/aws"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// noKeys takes the static credentials out of the environment.
func noKeys(t testing.TB) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
}

// job gives env an OIDC token, and counts how often it is asked for.
func job(env fetch.Env, token string, err error) (fetch.Env, *[]string) {
	var mu sync.Mutex
	asked := &[]string{}
	env.Identity = func(_ context.Context, audience string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		*asked = append(*asked, audience)
		return token, err
	}
	return env, asked
}

func TestIdentity(t *testing.T) {
	f := newFake(t)
	f.secrets["a"], f.secrets["b"] = fakeSecret{text: "1"}, fakeSecret{text: "2"}
	keys := map[string]string{"AWS_ACCESS_KEY_ID": staticKey, "AWS_SECRET_ACCESS_KEY": staticValue}
	for _, c := range []struct {
		why    string
		config map[string]any
		vars   map[string]string
		token  bool
		ref    string
		calls  string // what is called, and with whose key
	}{
		{"the SDK's own chain", nil, keys, false, "a", "GetSecretValue static"},
		{"a job's token is not used without a role", nil, keys, true, "a", "GetSecretValue static"},
		{"the job's token and the role of the configuration", map[string]any{"role": roleARN}, nil, true, "a",
			"AssumeRoleWithWebIdentity nobody, GetSecretValue job"},
		{"the role of a reference", nil, nil, true, "a?role=" + roleARN, "AssumeRoleWithWebIdentity nobody, GetSecretValue job"},
		{"as vals spells it", nil, nil, true, "a?role_arn=" + roleARN, "AssumeRoleWithWebIdentity nobody, GetSecretValue job"},
		{"the role of the environment", nil, map[string]string{"AWS_ROLE_ARN": roleARN}, true, "a",
			"AssumeRoleWithWebIdentity nobody, GetSecretValue job"},
		{"keys of the environment come before its role", nil, map[string]string{"AWS_ROLE_ARN": roleARN, "AWS_ACCESS_KEY_ID": staticKey, "AWS_SECRET_ACCESS_KEY": staticValue}, true, "a",
			"GetSecretValue static"},
		{"a role without a token is assumed with the keys", map[string]any{"role": roleARN}, keys, false, "a", "AssumeRole static, GetSecretValue chained"},
		{"as the configuration can also want it", map[string]any{"role": roleARN, "identity": "sdk"}, keys, true, "a", "AssumeRole static, GetSecretValue chained"},
		{"a token for somebody else, and keys", map[string]any{"role": roleARN}, map[string]string{"AWS_ACCESS_KEY_ID": staticKey, "AWS_SECRET_ACCESS_KEY": staticValue, "NO_TOKEN": "1"}, true, "a",
			"AssumeRole static, GetSecretValue chained"},
		{"one role from the other", map[string]any{"role": []any{roleARN, otherRole}}, nil, true, "a",
			"AssumeRoleWithWebIdentity nobody, AssumeRole job, GetSecretValue chained"},
	} {
		t.Run(c.why, func(t *testing.T) {
			noKeys(t)
			for k, v := range c.vars {
				t.Setenv(k, v)
			}
			env := f.env()
			env.Config = c.config
			asked := &[]string{}
			if c.token {
				env, asked = job(env, jobToken, nil)
			}
			if c.vars["NO_TOKEN"] != "" {
				env, _ = job(env, "", fmt.Errorf("no token for this audience: %w", fetch.ErrDenied))
			}
			f.calls = nil
			src := open(t, aws.SecretsManager(), env)
			for range 2 { // the second read needs no identity any more
				q := query(t, c.ref)
				if doc, err := src.Read(t.Context(), q.Path, q.Params); err != nil || string(doc.Data) != "1" {
					t.Fatalf("%q, error %v", doc.Data, err)
				}
			}
			if got := told(f); got != c.calls+", "+last(c.calls) {
				t.Errorf("calls: %s", got)
			}
			if strings.Contains(c.calls, "WebIdentity") != (len(*asked) == 1 && (*asked)[0] == "sts.amazonaws.com") {
				t.Errorf("audiences asked for: %v", *asked)
			}
		})
	}
}

func last(calls string) string {
	parts := strings.Split(calls, ", ")
	return parts[len(parts)-1]
}

// told tells the calls with whose key they were signed.
func told(f *fakeAWS) string {
	who := map[string]string{"": "nobody", staticKey: "static", assumedKey: "job", chainedKey: "chained"}
	var out []string
	for _, c := range f.calls {
		out = append(out, c.op+" "+who[c.key])
	}
	return strings.Join(out, ", ")
}

func TestIdentityFailures(t *testing.T) {
	f := newFake(t)
	f.secrets["a"] = fakeSecret{text: "1"}
	role := map[string]any{"role": roleARN}
	for _, c := range []struct {
		why      string
		config   map[string]any
		token    string
		tokenErr error
		refuse   [2]string
		kind     error
		text     string
	}{
		{"a tampered token", role, jobToken + "x", nil, [2]string{}, fetch.ErrDenied, "assume the role " + roleARN + ": AWS does not accept the job's OIDC token"},
		{"no token", role, "", errors.New("give the job permissions: id-token: write"), [2]string{}, nil, "the job's OIDC token: give the job permissions"},
		{"the issuer of tokens is down", role, "", fmt.Errorf("status 503: %w", fetch.ErrUnavailable), [2]string{}, fetch.ErrUnavailable, "the job's OIDC token: status 503"},
		{"the role does not trust the job", role, jobToken, nil, [2]string{"AssumeRoleWithWebIdentity", "AccessDenied"}, fetch.ErrDenied, "the identity lacks sts:AssumeRole"},
		{"STS is busy", role, jobToken, nil, [2]string{"AssumeRoleWithWebIdentity", "Throttling"}, fetch.ErrUnavailable, "AWS is busy"},
		{"the second role is denied", map[string]any{"role": []any{roleARN, otherRole}}, jobToken, nil, [2]string{"AssumeRole", "AccessDenied"}, fetch.ErrDenied, "assume the role " + otherRole},
		{"no credentials at all", nil, "", nil, [2]string{}, fetch.ErrDenied, "no credentials: set a role"},
		{"the role was assumed, but lacks a permission", role, jobToken, nil, [2]string{"GetSecretValue", "AccessDeniedException"}, fetch.ErrDenied, "the role " + roleARN + " lacks secretsmanager:GetSecretValue on a"},
	} {
		t.Run(c.why, func(t *testing.T) {
			noKeys(t)
			env := f.env()
			env.Config = c.config
			if c.token != "" || c.tokenErr != nil {
				env, _ = job(env, c.token, c.tokenErr)
			}
			f.refuse = map[string]string{c.refuse[0]: c.refuse[1]}
			src := open(t, aws.SecretsManager(), env)
			f.calls = nil
			_, err := src.Read(t.Context(), "a", nil)
			wantError(t, err, c.kind, c.text)
			if c.refuse[0] != "GetSecretValue" {
				fetchtest.StoreWide(t, err)
			}
			fetchtest.ShowsNothing(t, err, credentials...)
			calls := len(f.calls)
			f.calls = nil
			for _, a := range src.ReadMany(t.Context(), []fetch.Query{{Path: "a"}, {Path: "b"}, {Path: "c"}}) {
				if c.refuse[0] == "GetSecretValue" {
					continue // each in a batch has an answer of its own
				}
				if a.Err == nil || c.kind != nil && !errors.Is(a.Err, c.kind) {
					t.Errorf("of three: %v", a.Err)
				}
			}
			if c.refuse[0] != "GetSecretValue" && len(f.calls) > calls {
				t.Errorf("a role that cannot be assumed is tried %d times for three secrets", len(f.calls))
			}
		})
	}
}

// credentials are what no error may show.
var credentials = []string{staticKey, staticValue, jobToken, assumedKey, chainedKey, assumedPart, "session-"}

// A role of a profile, and a file of keys that cannot be read as one.
func TestProfile(t *testing.T) {
	f := newFake(t)
	noKeys(t)
	f.secrets["a"] = fakeSecret{text: "1"}
	t.Setenv("AWS_ENDPOINT_URL_STS", f.url) // the SDK does not take the general one for the roles of a profile
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", write("credentials", "[base]\naws_access_key_id = "+staticKey+"\naws_secret_access_key = "+staticValue+"\n"))
	t.Setenv("AWS_CONFIG_FILE", write("config", "[profile ci]\nrole_arn = "+roleARN+"\nsource_profile = base\nregion = eu-north-1\n[profile broken]\nrole_arn = x\nsource_profile = "+staticValue+"\n"))
	src := open(t, aws.SecretsManager(), f.env())
	q := query(t, "a?profile=ci")
	if _, err := src.Read(t.Context(), q.Path, q.Params); err != nil || told(f) != "AssumeRole static, GetSecretValue chained" {
		t.Errorf("%s, error %v", told(f), err)
	}
	f.refuse["AssumeRole"] = "AccessDenied"
	_, err := open(t, aws.SecretsManager(), f.env()).Read(t.Context(), q.Path, q.Params)
	wantError(t, err, fetch.ErrDenied, "lacks sts:AssumeRole on the role of the profile")
	fetchtest.ShowsNothing(t, err, credentials...)
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
	_, err = open(t, aws.SecretsManager(), f.env()).Read(t.Context(), q.Path, q.Params)
	wantError(t, err, fetch.ErrUnavailable, "sign in to AWS: 127.0.0.1:1: connection refused")
	q = query(t, "a?profile=broken")
	_, err = src.Read(t.Context(), q.Path, q.Params)
	wantError(t, err, fetch.ErrDenied, "the AWS configuration")
	fetchtest.ShowsNothing(t, err, credentials...)
}

// The metadata service of an instance is asked with IMDSv2 only, whatever the proxy. FAULTS 93
func TestInstance(t *testing.T) {
	f := newFake(t)
	noKeys(t)
	f.secrets["a"] = fakeSecret{text: "1"}
	var mu sync.Mutex
	var seen []string
	v2 := true
	imds := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		token := r.Header.Get("X-Aws-Ec2-Metadata-Token")
		seen = append(seen, r.Method+" "+r.URL.Path)
		switch {
		case r.Method == http.MethodPut && v2:
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
			fmt.Fprint(w, "imds-token")
		case r.Method == http.MethodPut:
			w.WriteHeader(http.StatusForbidden)
		case v2 && token != "imds-token":
			t.Error("asked without a token")
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasSuffix(r.URL.Path, "/security-credentials/"):
			fmt.Fprint(w, "instance-role")
		default:
			fmt.Fprintf(w, `{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":%q,"SecretAccessKey":%q,"Token":"session-x","Expiration":"2099-01-01T00:00:00Z"}`, assumedKey, assumedPart)
		}
	}))
	defer imds.Close()
	t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.URL)
	if _, err := open(t, aws.SecretsManager(), f.env()).Read(t.Context(), "a", nil); err != nil || told(f) != "GetSecretValue job" {
		t.Errorf("%s, error %v, metadata %v", told(f), err, seen)
	}
	v2, seen = false, nil
	_, err := open(t, aws.SecretsManager(), f.env()).Read(t.Context(), "a", nil)
	wantError(t, err, fetch.ErrDenied, "no credentials")
	for _, s := range seen {
		if strings.HasPrefix(s, "GET") {
			t.Errorf("asked with IMDSv1: %v", seen)
		}
	}
}

// Names in CloudTrail: the job's own, where it has one.
func TestSessionName(t *testing.T) {
	f := newFake(t)
	noKeys(t)
	f.secrets["a"] = fakeSecret{text: "1"}
	var got string
	f.fault = func(_ http.ResponseWriter, r *http.Request, op string) bool {
		if op == "AssumeRoleWithWebIdentity" {
			got = r.Form.Get("RoleSessionName")
		}
		return false
	}
	for _, c := range []struct {
		why    string
		config map[string]any
		vars   map[string]string
		want   string
	}{
		{"a laptop", nil, nil, "maskrun"},
		{"GitHub", nil, map[string]string{"GITHUB_RUN_ID": "77"}, "maskrun-77"},
		{"GitLab", nil, map[string]string{"CI_JOB_ID": "78"}, "maskrun-78"},
		{"the SDK's variable", nil, map[string]string{"AWS_ROLE_SESSION_NAME": "mine", "CI_JOB_ID": "78"}, "mine"},
		{"the configuration", map[string]any{"session_name": "ours"}, map[string]string{"AWS_ROLE_SESSION_NAME": "mine"}, "ours"},
	} {
		t.Run(c.why, func(t *testing.T) {
			for _, name := range []string{"GITHUB_RUN_ID", "CI_JOB_ID"} {
				t.Setenv(name, c.vars[name])
			}
			t.Setenv("AWS_ROLE_SESSION_NAME", c.vars["AWS_ROLE_SESSION_NAME"])
			env, _ := job(f.env(), jobToken, nil)
			env.Config = c.config
			q := query(t, "a?role="+roleARN)
			if _, err := open(t, aws.SecretsManager(), env).Read(t.Context(), q.Path, q.Params); err != nil || got != c.want {
				t.Errorf("session %q, error %v", got, err)
			}
		})
	}
}
