package aws_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/aws"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

func TestConformance(t *testing.T) {
	f := newFake(t)
	f.secrets["ml/token"] = fakeSecret{text: fetchtest.Canary}
	f.denied["ml/denied"] = "AccessDeniedException"
	f.parameters["/ml/token"] = fetchtest.Canary
	f.denied["/ml/denied"] = "AccessDeniedException"
	root := fetchtest.Root(t, map[string][]byte{
		"token.kms": []byte(cipherMark + "\x00" + fetchtest.Canary),
		"other.kms": []byte("something else"),
		"huge.kms":  make([]byte, 7000),
	})
	for _, h := range []fetchtest.Harness{
		{Kind: aws.SecretsManager(), Path: "ml/token", Missing: "ml/absent", Denied: "ml/denied",
			Hostile: []string{"ml/*x", "a b", "*", "arn:aws:s3:::bucket/x", secretsARN + "x*", "http://169.254.169.254/x"}},
		{Kind: aws.ParameterStore(), Path: "/ml/token", Missing: "/ml/absent", Denied: "/ml/denied",
			Hostile: []string{"/ml/token:1:2", "/ml/to ken", "arn:aws:s3:::bucket/x", "/ml/*"}},
		{Kind: aws.KMS(), Path: "token.kms", Missing: "absent.kms", Oversize: "huge.kms", Denied: "other.kms"},
	} {
		t.Run(h.Kind.Scheme, func(t *testing.T) {
			h.Env, h.Want = f.env(), []byte(fetchtest.Canary)
			h.Env.Root = root
			h.At = func(address string) fetch.Env {
				t.Setenv("AWS_ENDPOINT_URL", address)
				env := f.env()
				env.Root = root
				return env
			}
			fetchtest.Run(t, h)
		})
	}
}

func open(t testing.TB, kind fetch.Kind, env fetch.Env) fetch.ManyReader {
	t.Helper()
	src := fetchtest.Open(t, kind, env)
	many, ok := src.(fetch.ManyReader)
	if !ok {
		t.Fatalf("%T reads one by one", src)
	}
	return many
}

// query makes a query of PATH?PARAMS.
func query(t *testing.T, ref string) fetch.Query {
	t.Helper()
	path, params, _ := strings.Cut(ref, "?")
	values, err := url.ParseQuery(params)
	if err != nil {
		t.Fatal(err)
	}
	return fetch.Query{Path: path, Params: values}
}

func TestSecretForms(t *testing.T) {
	f := newFake(t)
	f.secrets["ml/wandb"] = fakeSecret{text: `{"api_key":"one"}`, versions: map[string]string{"v-old": "old", "AWSPREVIOUS": "previous"}}
	f.secrets["bytes"] = fakeSecret{binary: []byte{0, 1, 0xff}}
	f.secrets["rds!db-1"] = fakeSecret{text: "managed"}
	for i := range 45 {
		f.secrets[fmt.Sprintf("many/%02d", i)] = fakeSecret{text: fmt.Sprint(i)}
	}
	f.secrets["MANY/other"] = fakeSecret{text: "AWS's filter does not mind the case"}
	f.secrets["many/bytes"] = fakeSecret{binary: []byte{0xff}}
	src := open(t, aws.SecretsManager(), f.env())
	for _, c := range []struct{ why, ref, want, version, region string }{
		{"a name", "ml/wandb", `{"api_key":"one"}`, "v-current", "eu-west-1"},
		{"a whole ARN", secretsARN + "ml/wandb-AbCdEf", `{"api_key":"one"}`, "v-current", "eu-west-1"},
		{"an ARN without its end", secretsARN + "ml/wandb", `{"api_key":"one"}`, "v-current", "eu-west-1"},
		{"bytes are bytes", "bytes", "\x00\x01\xff", "v-current", "eu-west-1"},
		{"names of AWS's own services have a !", "rds!db-1", "managed", "v-current", "eu-west-1"},
		{"a version", "ml/wandb?version=v-old", "old", "v-current", "eu-west-1"},
		{"a stage, as vals spells it", "ml/wandb?version_stage=AWSPREVIOUS", "previous", "v-current", "eu-west-1"},
		{"another region", "ml/wandb?region=us-east-2", `{"api_key":"one"}`, "v-current", "us-east-2"},
	} {
		q := query(t, c.ref)
		doc, err := src.Read(t.Context(), q.Path, q.Params)
		if err != nil || string(doc.Data) != c.want || doc.Version != c.version || f.last().region != c.region {
			t.Errorf("%s: %q, version %q, region %q, error %v", c.why, doc.Data, doc.Version, f.last().region, err)
		}
	}
	doc, err := src.Read(t.Context(), "many/*", nil)
	var got map[string]string
	if err != nil || json.Unmarshal(doc.Data, &got) != nil || len(got) != 46 || got["many/07"] != "7" || got["many/bytes"] != "/w==" || doc.Format != fetch.JSON {
		t.Errorf("prefix: %d names, error %v", len(got), err)
	}
	if n := count(f.ops(), "BatchGetSecretValue"); n != 3 {
		t.Errorf("47 secrets came in %d pages, want 3", n)
	}
	if _, err := src.Read(t.Context(), "none/*", nil); !errors.Is(err, fetch.ErrNotFound) {
		t.Errorf("an empty prefix: %v", err)
	}
	f.denied["many/44"] = "AccessDeniedException"
	if doc, err := src.Read(t.Context(), "many/*", nil); !errors.Is(err, fetch.ErrDenied) || doc.Data != nil || !strings.Contains(err.Error(), "secretsmanager:GetSecretValue on many/44") {
		t.Errorf("one of a prefix is denied: %v", err)
	}
}

