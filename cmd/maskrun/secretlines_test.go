package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
)

// Lines of other actions mean here what they mean there. docs/github.md has the
// same rows: see TestMigrationTable.
func TestSecretLines(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"ours", "TOKEN = vault://secret/data/ci#token", "TOKEN=vault://secret/data/ci#token"},
		{"ours, without blanks", "TOKEN=file://t", "TOKEN=file://t"},
		{"ours, ended as vault-action's are", "A = file://t ;", "A=file://t"},
		{"comments and empty lines", "\n# x\n\nA = file://t\n", "A=file://t"},
		{"vault-action", "secret/data/ci/aws accessKey | AWS_ACCESS_KEY_ID ;\nsecret/data/ci/aws secretKey | AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID=vault://secret/data/ci/aws#accessKey AWS_SECRET_ACCESS_KEY=vault://secret/data/ci/aws#secretKey"},
		{"vault-action, several on a line", "secret/data/ci a | A ; secret/data/ci b | B ;", "A=vault://secret/data/ci#a B=vault://secret/data/ci#b"},
		{"vault-action, named after the field", "secret/data/ci npm-token", "NPM_TOKEN=vault://secret/data/ci#npm-token"},
		{"vault-action, a quoted path", `"secret/data/my ci" token | T`, "T=vault://secret/data/my ci#token"},
		{"vault-action, all fields", "secret/data/ci * ;", "secret/data/ci=vault://secret/data/ci*"},
		{"vault-action, all fields under a prefix", "secret/data/ci * | CI_ ;", "secret/data/ci=vault://secret/data/ci*CI_"},
		{"vault-action, names as they are", "secret/data/ci ** | CI_ ;", "secret/data/ci=vault://secret/data/ci**CI_"},
		{"aws-secretsmanager", "TOKEN, prod/token", "TOKEN=aws-sm://prod/token"},
		{"aws-secretsmanager, named after the secret", "prod/db-password", "PROD_DB_PASSWORD=aws-sm://prod/db-password"},
		{"aws-secretsmanager, no alias", ",prod/x", "PROD_X=aws-sm://prod/x"},
		{"aws-secretsmanager, an ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf", "PROD_DB=aws-sm://arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"},
		{"aws-secretsmanager, a number first", "2fa", "_2FA=aws-sm://2fa"},
		{"aws-secretsmanager, all of a beginning", "prod/*", "=aws-sm://prod/**"},
		{"google", "token:my-project/my-secret", "token=gcp-sm://my-project/my-secret"},
		{"google, a version", "token:my-project/my-secret/3", "token=gcp-sm://my-project/my-secret/3"},
		{"google, a resource name", "api-key:projects/p/secrets/s/versions/latest", "api_key=gcp-sm://p/s/latest"},
		{"a path that leaves its mount", "secret/../sys/health x | Y", "!secrets, line 1:"},
		{"no reference", "A = value", "!secrets, line 1: not a reference"},
		{"nothing known", "a b c d", "!secrets, line 1: want"},
		{"a bad name", "secret/data/ci a | A-B", "!secrets, line 1: the name after the |"},
		{"named twice", "A = file://a\nA = file://b", "!secrets, line 2: A is named twice"},
		{"every mistake", "x y z\n\nA = b", "!secrets, line 3"},
		{"everything of AWS", "*", "!secrets, line 1: want a beginning"},
	} {
		t.Run(c.why, func(t *testing.T) {
			list, err := secretLines{}.parse(c.in)
			var got []string
			for _, w := range list {
				text := w.name + "=" + w.ref.String()
				if w.expand != nil {
					text += "*" + strings.Repeat("*", map[bool]int{false: 1}[w.expand.upper]) + w.expand.prefix
				}
				got = append(got, text)
			}
			want, fails := strings.CutPrefix(c.want, "!")
			if fails != (err != nil) || fails && !strings.Contains(err.Error(), want) || !fails && strings.Join(got, " ") != want {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}

// A * becomes one variable a key; what it cannot be made of says nothing of it.
func TestExpand(t *testing.T) {
	source := func(from, value string, e *expansion) secret {
		return secret{wanted: wanted{name: "x", from: fetch.Place{File: from}, expand: e}, value: fetch.NewValue([]byte(value))}
	}
	for _, c := range []struct {
		why  string
		in   []secret
		want string
	}{
		{"fields in capitals", []secret{source("l", `{"b-c":"2","a":"1"}`, &expansion{"P_", true})}, "P_A=1 P_B_C=2"},
		{"fields as they are", []secret{source("l", `{"aB":"1"}`, &expansion{"", false})}, "aB=1"},
		{"no text", []secret{source("l", `{"n":5,"o":{"x":[1]},"t":true}`, &expansion{"", true})}, `N=5 O={"x":[1]} T=true`},
		{"a number first", []secret{source("l", `{"2fa":"1"}`, &expansion{"", true})}, "_2FA=1"},
		{"both kinds", []secret{source("l", "plain", nil), source("m", `{"a":"1"}`, &expansion{"", true})}, "x=plain A=1"},
		{"no object", []secret{source("line 3", "CANARY", &expansion{"", true})}, "!line 3: * wants a secret that is a JSON object"},
		{"one name twice", []secret{source("line 1", `{"a":"1"}`, &expansion{"", true}), source("line 2", `{"A":"1"}`, &expansion{"", true})}, "!line 1 and line 2: both give A"},
	} {
		t.Run(c.why, func(t *testing.T) {
			secrets, err := expandAll(c.in)
			var got []string
			for _, s := range secrets {
				got = append(got, s.name+"="+string(s.value.Reveal()))
			}
			want, fails := strings.CutPrefix(c.want, "!")
			if fails != (err != nil) || fails && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "CANARY")) || !fails && strings.Join(got, " ") != want {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}

// given is a set of inputs, as the runner hands them over.
type given map[string]string

// Input is that of action.Inputs.
func (g given) Input(name string) string { return g[strings.ToUpper(name)] }

// The tables of docs/github.md say what becomes of each input of other actions;
// here each row is tried: an input in code in the first column, and what it is
// here in the second.
func TestMigrationTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/github.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([A-Za-z_-]+)` \\| (.*?) \\| (.*?) \\|$").FindAllStringSubmatch(string(page), -1)
	tried := map[string]bool{}
	for _, row := range rows {
		name, example := row[1], strings.ReplaceAll(strings.Trim(row[2], "`"), `\|`, "|")
		effect, known := migration[name]
		if !known {
			t.Errorf("docs/github.md: no test of input %s", name)
			continue
		}
		tried[name] = true
		if effect == nil {
			if !strings.Contains(row[3], "not needed") && !strings.Contains(row[3], "no such") {
				t.Errorf("docs/github.md: %s has no effect here, and the page does not say so", name)
			}
			continue
		}
		in, err := readInputs(given{strings.ToUpper(name): example})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := effect(in); got != example {
			t.Errorf("%s: %q becomes %q", name, example, got)
		}
	}
	for name := range migration {
		if !tried[name] {
			t.Errorf("docs/github.md does not speak of %s", name)
		}
	}
}

// migration says, for every input of the four actions, where its value is found
// once read; nil for one that has no use here.
var migration = map[string]func(actionInputs) string{
	"url":                   func(in actionInputs) string { return in.vault["VAULT_ADDR"] },
	"secrets":               func(in actionInputs) string { return in.secrets },
	"namespace":             func(in actionInputs) string { return in.vault["VAULT_NAMESPACE"] },
	"method":                func(in actionInputs) string { return in.vault["VAULT_AUTH_METHOD"] },
	"role":                  func(in actionInputs) string { return in.vault["VAULT_AUTH_ROLE"] },
	"path":                  func(in actionInputs) string { return in.vault["VAULT_AUTH_PATH"] },
	"token":                 func(in actionInputs) string { return in.vault["VAULT_TOKEN"] },
	"roleId":                func(in actionInputs) string { return in.vault["VAULT_ROLE_ID"] },
	"secretId":              func(in actionInputs) string { return in.vault["VAULT_SECRET_ID"] },
	"username":              func(in actionInputs) string { return in.vault["VAULT_USERNAME"] },
	"password":              func(in actionInputs) string { return in.vault["VAULT_PASSWORD"] },
	"jwtGithubAudience":     func(in actionInputs) string { return in.audience },
	"caCertificate":         func(in actionInputs) string { return in.vault["VAULT_CACERT_BYTES"] },
	"exportToken":           func(in actionInputs) string { return fmt.Sprint(in.exportToken) },
	"revokeToken":           func(in actionInputs) string { return fmt.Sprint(in.revoke) },
	"exportEnv":             func(in actionInputs) string { return fmt.Sprint(in.exportEnv) },
	"ignoreNotFound":        func(in actionInputs) string { return fmt.Sprint(in.ifMissing == "skip") },
	"secret-ids":            func(in actionInputs) string { return in.secrets },
	"parse-json-secrets":    func(in actionInputs) string { return fmt.Sprint(in.parseJSON) },
	"export-env":            func(in actionInputs) string { return fmt.Sprint(in.exportEnv) },
	"min-mask-length":       func(in actionInputs) string { return fmt.Sprint(in.minLength) },
	"export_to_environment": nil,
	"name-transformation":   nil,
	"unset-previous":        nil,
	"tlsSkipVerify":         nil,
}
