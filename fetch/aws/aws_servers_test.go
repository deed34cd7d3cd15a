//go:build servers

package aws_test

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"context"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/aws"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/internal/vaulttest"
)

// serve runs a server until the test ends, once it takes connections at address.
func serve(t *testing.T, address string, env []string, argv ...string) {
	t.Helper()
	cmd := exec.Command(argv[0], argv[1:]...)
	log := &strings.Builder{}
	cmd.WaitDelay = 5 * time.Second // a child of it may keep the pipe open
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s said:\n%s", argv[0], log)
		}
	})
	for range 600 {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s has ended", argv[0])
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not listen at %s", argv[0], address)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// realEnv is the world of the stores, with no credentials but those of the environment.
func realEnv(t *testing.T) fetch.Env {
	t.Helper()
	return fetch.Env{Getenv: os.Getenv, HTTP: fetchtest.Client(t), Warn: func(string) {}}
}

// moto is an emulator of AWS that somebody else wrote.
func moto(t *testing.T) awssdk.Config {
	t.Helper()
	python := os.Getenv("MASKRUN_TEST_PYTHON")
	if python == "" {
		t.Skip("no Python that has moto")
	}
	cleanEnv(t)
	address := freeAddress(t)
	t.Setenv("PYTHONDONTWRITEBYTECODE", "1")
	host, port, _ := net.SplitHostPort(address)
	serve(t, address, nil, python, "-m", "moto.server", "-H", host, "-p", port)
	for k, v := range map[string]string{"AWS_ENDPOINT_URL": "http://" + address, "AWS_ENDPOINT_URL_STS": "http://" + address,
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": staticKey, "AWS_SECRET_ACCESS_KEY": staticValue} {
		t.Setenv(k, v)
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// must gives the first value, or ends the test.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestRealMotoSecrets(t *testing.T) {
	sm := secretsmanager.NewFromConfig(moto(t))
	ctx := t.Context()
	create := func(name string, text *string, binary []byte) *secretsmanager.CreateSecretOutput {
		return must[*secretsmanager.CreateSecretOutput](t)(sm.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: text, SecretBinary: binary}))
	}
	first := create("ml/wandb", awssdk.String("old"), nil)
	must[*secretsmanager.PutSecretValueOutput](t)(sm.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: first.ARN, SecretString: awssdk.String(`{"api_key":"` + fetchtest.Canary + `"}`)}))
	create("bytes", nil, []byte{0, 1, 0xff})
	create("gone", awssdk.String("x"), nil)
	must[*secretsmanager.DeleteSecretOutput](t)(sm.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: awssdk.String("gone")}))
	for i := range 25 {
		create(fmt.Sprintf("many/%02d", i), awssdk.String(fmt.Sprint(i)), nil)
	}
	env := realEnv(t)
	r := fetch.NewResolver(env, aws.SecretsManager())
	defer r.Close()
	arn := awssdk.ToString(first.ARN)
	for _, c := range [][2]string{
		{"aws-sm://ml/wandb#/api_key", fetchtest.Canary},
		{arn + "#/api_key", fetchtest.Canary},
		{arn + ":api_key::", fetchtest.Canary},
		{arn[:len(arn)-7] + "#/api_key", fetchtest.Canary},
		{"aws-sm://ml/wandb?version=" + awssdk.ToString(first.VersionId), "old"},
		{"aws-sm://ml/wandb?stage=AWSPREVIOUS", "old"},
		{"aws-sm://bytes", "\x00\x01\xff"},
		{"aws-sm://many/*#many/07", "7"},
		{"aws-sm://many/*#many/24", "24"},
	} {
		ref := must[fetch.Ref](t)(fetch.ParseRef(c[0]))
		secrets, err := r.Resolve(ctx, []fetch.Request{{Name: "A", Ref: ref}})
		if err != nil || string(secrets[0].Value.Reveal()) != c[1] {
			t.Errorf("%s: error %v", c[0], err)
		}
	}
	var queries []fetch.Query
	for i := range 25 {
		queries = append(queries, fetch.Query{Path: fmt.Sprintf("many/%02d", i)})
	}
	queries = append(queries, fetch.Query{Path: "absent"}, fetch.Query{Path: "gone"})
	for i, a := range open(t, aws.SecretsManager(), env).ReadMany(ctx, queries) {
		switch {
		case i < 25 && (a.Err != nil || string(a.Document.Data) != fmt.Sprint(i)):
			t.Errorf("many/%02d: %q, error %v", i, a.Document.Data, a.Err)
		case i >= 25 && !errors.Is(a.Err, fetch.ErrNotFound):
			t.Errorf("%s: error %v", queries[i].Path, a.Err)
		}
	}
}

