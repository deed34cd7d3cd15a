package fetch

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseActionLines(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"as vault-action documents it", "secret/data/ci/aws accessKey | AWS_ACCESS_KEY_ID ;\n  secret/data/ci npm-token", "AWS_ACCESS_KEY_ID=vault://secret/data/ci/aws#accessKey NPM_TOKEN=vault://secret/data/ci#npm-token"},
		{"quoted path", `"secret/data/my ci" token | T`, "T=vault://secret/data/my ci#token"},
		{"characters of ours", "a?b#c k%", "K_=vault://a%3Fb%23c#k%25"},
		{"nothing", " ;\n; ", ""},
		{"no field", "a b;secret/data/ci", "!secret 2: want: path field | NAME"},
		{"no name", "a b | ", "!secret 1: no name"},
		{"three words", "a b c", "!secret 1: want"},
		{"wildcard", "a *", "!secret 1: wildcards"},
		{"out of the mount", "a/../b c", `!".."`},
	} {
		t.Run(c.why, func(t *testing.T) {
			reqs, err := ParseActionLines(c.in)
			var got []string
			for _, r := range reqs {
				got = append(got, fmt.Sprintf("%s=%s", r.Name, r.Ref))
			}
			want, fails := strings.CutPrefix(c.want, "!")
			if fails != (err != nil) || fails && !strings.Contains(err.Error(), want) || !fails && strings.Join(got, " ") != want {
				t.Errorf("got %q, error %v", got, err)
			}
		})
	}
}