func count(list []string, op string) (n int) {
	for _, o := range list {
		if o == op {
			n++
		}
	}
	return n
}

// Every reference form of the issue, as a person writes it. FAULTS 95
func TestReferences(t *testing.T) {
	f := newFake(t)
	f.secrets["ml/wandb"] = fakeSecret{text: `{"api_key":"one","n":{"m":"two"}}`}
	f.parameters["/ml/key"], f.parameters["/ml/key:3"] = "p", "p3"
	r := fetch.NewResolver(f.env(), aws.SecretsManager(), aws.ParameterStore())
	defer r.Close()
	var reqs []fetch.Request
	var want []string
	for _, c := range [][2]string{
		{"aws-sm://ml/wandb#/api_key", "one"},
		{"aws-sm://ml/wandb#/n/m", "two"},
		{"ref+awssecrets://ml/wandb#/api_key", "one"},
		{"secretref+awssecrets://ml/wandb?region=eu-west-1#/api_key", "one"},
		{secretsARN + "ml/wandb-AbCdEf#/api_key", "one"},
		{secretsARN + "ml/wandb-AbCdEf:api_key::", "one"},
		{"aws-ssm:///ml/key", "p"},
		{"ref+awsssm://ml/key", "p"},
		{"aws-ssm:///ml/key?version=3", "p3"},
		{"arn:aws:ssm:eu-west-1:" + account + ":parameter/ml/key", "p"},
	} {
		ref, err := fetch.ParseRef(c[0])
		if err != nil {
			t.Fatalf("%s: %v", c[0], err)
		}
		reqs = append(reqs, fetch.Request{Name: c[0], Ref: ref})
		want = append(want, c[1])
	}
	f.parameters["arn:aws:ssm:eu-west-1:"+account+":parameter/ml/key"] = "p"
	secrets, err := r.Resolve(t.Context(), reqs)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range secrets {
		if string(s.Value.Reveal()) != want[i] {
			t.Errorf("%s: wrong value", s.Name)
		}
	}
	if n := len(f.ops()); n > 5 {
		t.Errorf("%d calls: %v", n, f.ops())
	}
}

// Twenty in a call, each with its own answer.
func TestSecretBatches(t *testing.T) {
	f := newFake(t)
	var queries []fetch.Query
	for i := range 45 {
		name := fmt.Sprintf("many/%02d", i)
		f.secrets[name] = fakeSecret{text: name}
		queries = append(queries, query(t, name))
	}
	queries = append(queries, query(t, secretsARN+"many/03"), query(t, secretsARN+"many/04-AbCdEf"), query(t, "many/05"), query(t, "absent"), query(t, "bad name"))
	f.denied["many/20"], f.denied["many/21"] = "AccessDeniedException", "ThrottlingException"
	src := open(t, aws.SecretsManager(), f.env())
	answers := src.ReadMany(t.Context(), queries)
	for i, q := range queries {
		a := answers[i]
		want := strings.TrimSuffix(strings.TrimPrefix(q.Path, secretsARN), "-AbCdEf")
		switch {
		case q.Path == "many/20":
			wantError(t, a.Err, fetch.ErrDenied, "the role lacks secretsmanager:GetSecretValue on many/20")
		case q.Path == "many/21":
			wantError(t, a.Err, fetch.ErrUnavailable, "AWS is busy")
		case q.Path == "absent":
			wantError(t, a.Err, fetch.ErrNotFound, "no such secret")
		case q.Path == "bad name":
			wantError(t, a.Err, nil, "not a name")
		case a.Err != nil || string(a.Document.Data) != want:
			t.Errorf("%s: %q, %v", q.Path, a.Document.Data, a.Err)
		}
	}
	if n := len(f.ops()); n != 4 { // 48 in three, and the name that came twice
		t.Errorf("%d calls: %v", n, f.ops())
	}
}

func wantError(t *testing.T, err, kind error, text string) {
	t.Helper()
	fetchtest.WantError(t, err, kind, text, credentials...)
}