func TestRealMotoParameters(t *testing.T) {
	client := ssm.NewFromConfig(moto(t))
	ctx := t.Context()
	put := func(name, value string) {
		t.Helper()
		must[*ssm.PutParameterOutput](t)(client.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: &value, Type: ssmtypes.ParameterTypeSecureString, Overwrite: awssdk.Bool(true)}))
	}
	put("/ml/key", "first")
	put("/ml/key", "second")
	must[*ssm.LabelParameterVersionOutput](t)(client.LabelParameterVersion(ctx, &ssm.LabelParameterVersionInput{Name: awssdk.String("/ml/key"), ParameterVersion: awssdk.Int64(1), Labels: []string{"prod"}}))
	for i := range 12 {
		put(fmt.Sprintf("/many/deep/%02d", i), fmt.Sprint(i))
	}
	env := realEnv(t)
	src := open(t, aws.ParameterStore(), env)
	for _, c := range [][2]string{{"/ml/key", "second"}, {"/ml/key?version=1", "first"}, {"/ml/key?label=prod", "first"}, {"/ml/key:2", "second"}, {"/ml/", `{"key":"second"}`}} {
		q := query(t, c[0])
		if doc, err := src.Read(ctx, q.Path, q.Params); err != nil || string(doc.Data) != c[1] {
			t.Errorf("%s: %q, error %v", c[0], doc.Data, err)
		}
	}
	q := query(t, "/many?recursive=true")
	doc, err := src.Read(ctx, q.Path, q.Params)
	var got map[string]map[string]string
	if err != nil || json.Unmarshal(doc.Data, &got) != nil || len(got["deep"]) != 12 || got["deep"]["11"] != "11" {
		t.Errorf("tree of %d, error %v", len(got["deep"]), err)
	}
	var queries []fetch.Query
	for i := range 12 {
		queries = append(queries, query(t, fmt.Sprintf("/many/deep/%02d", i)))
	}
	queries = append(queries, query(t, "/absent"), query(t, "/ml/key?version=9"))
	for i, a := range src.ReadMany(ctx, queries) {
		switch {
		case i < 12 && (a.Err != nil || string(a.Document.Data) != fmt.Sprint(i)):
			t.Errorf("%s: %q, error %v", queries[i].Path, a.Document.Data, a.Err)
		case i >= 12 && !errors.Is(a.Err, fetch.ErrNotFound):
			t.Errorf("%s: error %v", queries[i].Path, a.Err)
		}
	}
}

func TestRealMotoKMS(t *testing.T) {
	client := kms.NewFromConfig(moto(t))
	ctx := t.Context()
	key := must[*kms.CreateKeyOutput](t)(client.CreateKey(ctx, &kms.CreateKeyInput{}))
	sealed := must[*kms.EncryptOutput](t)(client.Encrypt(ctx, &kms.EncryptInput{KeyId: key.KeyMetadata.KeyId, Plaintext: []byte(`{"a":"` + fetchtest.Canary + `"}`), EncryptionContext: map[string]string{"app": "ml"}}))
	env := realEnv(t)
	env.Root = fetchtest.Root(t, map[string][]byte{"a.json.enc": sealed.CiphertextBlob, "b.json.b64": []byte(base64.StdEncoding.EncodeToString(sealed.CiphertextBlob)), "c": []byte("no ciphertext")})
	src, err := aws.KMS().Open(ctx, env)
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"a.json.enc?context=app%3Dml", "b.json.b64?context=app%3Dml&key=" + awssdk.ToString(key.KeyMetadata.Arn)} {
		q := query(t, ref)
		if doc, err := src.Read(ctx, q.Path, q.Params); err != nil || string(doc.Data) != `{"a":"`+fetchtest.Canary+`"}` || doc.Format != fetch.JSON {
			t.Errorf("%s: error %v", ref, err)
		}
	}
	for _, path := range []string{"a.json.enc", "c"} {
		if _, err := src.Read(ctx, path, nil); err == nil {
			t.Errorf("%s: no error without its context", path)
		}
	}
}

