package detect

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
)

// An example makes invented tokens of one rule. Its template is text with
// fields in angle brackets, filled at run time, so that no token stands here:
//
//	<A20> letters and digits   <U9> upper-case and digits   <L9> lower-case and digits
//	<x32> hexadecimal          <d10> digits                 <B24> <l24> base32
//	<W20> A and _ and -        <S86> A and + and /          <b58> Bech32 data, upper-case
//	<crc62> <crc36> <crchex> <bech>  the checksum of what came before
//	<id> base64 of a snowflake <jose> a header              <nl> a line feed
//
// [hidden] marks the part that is hidden, where that is not all.
type example struct {
	rule, template string
}

var examples = []example{
	{"aws-access-key-id", "AK|IA<B16>"},
	{"aws-access-key-id", "AS|IA<B16>"},
	{"aws-secret-access-key", `aws_secret_|access_key = [<S30>7<S9>]`},
	{"aws-secret-access-key", `"SecretAccess|Key": "[<S30>7<S9>]"`},
	{"aws-session-token", `AWS_SESSION_|TOKEN=[<S300>==]`},
	{"aws-session-token", `"Session|Token": "[<S240>]"`},
	{"aws-bedrock-api-key", "AB|SK<S110>=="},
	{"github-pat", "gh|p_<A30><crc62>"},
	{"github-oauth", "gh|o_<A30><crc62>"},
	{"github-app-user", "gh|u_<A30><crc62>"},
	{"github-app-installation", "gh|s_<A30><crc62>"},
	{"github-app-installation-jwt", "gh|s_<d7>_<jose>.eyJ<W180>.<W250>"},
	{"github-refresh", "gh|r_<A76>"},
	{"github-fine-grained-pat", "github_|pat_<A22>_<A59>"},
	{"npm", "np|m_<A30><crc62>"},
	{"gitlab-pat", "gl|pat-<W20>"},
	{"gitlab-routable", "gl|pat-<W40>.01.14<crc36>"},
	{"gitlab-routable", "gl|rt-t1_<W36>.01.10<crc36>"},
	{"gitlab-deploy", "gl|dt-<W20>"},
	{"gitlab-runner", "gl|rt-<W20>"},
	{"gitlab-runner", "gl|rtr-<W20>"},
	{"gitlab-job", "gl|cbt-<x2>_<W20>"},
	{"gitlab-trigger", "gl|ptt-<x40>"},
	{"gitlab-feed", "gl|ft-<W20>"},
	{"gitlab-incoming-mail", "gl|imt-<L25>"},
	{"gitlab-agent", "gl|agent-<W50>"},
	{"gitlab-oauth-secret", "gl|oas-<x64>"},
	{"gitlab-scim", "gl|soat-<W20>"},
	{"gitlab-feature-flags", "gl|ffct-<W20>"},
	{"gitlab-workspace", "gl|wt-<W20>"},
	{"gitlab-session", "Cookie: _gitlab_ses|sion=[<x32>]; a=b"},
	{"slack-bot", "xo|xb-<d12>-<d12>-<A24>"},
	{"slack-bot", "xo|xb-<d12>-<A24>"},
	{"slack-user", "xo|xp-<d12>-<d12>-<d13>-<x32>"},
	{"slack-config", "xo|xe.xo|xp-1-<A160>"},
	{"slack-config", "xo|xe-1-<A140>"},
	{"slack-app", "xa|pp-1-A<U10>-<d13>-<x64>"},
	{"slack-webhook", "https://hooks.sl|ack.com/services/[T<U9>/B<U9>/<A24>]"},
	{"slack-webhook", "https://hooks.sl|ack.com/triggers/[T<U9>/<d11>/<A24>]"},
	{"discord-webhook", "https://discord|.com/api/webhooks/<d18>/[<W68>]"},
	{"discord-bot", "<id>.<W6>.<W38>"},
	{"telegram-bot", "https://api.telegram.org/bot<d10>:[A|A<W33>]/getMe"},
	{"telegram-bot", "<d9>:[A|A<W33>]"},
	{"twilio-api-key", "S|K<x32>"},
	{"huggingface", "h|f_<A34>"},
	{"huggingface-org", "api_|org_<A34>"},
	{"openai", "s|k-proj-<W148>"},
	{"openai", "s|k-svcacct-<W74>"},
	{"sk-key", "s|k-<A19>7T3Blbk|FJ<A20>"},
	{"sk-key", "s|k-<A20>7<A13>"},
	{"anthropic", "s|k-ant-api03-<W93>AA"},
	{"anthropic", "s|k-ant-oat01-<W93>AA"},
	{"openrouter", "s|k-or-v1-<x64>"},
	{"groq", "g|sk_<A52>"},
	{"xai", "x|ai-<A80>"},
	{"perplexity", "pp|lx-<A48>"},
	{"replicate", "r|8_<A37>"},
	{"nvidia", "nv|api-<W64>"},
	{"langsmith", "ls|v2_pt_<x32>_<x10>"},
	{"langsmith", "ls|v2_sk_<A36>_<A10>"},
	{"pinecone", "pc|sk_<A5>_<A63>"},
	{"google-api-key", "AI|za<W35>"},
	{"google-oauth-access", "ya|29.<W160>"},
	{"google-oauth-refresh", "1/|/0<W60>"},
	{"google-oauth-secret", "GOC|SPX-<W28>"},
	{"azure-storage-key", "AccountName=a;Account|Key=[<S86>==];EndpointSuffix=core.windows.net"},
	{"azure-shared-access-key", "SharedAccessKeyName=k;SharedAccess|Key=[<S43>=]"},
	{"azure-sas", "https://a.blob.core.windows.net/c?sv=2024-11-04&si|g=[<A42>%3D]&se=2030"},
	{"docker-pat", "dck|r_pat_<W27>"},
	{"docker-oat", "dck|r_oat_<W32>"},
	{"pypi", "py|pi-AgEIcHlwaS5vcmc<W150>"},
	{"rubygems", "ruby|gems_<x48>"},
	{"crates", "c|io<A28>7<A3>"},
	{"nuget", "o|y2d<l15>q<l25>4"},
	{"clojars", "CLO|JARS_<x60>"},
	{"artifactory", "AK|Cp<A69>"},
	{"sendgrid", "S|G.<W22>.<W43>"},
	{"mailgun", "ke|y-<x32>"},
	{"brevo", "xkey|sib-<x64>-<A16>"},
	{"brevo", "xsmtp|sib-<x64>-<A16>"},
	{"resend", "r|e_<A8>_<A24>"},
	{"stripe", "sk|_live_<A24>"},
	{"stripe", "rk|_live_<A99>"},
	{"stripe-webhook", "wh|sec_<A32>"},
	{"square-oauth-secret", "sq0|csp-<W43>"},
	{"square-personal", "sq0|atp-<W22>"},
	{"square-access", "EA|AA<W30>7<W29>"},
	{"shopify-public-app", "shp|at_<x32>"},
	{"shopify-custom-app", "shp|ca_<x32>"},
	{"shopify-private-app", "shp|pa_<x32>"},
	{"shopify-app-secret", "shp|ss_<x32>"},
	{"digitalocean", "do|p_v1_<x64>"},
	{"digitalocean", "do|r_v1_<x64>"},
	{"cloudflare", "cf|ut_<A40><x8>"},
	{"cloudflare", "cf|k_<A40><x8>"},
	{"vercel", "vc|p_<A56>"},
	{"vercel", "vc|k_<A56>"},
	{"netlify", "nf|p_<A36>"},
	{"heroku", "HR|KU-AA<W58>"},
	{"heroku", "HR|KU-<x8>-<x4>-<x4>-<x4>-<x12>"},
	{"fly", "FlyV1 [fm|2_<S200>==]"},
	{"fly-oauth", "fo|1_<W43>"},
	{"supabase", "sb|p_<x40>"},
	{"supabase", "sb|p_oauth_<x40>"},
	{"supabase-secret-key", "sb_|secret_<W22>_<A8>"},
	{"planetscale", "pscale_|tkn_<W43>"},
	{"planetscale", "pscale_|pw_<W43>"},
	{"databricks", "da|pi<x32>"},
	{"databricks", "da|pi<x32>-2"},
	{"tailscale", "ts|key-auth-<A7>CNTRL-<A32>"},
	{"scaleway-secret", "SCW_SECRET_|KEY=[<x8>-<x4>-<x4>-<x4>-<x12>]"},
	{"vault-service", "hv|s.<W24>"},
	{"vault-service", "hv|s.CAES<W90>"},
	{"vault-batch", "hv|b.AAAA<W130>"},
	{"vault-recovery", "hv|r.<W24>"},
	{"vault-legacy", "s|.aB1c<A16>7xY9"},
	{"terraform", "<A14>.atlas|v1.[<A67>]"},
	{"pulumi", "pu|l-<x40>"},
	{"doppler", "dp.|pt.<A43>"},
	{"doppler", "dp.|st.prd.<A43>"},
	{"onepassword-service-account", "op|s_eyJ<S400>"},
	{"onepassword-secret-key", "A|3-<U6>-<U6>-<U5>-<U5>-<U5>-<U5>"},
	{"onepassword-secret-key", "A|3-<U6>-<U11>-<U5>-<U5>-<U5>"},
	{"age-secret-key", "AGE-SECRET-|KEY-1<b52><bech>"},
	{"age-plugin-identity", "AGE-PLUGIN-|YUBIKEY-1<b80>"},
	{"age-secret-key-pq", "AGE-SECRET-|KEY-PQ-1<b52><bech>"},
	{"linear", "lin_|api_<A40>"},
	{"figma", "fi|gd_<W40>"},
	{"notion", "nt|n_<A46>"},
	{"notion-legacy", "sec|ret_<A40>7<A2>"},
	{"airtable", "pa|t<A14>.<x64>"},
	{"postman", "PM|AK-<x24>-<x34>"},
	{"newrelic", "NR|AK-<U27>"},
	{"datadog", "dd|pat_<A40>"},
	{"dynatrace", "dt|0c01.<B24>.[<B64>]"},
	{"grafana-service-account", "gl|sa_<A32><crchex>"},
	{"grafana-cloud", "gl|c_eyJ<S120>="},
	{"sentry-org", "snt|rys_eyJ<S120>=_<S43>"},
	{"sentry-user", "snt|ryu_<x64>"},
	{"sonarqube", "sq|u_<x40>"},
	{"sonarqube", "sq|p_<x40>"},
	{"circleci", "CCI|PAT_<A22>_<x40>"},
	{"circleci", "CCI|PRJ_<A22>_<x40>"},
	{"buildkite", "bk|ua_<A53>"},
	{"buildkite", "bk|ct_<A73>"},
	{"buildkite", "bk|ps_<A64>"},
	{"buildkite", "bk|aj_<A36>.<A120>.<A43>"},
	{"atlassian", "ATA|TT3xFfGF0<W170>=5E<d6>"},
	{"bitbucket-app-password", "AT|BB<A32>"},
	{"hubspot", "pa|t-na1-<x8>-<x4>-<x4>-<x4>-<x12>"},
	{"mapbox-secret", "s|k.eyJ<A80>.<W22>"},
	{"prefect", "pn|u_<A36>"},
	{"jwt", "<jose>.eyJ<W120>.<W43>"},
	{"jwt", "<jose>.<W342>.<W16>.<W400>.<W22>"},
	{"private-key", "-----BEGIN RSA PRI|VATE KEY-----<nl><S64><nl><S64><nl><S30>==<nl>-----END RSA PRI|VATE KEY-----"},
	{"private-key", `{"k":"[-----BEGIN PRI|VATE KEY-----\n<S64>\n<S64>\n<S30>==\n-----END PRI|VATE KEY-----]\n"}`},
	{"private-key", "-----BEGIN EC PRI|VATE KEY-----<nl>Proc-Type: 4,ENCRYPTED<nl>DEK-Info: AES-128-CBC,<x32><nl><nl><S64><nl>AAA=<nl>-----END EC PRI|VATE KEY-----"},
	{"private-key", "-----BEGIN PGP PRI|VATE KEY BLOCK-----<nl><nl><S64><nl><S64><nl>AA==<nl>=<A4><nl>-----END PGP PRI|VATE KEY BLOCK-----"},
	{"private-key", "-----BEGIN OPENSSH PRI|VATE KEY----- <S70> <S70> <S10>= -----END OPENSSH PRI|VATE KEY-----"},
	{"private-key", "  [-----BEGIN PRI|VATE KEY-----\r<nl>    <S64>\r<nl>    <S20>\r<nl>    -----END PRI|VATE KEY-----]"},
	{"url-password", "postgres://app:[<A12>]@db.example.com:5432/app"},
	{"url-password", "redis://:[<A9>%40]@cache/0"},
}