// An identity that may read each secret but not in batches is the usual least privilege.
func TestBatchNotAllowed(t *testing.T) {
	f := newFake(t)
	f.secrets["a"], f.secrets["b"] = fakeSecret{text: "1"}, fakeSecret{text: "2"}
	f.refuse["BatchGetSecretValue"] = "AccessDeniedException"
	f.parameters["/a"], f.parameters["/b"] = "1", "2"
	f.denied["/c"] = "AccessDeniedException" // spoils the batch that it is in
	f.denied["message"] = " because the ciphertext refers to a key of KMS"
	for _, c := range []struct {
		kind      fetch.Kind
		a, b, bad string
	}{{aws.SecretsManager(), "a", "b", "c"}, {aws.ParameterStore(), "/a", "/b", "/c"}} {
		answers := open(t, c.kind, f.env()).ReadMany(t.Context(), []fetch.Query{query(t, c.a), query(t, c.bad), query(t, c.b)})
		if string(answers[0].Document.Data) != "1" || answers[1].Err == nil || string(answers[2].Document.Data) != "2" {
			t.Errorf("%s: %v %v %v", c.kind.Scheme, answers[0].Err, answers[1].Err, answers[2].Err)
		}
	}
	err := open(t, aws.ParameterStore(), f.env()).ReadMany(t.Context(), []fetch.Query{query(t, "/c")})[0].Err
	wantError(t, err, fetch.ErrDenied, "the role lacks kms:Decrypt on the key of /c")
	if n := count(f.ops(), "GetSecretValue"); n != 3 {
		t.Errorf("%d single reads, want 3", n)
	}
	// Where AWS is busy or the credentials are bad, asking twenty times more is no help.
	for _, code := range []string{"ThrottlingException", "UnrecognizedClientException", "ExpiredTokenException"} {
		f.refuse["BatchGetSecretValue"], f.calls = code, nil
		for _, a := range open(t, aws.SecretsManager(), f.env()).ReadMany(t.Context(), []fetch.Query{query(t, "a"), query(t, "b")}) {
			if a.Err == nil {
				t.Errorf("%s: no error", code)
			}
		}
		if n := len(f.ops()); n != 1 {
			t.Errorf("%s: %d calls", code, n)
		}
	}
}

func TestParameterForms(t *testing.T) {
	f := newFake(t)
	f.parameters = map[string]string{
		"/ml/key": "current", "/ml/key:3": "third", "/ml/key:prod": "labelled", "plain": "no slash",
		"/ml/db/user": "u", "/ml/db/password": "p", "/ml/db": "both a parameter and a path",
	}
	for i := range 12 {
		f.parameters[fmt.Sprintf("/many/deep/%02d", i)] = fmt.Sprint(i)
	}
	src := open(t, aws.ParameterStore(), f.env())
	for _, c := range []struct{ why, ref, want string }{
		{"a path", "/ml/key", "current"},
		{"vals writes it without the first slash", "ml/key", "current"},
		{"a name at the top", "plain", "no slash"},
		{"a version", "/ml/key?version=3", "third"},
		{"a label", "/ml/key?label=prod", "labelled"},
		{"as AWS writes it", "/ml/key:3", "third"},
		{"all of a level", "/ml/", `{"db":"both a parameter and a path","key":"current"}`},
		{"everything below; a name that is also a path", "/ml?recursive=true", `{"db":"both a parameter and a path","db/password":"p","db/user":"u","key":"current"}`},
		{"nested", "/many?recursive=true", `{"deep":{"00":"0","01":"1","02":"2","03":"3","04":"4","05":"5","06":"6","07":"7","08":"8","09":"9","10":"10","11":"11"}}`},
	} {
		q := query(t, c.ref)
		doc, err := src.Read(t.Context(), q.Path, q.Params)
		if err != nil || string(doc.Data) != c.want {
			t.Errorf("%s: %s, error %v", c.why, doc.Data, err)
		}
	}
	for _, c := range []struct {
		why, ref, text string
		kind           error
	}{
		{"nothing below", "/none?recursive=true", "no parameter below", fetch.ErrNotFound},
		{"a version of a tree", "/ml/?version=3", "one parameter", nil},
		{"a version that is none", "/ml/key?version=3:4", "one parameter", nil},
	} {
		q := query(t, c.ref)
		_, err := src.Read(t.Context(), q.Path, q.Params)
		wantError(t, err, c.kind, c.text)
	}
	f.calls = nil
	var queries []fetch.Query
	for i := range 12 {
		queries = append(queries, query(t, fmt.Sprintf("/many/deep/%02d", i)))
	}
	queries = append(queries, query(t, "/ml/key?version=3"), query(t, "/absent"))
	answers := src.ReadMany(t.Context(), queries)
	for i := range 12 {
		if answers[i].Err != nil || string(answers[i].Document.Data) != fmt.Sprint(i) {
			t.Errorf("parameter %d: %v", i, answers[i].Err)
		}
	}
	if string(answers[12].Document.Data) != "third" || !errors.Is(answers[13].Err, fetch.ErrNotFound) || len(f.ops()) != 2 {
		t.Errorf("%v, %v, calls %v", answers[12].Err, answers[13].Err, f.ops())
	}
}

