package fetch

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func params(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

const secretARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ml/wandb-AbCdEf"

func TestParseRef(t *testing.T) {
	for _, c := range []struct {
		why, in string
		want    Ref
	}{
		{"plain", "vault://secret/data/ci#token", Ref{"vault", "secret/data/ci", nil, "token"}},
		{"pointer", "sops://secrets.yaml#/db/user", Ref{"sops", "secrets.yaml", nil, "/db/user"}},
		{"params", "aws-sm://n?version=1&decode=base64#/k", Ref{"aws-sm", "n", params("version", "1", "decode", "base64"), "/k"}},
		{"ref+ of vals", "ref+vault://a/b#/c", Ref{"vault", "a/b", nil, "/c"}},
		{"secretref+", "secretref+file://x", Ref{"file", "x", nil, ""}},
		{"vals' names", "ref+awssecrets://a/b#/c", Ref{"aws-sm", "a/b", nil, "/c"}},
		{"vals' parameter store", "ref+awsssm://a/b", Ref{"aws-ssm", "a/b", nil, ""}},
		{"vals' google", "ref+gcpsecrets://p/s?version=3", Ref{"gcp-sm", "p/s", params("version", "3"), ""}},
		{"vals' azure", "ref+azurekeyvault://v/s/ver", Ref{"azure-kv", "v/s/ver", nil, ""}},
		{"scheme in capitals", "VAULT://a", Ref{"vault", "a", nil, ""}},
		{"absolute path", "aws-ssm:///ml/key", Ref{"aws-ssm", "/ml/key", nil, ""}},
		{"percent-decoding", "file://a%20b%23c#d%2Fe", Ref{"file", "a b#c", nil, "d/e"}},
		{"plus is a plus", "op://v/i/f?default=a+b%2Bc", Ref{"op", "v/i/f", params("default", "a+b+c"), ""}},
		{"empty default", "env://X?default=", Ref{"env", "X", params("default", ""), ""}},
		{"dots that are no segment", "file://a..b/...", Ref{"file", "a..b/...", nil, ""}},
		{"vault-env", "vault:secret/data/x#KEY", Ref{"vault", "secret/data/x", nil, "KEY"}},
		{"vault-env with version", "vault:secret/data/x#KEY#2", Ref{"vault", "secret/data/x", params("version", "2"), "KEY"}},
		{"berglas", "sm://project/name", Ref{"gcp-sm", "project/name", nil, ""}},
		{"berglas version", "sm://project/name#7", Ref{"gcp-sm", "project/name", params("version", "7"), ""}},
		{"berglas scheme, our field", "sm://project/name#/a", Ref{"gcp-sm", "project/name", nil, "/a"}},
		{"google name", "projects/p/secrets/s/versions/5", Ref{"gcp-sm", "p/s/5", nil, ""}},
		{"google name, no version", "projects/p/secrets/s#/k", Ref{"gcp-sm", "p/s", nil, "/k"}},
		{"google regional", "gcp-sm://projects/p/locations/l/secrets/s/versions/5", Ref{"gcp-sm", "p/s/5", params("location", "l"), ""}},
		{"ARN", secretARN, Ref{"aws-sm", secretARN, nil, ""}},
		{"ARN after its scheme", "aws-sm://" + secretARN + "#/k", Ref{"aws-sm", secretARN, nil, "/k"}},
		{"ARN as ECS writes it", secretARN + ":api_key:AWSCURRENT:", Ref{"aws-sm", secretARN, params("stage", "AWSCURRENT"), "api_key"}},
		{"ARN in China", "arn:aws-cn:ssm:cn-north-1:1:parameter/ml/x", Ref{"aws-ssm", "arn:aws-cn:ssm:cn-north-1:1:parameter/ml/x", nil, ""}},
		{"Key Vault", "https://ml.vault.azure.net/secrets/key/0123", Ref{"azure-kv", "ml/key/0123", nil, ""}},
		{"Key Vault elsewhere", "https://ML.vault.azure.cn/secrets/key", Ref{"azure-kv", "ml.vault.azure.cn/key", nil, ""}},
		{"a command", "exec://pass show ml | head -1", Ref{"exec", "pass show ml | head -1", nil, ""}},
		{"a command with percent, dots and backslash", `exec://date +%s; cat ../x; printf 'a\n%23'`, Ref{"exec", `date +%s; cat ../x; printf 'a\n#'`, nil, ""}},
		{"someone else's scheme", "corp-1.x://a", Ref{"corp-1.x", "a", nil, ""}},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := ParseRef(c.in)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v %q %v, error %v", got, got.Path, map[string][]string(got.Params), err)
			}
		})
	}
}

