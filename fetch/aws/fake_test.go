package aws_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

// A fakeAWS is a fake of the four services, after their published API references: enough of
// each for the calls of this package, which the real SDK makes. The suites against moto
// and MinIO are the ones against servers that somebody else wrote.
type fakeAWS struct {
	t   testing.TB
	url string

	mu         sync.Mutex
	secrets    map[string]fakeSecret
	parameters map[string]string
	denied     map[string]string // name of a secret or parameter: the code it is refused with
	refuse     map[string]string // operation: the code it is refused with
	fault      func(w http.ResponseWriter, r *http.Request, op string) bool
	calls      []fakeCall
}

type fakeSecret struct {
	text     string
	binary   []byte
	versions map[string]string // by id or stage
}

type fakeCall struct{ op, key, region, session string }

const (
	account     = "123456789012"
	secretsARN  = "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:"
	roleARN     = "arn:aws:iam::" + account + ":role/ci"
	otherRole   = "arn:aws:iam::" + account + ":role/other"
	staticKey   = "AKIAFAKEFAKEFAKEFAKE"
	staticValue = "static-secret-key-rT5yU7iO9pQ1"
	jobToken    = "eyJhbGciOiJub25lIn0.am9iLXRva2Vu.c2lnbmF0dXJl"
	assumedKey  = "ASIAFAKEWEBIDENTITY1"
	chainedKey  = "ASIAFAKECHAINEDROLE1"
	assumedPart = "assumed-secret-key-mN3bV5cX7zL9"
)

// newFake starts a fake and points the environment of the test to it, with nothing else in it.
func newFake(t testing.TB) *fakeAWS {
	t.Helper()
	f := &fakeAWS{t: t, secrets: map[string]fakeSecret{}, parameters: map[string]string{}, denied: map[string]string{}, refuse: map[string]string{}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	f.url = srv.URL
	cleanEnv(t)
	t.Setenv("AWS_ENDPOINT_URL", srv.URL)
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", staticKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", staticValue)
	return f
}