// A token that a real Vault signed, shown to MinIO's STS, which checks it against Vault's keys: the
// path that a job's identity takes, with nothing of ours at the other end.
func TestRealWebIdentity(t *testing.T) {
	minio, vault := vaulttest.Program(t, "minio"), vaulttest.Start(t, nil) // before newFake hides the home directory
	const audience = "sts.amazonaws.com"
	vault.Write(t, "identity/oidc/key/ci", map[string]any{"allowed_client_ids": "*"})
	vault.Write(t, "identity/oidc/role/ci", map[string]any{"key": "ci", "client_id": audience, "ttl": "10m"})
	vault.Policy(t, "ci", `path "identity/oidc/token/ci" { capabilities = ["read"] }`)
	vault.Enable(t, "auth/userpass", "userpass", nil)
	vault.Write(t, "auth/userpass/users/job", map[string]any{"password": "pass-of-a-test", "policies": "ci"})
	login := vault.Do(t, "POST", "auth/userpass/login/job", "", map[string]any{"password": "pass-of-a-test"})
	auth, _ := login["auth"].(map[string]any)
	made := vault.Do(t, "GET", "identity/oidc/token/ci", auth["client_token"].(string), nil)
	token := made["data"].(map[string]any)["token"].(string)

	f := newFake(t) // of Secrets Manager alone
	f.secrets["a"] = fakeSecret{text: fetchtest.Canary}
	noKeys(t)
	address := freeAddress(t)
	serve(t, address, []string{"MINIO_ROOT_USER=root-of-a-test", "MINIO_ROOT_PASSWORD=pass-of-a-test", "MINIO_BROWSER=off", "HOME=" + t.TempDir(),
		"MINIO_IDENTITY_OPENID_CONFIG_URL=" + vault.Address + "/v1/identity/oidc/.well-known/openid-configuration",
		"MINIO_IDENTITY_OPENID_CLIENT_ID=" + audience, "MINIO_IDENTITY_OPENID_ROLE_POLICY=readwrite"},
		minio, "server", "--address", address, "--console-address", freeAddress(t), filepath.Join(t.TempDir(), "data"))
	t.Setenv("AWS_ENDPOINT_URL_STS", "http://"+address)
	sum := sha1.Sum([]byte(audience)) // how MinIO names the role of a provider
	role := "arn:minio:iam:::role/" + base64.RawURLEncoding.EncodeToString(sum[:])

	env, asked := job(realEnv(t), token, nil)
	env.Config = map[string]any{"role": role}
	// MinIO listens before it has asked Vault for its keys, and knows no role until then.
	read := func() (doc fetch.Document, err error) {
		for range 300 {
			doc, err = open(t, aws.SecretsManager(), env).Read(context.Background(), "a", nil)
			if err == nil {
				return doc, err
			}
			time.Sleep(100 * time.Millisecond)
		}
		return doc, err
	}
	doc, err := read()
	if err != nil || string(doc.Data) != fetchtest.Canary || (*asked)[0] != audience {
		t.Fatalf("audiences %v, error %v", *asked, err)
	}
	if c := f.last(); len(c.key) != 20 || c.session == "" {
		t.Errorf("signed without the role's credentials: %d bytes of key, %d of session", len(c.key), len(c.session))
	}
	// The same token with another signature, and one for another audience.
	cut := strings.LastIndexByte(token, '.') + 1
	tampered := token[:cut] + strings.Map(func(r rune) rune {
		if r == 'A' {
			return 'B'
		}
		return 'A'
	}, token[cut:cut+20]) + token[cut+20:]
	vault.Write(t, "identity/oidc/role/other", map[string]any{"key": "ci", "client_id": "someone-else", "ttl": "10m"})
	vault.Policy(t, "ci", `path "identity/oidc/token/*" { capabilities = ["read"] }`)
	made = vault.Do(t, "GET", "identity/oidc/token/other", auth["client_token"].(string), nil)
	for why, bad := range map[string]string{"tampered": tampered, "another audience": made["data"].(map[string]any)["token"].(string)} {
		f.calls = nil
		env, _ := job(realEnv(t), bad, nil)
		env.Config = map[string]any{"role": role}
		_, err := open(t, aws.SecretsManager(), env).Read(t.Context(), "a", nil)
		if !errors.Is(err, fetch.ErrDenied) || len(f.calls) > 0 || strings.Contains(err.Error(), bad[:20]) {
			t.Errorf("%s: %d calls, error %v", why, len(f.calls), err)
		}
	}
}