// FAULTS 91.
func TestParseRefRefuses(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"out of the mount", "vault://secret/../../sys/health", `".."`},
		{"the same, encoded", "vault://secret/%2e%2e/%2E%2E/sys/health", `".."`},
		{"the slash encoded too", "vault://secret%2f..%2fsys", `".."`},
		{"at the start", "file://../../etc/shadow", `".."`},
		{"at the end", "vault://secret/..", `".."`},
		{"backslash", `file://a\..\b`, "backslash"},
		{"backslash, encoded", "file://a%5C..%5Cb", "backslash"},
		{"NUL", "file://a%00b", "control"},
		{"line break", "vault://a\nb", "control"},
		{"DEL", "vault://a%7f", "control"},
		{"NUL in a command", "exec://a%00", "NUL"},
		{"control byte in the field", "vault://a#b%0a", "field"},
		{"google name that leaves", "projects/p/secrets/../versions/1", `".."`},
		{"vault-env that leaves", "vault:a/../b#c", `".."`},
		{"Key Vault that leaves", "https://x.vault.azure.net/secrets/%2e%2e/keys", `".."`},
		{"nothing", "", "scheme"},
		{"no scheme", "secret/data/x", "scheme"},
		{"bad scheme", "9x://a", "scheme"},
		{"prefix twice", "ref+secretref+vault://a", "twice"},
		{"no path", "vault://", "no path"},
		{"only slashes", "vault:////#x", "no path"},
		{"no command", "exec:// ", "no command"},
		{"broken escape", "vault://a%zz", "%25"},
		{"unknown decoding", "vault://a?decode=rot13", "want base64 or hex"},
		{"optional=yes", "vault://a?optional=yes", "want true or false"},
		{"trim=1", "vault://a?trim=1", "want true or false"},
		{"twice", "vault://a?version=1&version=2", "twice"},
		{"parameter without a name", "vault://a?=x", "name"},
		{"ARN of no store", "arn:aws:s3:::bucket", "ARN"},
		{"Key Vault key", "https://x.vault.azure.net/keys/k", "Key Vault"},
		{"Key Vault with a user", "https://u:p@x.vault.azure.net/secrets/k", "Key Vault"},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := ParseRef(c.in)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestParseRefErrorsQuoteNothing(t *testing.T) {
	for _, in := range []string{canary, "vault://" + canary + "%zz", "vault://x?decode=" + canary, "vault://../" + canary, "vault://a?default=%zz" + canary} {
		if _, err := ParseRef(in); err == nil {
			t.Error("no error")
		} else {
			noCanary(t, "error", err.Error())
		}
	}
}