func TestKMS(t *testing.T) {
	f := newFake(t)
	env := f.env()
	context := `{"app":"ml","env":"prod"}`
	env.Root = fetchtest.Root(t, map[string][]byte{
		"plain.kms":        []byte(cipherMark + "\x00" + "one"),
		"wrapped.b64":      []byte(base64.StdEncoding.EncodeToString([]byte(cipherMark + "\x00" + "two"))[:8] + "\n" + base64.StdEncoding.EncodeToString([]byte(cipherMark + "\x00" + "two"))[8:] + "\n"),
		"context.json.enc": []byte(cipherMark + context + "\x00" + `{"a":"three"}`),
		"empty":            nil,
	})
	src, err := aws.KMS().Open(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	key := "arn:aws:kms:ap-south-1:" + account + ":key/1"
	for _, c := range []struct{ why, ref, want, region string }{
		{"the bytes", "plain.kms", "one", "eu-west-1"},
		{"base64 with line breaks, as the command line prints it", "wrapped.b64", "two", "eu-west-1"},
		{"a context as JSON", "context.json.enc?context=" + url.QueryEscape(context), `{"a":"three"}`, "eu-west-1"},
		{"a context in short; the region is the key's", "context.json.enc?context=env%3Dprod,app%3Dml&key=" + key, `{"a":"three"}`, "ap-south-1"},
	} {
		q := query(t, c.ref)
		doc, err := src.Read(t.Context(), q.Path, q.Params)
		if err != nil || string(doc.Data) != c.want || f.last().region != c.region {
			t.Errorf("%s: %q, region %s, error %v", c.why, doc.Data, f.last().region, err)
		}
	}
	for _, c := range []struct {
		why, ref, refuse, text string
		kind                   error
	}{
		{"a context is missing", "context.json.enc", "", "?context=", fetch.ErrDenied},
		{"a context that is none", "plain.kms?context=x", "", "want NAME=VALUE", nil},
		{"no ciphertext", "empty", "", "empty", nil},
		{"the role may not decrypt", "plain.kms", "AccessDeniedException", "lacks kms:Decrypt on the key of the file", fetch.ErrDenied},
		{"the key is disabled", "plain.kms", "DisabledException", "disabled", fetch.ErrDenied},
		{"no such key is not a missing secret", "plain.kms", "NotFoundException", "no such KMS key", fetch.ErrDenied},
	} {
		f.refuse["Decrypt"] = c.refuse
		q := query(t, c.ref)
		_, err := src.Read(t.Context(), q.Path, q.Params)
		wantError(t, err, c.kind, c.text)
	}
}

func TestConfiguration(t *testing.T) {
	f := newFake(t)
	for _, c := range []struct {
		why    string
		config map[string]any
		text   string
	}{
		{"a typing error", map[string]any{"regoin": "x"}, `unknown key "regoin": did you mean "region"?`},
		{"a region is part of a host name", map[string]any{"region": "x.evil.example/"}, "region: not a name"},
		{"a role is an ARN", map[string]any{"role": "ci"}, "role: want an ARN"},
		{"a list with something else", map[string]any{"role": []any{roleARN, 1}}, "role: want an ARN"},
		{"a number", map[string]any{"region": 1}, "want a text"},
		{"a pull request must not choose the server that a token goes to", map[string]any{"endpoint": f.url}, "--trust-config"},
		{"an identity that there is not", map[string]any{"identity": "mine"}, "want job or sdk"},
	} {
		env := f.env()
		env.Config = c.config
		_, err := aws.SecretsManager().Open(t.Context(), env)
		wantError(t, err, nil, c.text)
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	env := f.env()
	env.Trusted, env.Config = true, map[string]any{"endpoint": f.url, "region": "us-west-1"}
	f.secrets["a"] = fakeSecret{text: "1"}
	if _, err := open(t, aws.SecretsManager(), env).Read(t.Context(), "a", nil); err != nil || f.last().region != "us-west-1" {
		t.Errorf("an endpoint of a trusted configuration: %v", err)
	}
	t.Setenv("AWS_REGION", "")
	_, err := open(t, aws.SecretsManager(), f.env()).Read(context.Background(), "a", nil)
	wantError(t, err, fetch.ErrDenied, "no AWS region: set AWS_REGION")
	fetchtest.StoreWide(t, err)
}