// make fills the template in, without the marks of the hidden part.
func (e example) make(rng *rand.Rand) string {
	text, _ := e.masked(rng)
	return text
}

// masked fills the template in, and tells what it should come out as.
func (e example) masked(rng *rand.Rand) (text, want string) {
	template := strings.ReplaceAll(e.template, "|", "")
	if !strings.Contains(template, "[") {
		return fill(template, rng), DefaultMarker
	}
	before, rest, _ := strings.Cut(template, "[")
	hidden, after, _ := strings.Cut(rest, "]")
	before, hidden, after = fill(before, rng), fill(hidden, rng), fill(after, rng)
	return before + hidden + after, before + DefaultMarker + after
}

func fill(template string, rng *rand.Rand) string {
	var out strings.Builder
	for template != "" {
		text, rest, found := strings.Cut(template, "<")
		out.WriteString(text)
		if !found {
			break
		}
		field, after, _ := strings.Cut(rest, ">")
		out.WriteString(value(field, out.String(), rng))
		template = after
	}
	return out.String()
}

const digits, upper = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func value(field, before string, rng *rand.Rand) string {
	switch field {
	case "nl":
		return "\n"
	case "crc62":
		_, body, _ := strings.Cut(before, "_")
		return toBase62(crc32.ChecksumIEEE([]byte(body)))
	case "crc36":
		return toBase36(uint64(crc32.ChecksumIEEE([]byte(before))), 7)
	case "crchex":
		sum := crc32.ChecksumIEEE([]byte(before))
		return fmt.Sprintf("_%02x%02x%02x%02x", byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
	case "bech":
		return bechSum(before)
	case "id":
		id := fmt.Sprint(1<<59 + rng.Int64N(1<<59))
		return base64.RawStdEncoding.EncodeToString([]byte(id))
	case "jose":
		header := fmt.Sprintf(`{"alg":"RS256","typ":"JWT","kid":"%d"}`, rng.IntN(1000))
		return base64.RawURLEncoding.EncodeToString([]byte(header))
	}
	var n int
	fmt.Sscanf(field[1:], "%d", &n) //nolint:errcheck // n stays 0: the test fails
	return random(alphabet(field[0]), n, rng)
}

func alphabet(class byte) string {
	lower := strings.ToLower(upper)
	return map[byte]string{
		'A': upper + lower + digits, 'U': upper + digits, 'L': lower + digits,
		'l': lower + "234567", 'x': "0123456789abcdef", 'd': "123456789", 'B': upper + "234567",
		'W': upper + lower + digits + "_-", 'S': upper + lower + digits + "+/",
		'b': strings.ToUpper(bech32Alphabet),
	}[class]
}

// random returns n characters of set; the first and the last are letters or
// digits, so that no template's boundary depends on chance.
func random(set string, n int, rng *rand.Rand) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = set[rng.IntN(len(set))]
		for i == 0 && strings.IndexByte("_-+/", out[i]) >= 0 || i == n-1 && strings.IndexByte("_-+/", out[i]) >= 0 {
			out[i] = set[rng.IntN(len(set))]
		}
	}
	return string(out)
}

// bechSum returns the six characters that make text a Bech32 string.
func bechSum(text string) string {
	lower := strings.ToLower(text)
	one := strings.LastIndexByte(lower, '1')
	var values []byte
	for _, b := range []byte(lower[:one]) {
		values = append(values, b>>5)
	}
	values = append(values, 0)
	for _, b := range []byte(lower[:one]) {
		values = append(values, b&31)
	}
	for _, b := range []byte(lower[one+1:]) {
		values = append(values, byte(strings.IndexByte(bech32Alphabet, b)))
	}
	sum := polymod(append(values, 0, 0, 0, 0, 0, 0)) ^ 1
	var out []byte
	for i := 5; i >= 0; i-- {
		out = append(out, bech32Alphabet[sum>>(5*i)&31])
	}
	return strings.ToUpper(string(out))
}