func TestRefString(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"canonical", "ref+awssecrets://a%20b?version=2#/k", "aws-sm://a b?version=2#/k"},
		{"default may be a secret", "env://X?default=hunter2", "env://X?default=…"},
		{"so may a stranger's parameter", "vault://a?token=t&region=r", "vault://a?region=r&token=…"},
		{"credentials in the path", "corp://user:pw@host/a", "corp://***@host/a"},
		{"an at sign alone is a name", "op://me@example.com/x", "op://me@example.com/x"},
		{"as it is in an ARN", secretARN + "@x", "aws-sm://" + secretARN + "@x"},
		{"a command's arguments", "exec://curl -u user:pw", "exec://curl …"},
		{"a command's assignments", "exec://TOKEN=x curl", "exec://…"},
		{"a bare command", "exec://get-token", "exec://get-token"},
		{"what must be escaped is", "file://a%23b%3Fc%25d", "file://a%23b%3Fc%25d"},
	} {
		t.Run(c.why, func(t *testing.T) {
			r, err := ParseRef(c.in)
			if err != nil || r.String() != c.want {
				t.Errorf("got %q, error %v", r.String(), err)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	for field, want := range map[string][]string{
		"": nil, "a": {"a"}, "/a/b": {"a", "b"}, "a/b": {"a/b"}, "/a~1b/c~0d": {"a/b", "c~d"}, "/~01": {"~1"}, "/": {""},
	} {
		if got := (Ref{Field: field}).Keys(); !slices.Equal(got, want) {
			t.Errorf("%q: got %q", field, got)
		}
	}
}

func TestLooksLikeRef(t *testing.T) {
	schemes := []string{"vault", "file", "exec", "docker", "k8s", "gcp-sm", "env"}
	for _, c := range []struct {
		why, in string
		want    bool
	}{
		{"known", "vault://a/b#c", true},
		{"prefixed", "ref+vault://a", true},
		{"another's name for a known one", "sm://p/n", true},
		{"vault-env", "vault:secret/data/x#k", true},
		{"a command", "exec://curl https://x", true},
		{"relative file", "file://secret.txt", true},
		{"it will not parse: the user must hear", "vault://a/../b", true},
		{"file URL of an ordinary program", "file:///mlruns", false},
		{"unless prefixed", "ref+file:///run/token", true},
		{"image", "docker://alpine:3", false},
		{"image with a host", "docker://ghcr.io/x/y", false},
		{"docker secret", "docker://db_password", true},
		{"Spark master", "k8s://https://10.0.0.1:443", false},
		{"web", "https://example.com", false},
		{"database", "postgres://u:p@h/db", false},
		{"unknown with prefix", "ref+nope://x", false},
		{"Key Vault address: programs want it as it is", "https://x.vault.azure.net/secrets/y", false},
		{"ARN: likewise", secretARN, false},
		{"text about vault:", "vault: see the docs", false},
		{"several lines", "vault://a\nb", false},
		{"nothing after it", "vault://", false},
		{"empty", "", false},
		{"not at the start", " vault://a", false},
	} {
		t.Run(c.why, func(t *testing.T) {
			if got := LooksLikeRef(c.in, schemes); got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// FuzzParseRef holds three things: what parses is safe to hand to a store, its
// String parses to an equal Ref unless something was left out, and no text is
// quoted by an error.
func FuzzParseRef(f *testing.F) {
	for _, s := range []string{
		"vault://secret/data/ci#token", "ref+awssecrets://a/b?version=1#/c~1d", secretARN + ":k:s:v",
		"https://x.vault.azure.net/secrets/a", "projects/p/locations/l/secrets/s/versions/1", "sm://p/n#3",
		"vault:a/b#c#2", "exec://date +%s %23", "file://%2e%2e/x", "env://X?default=a+b&optional=true", "op://a:b@c/d",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err != nil {
			if len(s) > 40 && strings.Contains(err.Error(), s[len(s)/2:]) {
				t.Errorf("error quotes the text: %v", err)
			}
			return
		}
		checkSafe(t, r)
		shown := r.String()
		if strings.Contains(shown, "…") || strings.Contains(shown, "***") || r.Scheme == "exec" {
			return
		}
		again, err := ParseRef(shown)
		if err != nil || !sameRef(r, again) {
			t.Errorf("%q prints as %q, which gives %q, error %v", s, shown, again.String(), err)
		}
	})
}

func checkSafe(t *testing.T, r Ref) {
	t.Helper()
	if strings.ContainsRune(r.Path, 0) || r.Path == "" || r.Scheme == "" {
		t.Errorf("unsafe path %q", r.Path)
	}
	if r.Scheme == "exec" {
		return
	}
	if hasControl(r.Path) || strings.Contains(r.Path, `\`) || slices.Contains(strings.Split(r.Path, "/"), "..") {
		t.Errorf("unsafe path %q", r.Path)
	}
}

func sameRef(a, b Ref) bool {
	return a.Scheme == b.Scheme && a.Path == b.Path && a.Field == b.Field && a.Params.Encode() == b.Params.Encode()
}

// What was typed may be a secret: of a mistake no word of it is told but parameters that we know. FAULTS 99
func TestMistake(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"no reference at all", canary, "not a reference (scheme://path, for example env://NAME); values do not belong here"},
		{"an address with a bad scheme", "1" + canary + "://x", "not a reference (scheme://path, for example env://NAME); values do not belong here"},
		{"no path", "vault://", "bad reference: no path"},
		{"a parameter of ours", "vault://x?decode=" + canary, "bad reference: parameter decode: unknown value: want base64 or hex"},
		{"somebody's parameter, twice", "vault://x?" + canary + "=1&" + canary + "=2", "bad reference: a parameter is given twice"},
		{"somebody's parameter, damaged", "vault://x?" + canary + "=%zz", "bad reference: a parameter has a malformed percent escape: write % as %25"},
		{"a parameter without a name", "vault://x?=" + canary, "bad reference: parameter without a name"},
	} {
		_, err := ParseRef(c.in)
		if err == nil {
			t.Fatalf("%s: no error", c.why)
		}
		if got := Mistake(err, "here"); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
		noCanary(t, c.why, Mistake(err, "here"))
	}
}
