package aws

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// settings say how an account is reached: the block of the configuration, with the
// parameters of one reference laid over it. They are comparable: documents of equal settings can
// share a client, and a call.
type settings struct {
	region     string
	roles      string // ARNs, joined by blanks: assumed one from the other
	profile    string
	endpoint   string
	externalID string // for the last role
	session    string
	audience   string
	noJob      bool // identity: sdk
}

// commonParams are the parameters that every store here takes: those of vals too.
var commonParams = []string{"region", "role", "role_arn", "profile"}

// Hosts and files are made of these: nothing else may come in.
var (
	regionRule  = fetch.Pattern(`^[a-z0-9-]{1,40}$`)
	roleRule    = fetch.Pattern(`^arn:[a-z-]{1,30}:iam:[a-z0-9-]{0,40}:[0-9]{0,12}:role/[A-Za-z0-9+=,.@_/-]{1,600}$`)
	sessionRule = fetch.Pattern(`^[A-Za-z0-9+=,.@_-]{2,64}$`)
	profileRule = fetch.Pattern(`^[^\s\]\[/\\\x00]{1,200}$`)
)

// readSettings reads the block stores.SCHEME.
func readSettings(scheme string, env fetch.Env) (settings, error) {
	var s settings
	texts := map[string]*string{
		"region": &s.region, "profile": &s.profile, "endpoint": &s.endpoint, "role": &s.roles,
		"external_id": &s.externalID, "session_name": &s.session, "audience": &s.audience,
	}
	for key, v := range env.Config {
		text, isText := v.(string)
		switch list, isList := v.([]any); {
		case key == "identity" && (v == "job" || v == "sdk"):
			s.noJob = v == "sdk"
		case key == "identity":
			return s, fmt.Errorf("stores.%s.identity: want job or sdk", scheme)
		case texts[key] == nil:
			return s, fmt.Errorf("stores.%s: %w", scheme, fetch.Unknown("key", key, append(slices.Sorted(maps.Keys(texts)), "identity")))
		case key == "role" && isList:
			s.roles = joinAny(list)
		case !isText:
			return s, fmt.Errorf("stores.%s.%s: want a text", scheme, key)
		default:
			*texts[key] = text
		}
	}
	if s.endpoint != "" && !env.Trusted {
		return s, fmt.Errorf("stores.%s.endpoint: a configuration can choose a server only with --trust-config; AWS_ENDPOINT_URL needs none: %w", scheme, fetch.ErrDenied)
	}
	// As the SDK has it; but known here, an ARN of the same region is no other account.
	s.region = cmp.Or(s.region, env.Getenv("AWS_REGION"), env.Getenv("AWS_DEFAULT_REGION"))
	if err := s.check(); err != nil {
		return s, fmt.Errorf("stores.%s: %w", scheme, err)
	}
	return s, nil
}

// joinAny joins texts by blanks; what is no text is made one that check refuses.
func joinAny(list []any) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i], _ = v.(string)
	}
	return strings.Join(texts, " ")
}

// with lays the parameters of a reference over s. A role there replaces all of s.
func (s settings) with(params url.Values) (settings, error) {
	for _, name := range []string{"role_arn", "role"} {
		if params.Has(name) {
			s.roles = params.Get(name)
		}
	}
	if params.Has("region") {
		s.region = params.Get("region")
	}
	if params.Has("profile") {
		s.profile = params.Get("profile")
	}
	return s, s.check()
}

// within gives s the region of an ARN, unless the reference names another.
func (s settings) within(arn string, params url.Values) settings {
	if parts := strings.Split(arn, ":"); len(parts) > 3 && parts[0] == "arn" && !params.Has("region") {
		s.region = parts[3]
	}
	return s
}

// check refuses what could lead elsewhere than its name says.
func (s settings) check() error {
	for _, c := range []struct {
		name, value string
		rule        func() *regexp.Regexp
	}{{"region", s.region, regionRule}, {"session_name", s.session, sessionRule}, {"profile", s.profile, profileRule}} {
		if c.value != "" && !c.rule().MatchString(c.value) {
			return fmt.Errorf("%s: not a name that AWS gives", c.name)
		}
	}
	if slices.ContainsFunc(s.roleList(), func(r string) bool { return !roleRule().MatchString(r) }) {
		return errors.New("role: want an ARN, arn:aws:iam::ACCOUNT:role/NAME, or a list of them")
	}
	if u, err := url.Parse(s.endpoint); s.endpoint != "" && (err != nil || u.Host == "" || u.User != nil) {
		return errors.New("endpoint: want an address, https://HOST")
	}
	return nil
}

func (s settings) roleList() []string {
	if s.roles == "" {
		return nil
	}
	return strings.Split(s.roles, " ")
}

// who names the identity in an error.
func (s settings) who() string {
	if roles := s.roleList(); len(roles) > 0 {
		return "the role " + roles[len(roles)-1]
	}
	return "the role"
}