// cleanEnv keeps the SDK from the machine's own credentials.
func cleanEnv(t testing.TB) {
	t.Helper()
	fetchtest.CleanEnv(t, os.Environ(), "AWS_")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func (f *fakeAWS) env() fetch.Env {
	return fetch.Env{Getenv: os.Getenv, HTTP: fetchtest.Client(f.t), Warn: func(string) {}}
}

var (
	keyPattern = regexp.MustCompile(`Credential=([^/]+)/\d+/([^/]+)/`)
)

func (f *fakeAWS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, _ := io.ReadAll(r.Body)
	c := fakeCall{op: op, session: r.Header.Get("X-Amz-Security-Token")}
	if m := keyPattern.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		c.key, c.region = m[1], m[2]
	}
	if op == "" {
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		_ = r.ParseForm()
		c.op = r.Form.Get("Action")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, c)
	if f.fault != nil && f.fault(w, r, c.op) {
		return
	}
	if code := f.refuse[c.op]; code != "" {
		f.fail(w, op == "", code)
		return
	}
	if op == "" {
		f.sts(w, r, c)
		return
	}
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	out, code := f.answer(op, in)
	if code != "" {
		f.fail(w, false, code)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
}

// message is what an error says: it repeats the credentials, as AWS's own do with some.
const message = "User: x is not authorized; canonical string x-amz-security-token: " + jobToken + " " + staticValue + " " + assumedPart

func (f *fakeAWS) fail(w http.ResponseWriter, query bool, code string) {
	status := http.StatusBadRequest
	switch code {
	case "InternalServiceError", "InternalServerError", "InternalFailure":
		status = http.StatusInternalServerError
	case "ServiceUnavailable":
		status = http.StatusServiceUnavailable
	case "AccessDenied", "InvalidClientTokenId":
		status = http.StatusForbidden
	}
	if query {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": message + f.denied["message"]})
}

func (f *fakeAWS) answer(op string, in map[string]any) (out map[string]any, code string) {
	switch op {
	case "GetSecretValue":
		return f.getSecret(text(in["SecretId"]), text(in["VersionId"]), text(in["VersionStage"]))
	case "BatchGetSecretValue":
		return f.batchSecrets(in)
	case "GetParameter":
		return f.getParameter(text(in["Name"]))
	case "GetParameters":
		return f.getParameters(in)
	case "GetParametersByPath":
		return f.byPath(in)
	case "Decrypt":
		return f.decrypt(in)
	}
	return nil, "UnknownOperationException"
}

func text(v any) string { s, _ := v.(string); return s }

// find takes a name, an ARN, or an ARN without its six characters.
func (f *fakeAWS) find(id string) (string, bool) {
	name := strings.TrimSuffix(strings.TrimPrefix(id, secretsARN), "-AbCdEf")
	_, ok := f.secrets[name]
	return name, ok
}

func (f *fakeAWS) getSecret(id, version, stage string) (map[string]any, string) {
	name, ok := f.find(id)
	if code := f.denied[name]; code != "" {
		return nil, code
	}
	if !ok {
		return nil, "ResourceNotFoundException"
	}
	s := f.secrets[name]
	if key := version + stage; key != "" {
		v, ok := s.versions[key]
		if !ok {
			return nil, "ResourceNotFoundException"
		}
		s = fakeSecret{text: v}
	}
	return entry(name, s), ""
}

func entry(name string, s fakeSecret) map[string]any {
	out := map[string]any{"ARN": secretsARN + name + "-AbCdEf", "Name": name, "VersionId": "v-current"}
	if s.binary != nil {
		out["SecretBinary"] = s.binary
		return out
	}
	out["SecretString"] = s.text
	return out
}

func (f *fakeAWS) batchSecrets(in map[string]any) (map[string]any, string) {
	var ids []string
	list, _ := in["SecretIdList"].([]any)
	for _, id := range list {
		ids = append(ids, text(id))
	}
	page, _ := in["MaxResults"].(float64)
	next := ""
	if filters, ok := in["Filters"].([]any); ok {
		prefix := text(filters[0].(map[string]any)["Values"].([]any)[0])
		for _, name := range slices.Sorted(maps.Keys(f.secrets)) {
			if strings.HasPrefix(strings.ToLower(name), strings.ToLower(prefix)) && name > text(in["NextToken"]) {
				ids = append(ids, name)
			}
		}
		if len(ids) > int(page) {
			ids = ids[:int(page)]
			next = ids[len(ids)-1]
		}
	}
	if len(ids) > 20 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != len(ids) {
		return nil, "InvalidParameterException"
	}
	values, errs := []any{}, []any{}
	for _, id := range slices.Backward(ids) { // in no order of the caller's
		v, code := f.getSecret(id, "", "")
		if code != "" {
			errs = append(errs, map[string]any{"SecretId": id, "ErrorCode": code, "Message": message})
			continue
		}
		values = append(values, v)
	}
	out := map[string]any{"SecretValues": values, "Errors": errs}
	if next != "" {
		out["NextToken"] = next
	}
	return out, ""
}

func (f *fakeAWS) getParameter(name string) (map[string]any, string) {
	if code := f.denied[name]; code != "" {
		return nil, code
	}
	if _, ok := f.parameters[name]; !ok {
		return nil, "ParameterNotFound"
	}
	return map[string]any{"Parameter": f.parameter(name)}, ""
}

func (f *fakeAWS) parameter(id string) map[string]any {
	name, selector, _ := strings.Cut(id, ":")
	out := map[string]any{"Name": name, "Value": f.parameters[id], "Type": "SecureString", "Version": 7, "ARN": "arn:aws:ssm:eu-west-1:" + account + ":parameter" + name}
	if selector != "" {
		out["Selector"] = ":" + selector
	}
	return out
}

func (f *fakeAWS) getParameters(in map[string]any) (map[string]any, string) {
	names := in["Names"].([]any)
	if len(names) > 10 {
		return nil, "ValidationException"
	}
	good, bad := []any{}, []any{}
	for _, n := range names {
		name := text(n)
		if code := f.denied[name]; code != "" {
			return nil, code // one spoils all, as in AWS
		}
		if _, ok := f.parameters[name]; !ok {
			bad = append(bad, name)
			continue
		}
		good = append(good, f.parameter(name))
	}
	return map[string]any{"Parameters": good, "InvalidParameters": bad}, ""
}

func (f *fakeAWS) byPath(in map[string]any) (map[string]any, string) {
	var page []any
	path := strings.TrimSuffix(text(in["Path"]), "/") + "/"
	recursive, _ := in["Recursive"].(bool)
	for _, name := range slices.Sorted(maps.Keys(f.parameters)) {
		rest, ok := strings.CutPrefix(name, path)
		if !ok || strings.Contains(name, ":") || !recursive && strings.Contains(rest, "/") || name <= text(in["NextToken"]) {
			continue
		}
		if page = append(page, f.parameter(name)); len(page) == 10 {
			return map[string]any{"Parameters": page, "NextToken": name}, ""
		}
	}
	return map[string]any{"Parameters": page}, ""
}

// The fake's ciphertext is the plaintext behind a mark, and the context it wants.
const cipherMark = "\x01fake-kms\x00"

func (f *fakeAWS) decrypt(in map[string]any) (map[string]any, string) {
	blob, _ := base64.StdEncoding.DecodeString(text(in["CiphertextBlob"]))
	rest, ok := strings.CutPrefix(string(blob), cipherMark)
	want, plain, _ := strings.Cut(rest, "\x00")
	given := ""
	if c, _ := in["EncryptionContext"].(map[string]any); c != nil {
		b, _ := json.Marshal(c)
		given = string(b)
	}
	if !ok || want != given {
		return nil, "InvalidCiphertextException"
	}
	return map[string]any{"Plaintext": []byte(plain), "KeyId": "arn:aws:kms:eu-west-1:" + account + ":key/1"}, ""
}

func (f *fakeAWS) sts(w http.ResponseWriter, r *http.Request, c fakeCall) {
	key := chainedKey
	switch {
	case c.op == "AssumeRoleWithWebIdentity" && r.Form.Get("WebIdentityToken") != jobToken:
		f.fail(w, true, "InvalidIdentityToken")
		return
	case c.op == "AssumeRoleWithWebIdentity":
		key = assumedKey
	case c.op != "AssumeRole" || c.key == "":
		f.fail(w, true, "AccessDenied")
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId><SecretAccessKey>%[3]s</SecretAccessKey><SessionToken>session-%[4]s</SessionToken><Expiration>%[5]s</Expiration></Credentials></%[1]sResult></%[1]sResponse>`,
		c.op, key, assumedPart, rand.Text(), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// ops are the operations that were called, in order.
func (f *fakeAWS) ops() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, c := range f.calls {
		out = append(out, c.op)
	}
	return out
}

// last is the last call.
func (f *fakeAWS) last() fakeCall {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) == 0 {
		f.t.Fatal("nothing was called")
	}
	return f.calls[len(f.calls)-1]
}
