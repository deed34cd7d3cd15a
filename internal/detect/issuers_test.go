package detect

import (
	"strings"
	"testing"
)

// The examples that issuers print in their own documentation and tests. They
// stand here with a bar in them, so that this file holds no token; [ ] marks the
// part that is hidden, where that is not all.
var issuersExamples = []struct{ rule, from, text string }{
	{"circleci", "circleci.com/changelog", "CCI|PAT_ULUhR6rJLxYbyzyrP19iMZ_8fb1e3510325f7f09361de22b9420346c53ca2cb"},
	{"heroku", "devcenter.heroku.com, item 3175, before", "HR|KU-57dce771-afad-4c41-a8a5-d10b7fbc743c"},
	{"heroku", "devcenter.heroku.com, item 3175, after", "HR|KU-AALJCYR7SRzPkj9_BGqhi1jAI1J5P4WfD6ITENvdVydAPCnNcAlrMMahHrTo"},
	{"dynatrace", "docs.dynatrace.com", "dt|0s01.ST2EY72KQINMH574WMNVI7YN.[G3DFPBEJYMODIDAEX454M7YWBUVEFOWKPRVMWFASS64NFH52PX6BNDVFFM572RZM]"},
	{"discord-bot", "discord-api-docs, reference", "MTk4NjIy|NDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"},
	{"discord-webhook", "discord-api-docs, oauth2", "https://discord|.com/api/webhooks/347114750880120863/[kKDdjXa1g9tKNs0-_yOwLyALC9gydEWP6gr9sHabuK1vuofjhQDDnlOclJeRIvYK-pj_]"},
	{"digitalocean", "doctl, commands/auth_test.go", "do|p_v1_53918d3cd735062ca6ea791427900af10cf595f18dc6016c1cb0c3a11adcae84"},
	{"digitalocean", "doctl, commands/auth_test.go", "do|o_v1_53918d3cd735062ca6ea791427900af10cf595f18dc6016c1cb0c3a11adcae84"},
	{"tailscale", "tailscale.com/kb/1277", "ts|key-api-abcDEF1CNTRL-091234567890ABCDEF"},
	{"age-secret-key", "C2SP, age.md", "AGE-SECRET-|KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"},
	{"age-secret-key-pq", "C2SP, age.md", "AGE-SECRET-|KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR"},
	{"sentry-org", "getsentry/rfcs 0091", "snt|rys_eyJpYXQiOjE2ODczMzY1NDMuNjk4NTksInVybCI6bnVsbCwicmVnaW9uX3VybCI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODAwMCIsIm9yZyI6InNlbnRyeSJ9_NzJkYzA3NzMyZTRjNGE2NmJlNjBjOWQxNGRjOTZiNmI"},
	{"slack-webhook", "slack-github-action", "https://hooks.sl|ack.com/services/[T0123456789/B0123456789/abcdefghijklmnopqrstuvwxyz]"},
	{"slack-webhook", "slack-github-action", "https://hooks.sl|ack.com/triggers/[T0123456789/00000000000/abcdefghijklmnopqrstuvwxyz]"},
	{"supabase-secret-key", "supabase/cli", "sb_|secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"},
}

func TestIssuersExamples(t *testing.T) {
	for _, c := range issuersExamples {
		e := example{rule: c.rule, template: c.text}
		text, want := e.masked(nil)
		if got := mask(t, only(t, c.rule), "a "+text+"\n"); got != "a "+want+"\n" {
			t.Errorf("%s (%s)\n got %q\nwant %q", c.rule, c.from, got, want)
		}
		if strings.Contains(c.text, "[") {
			continue
		}
		if got := mask(t, detector(t, rules, nil), "a "+text+"\n"); got != "a ***\n" {
			t.Errorf("%s (%s), all rules: %q", c.rule, c.from, got)
		}
	}
}
