package config

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/maskrun/maskrun/fetch"
)

// A GitLab is a secret written as in .gitlab-ci.yml: vault:, aws_secrets_manager:,
// gcp_secret_manager: or azure_key_vault:. Where GitLab takes settings from
// variables of the job (GCP_PROJECT_NUMBER, AZURE_KEY_VAULT_SERVER_URL), so does [GitLab.Ref].
type GitLab struct {
	Store string // its key
	Token string // the variable of token:, which must be set; "" where the file is silent

	fields map[string]string // by path in the mapping: "engine.path"
}

// gitlabStores is the table of GitLab's keys.
var gitlabStores = []struct {
	key      string
	required []string
	optional []string
	short    func(s string) (map[string]string, error) // nil where there is no short form
	ref      func(f map[string]string, getenv func(string) string) (string, error)
}{
	{"vault", []string{"engine.name", "engine.path", "path", "field"}, nil, shortVault, vaultRef},
	{"aws_secrets_manager", []string{"secret_id"}, []string{"version_id", "version_stage", "region", "role_arn", "role_session_name", "field"}, shortAWS, awsRef},
	{"gcp_secret_manager", []string{"name"}, []string{"version"}, nil, gcpRef},
	{"azure_key_vault", []string{"name"}, []string{"version"}, nil, azureRef},
}

// gitlabFields reads GitLab's keys of a secret into s.
func (r *reader) gitlabFields(s *Secret) []field {
	token := field{"token", func(e entry, where string) {
		name, ok := r.text(e, where)
		match := variableOnly().FindStringSubmatch(name)
		if ok && match == nil {
			r.problemf(e.at, "%s must be a variable of id_tokens:, such as $VAULT_ID_TOKEN", where)
			return
		}
		if ok {
			s.gitlab().Token = match[1] + match[2]
		}
	}}
	fields := []field{token}
	for i := range gitlabStores {
		fields = append(fields, field{gitlabStores[i].key, func(e entry, where string) { r.gitlabStore(e, where, i, s.gitlab()) }})
	}
	return fields
}

func (s *Secret) gitlab() *GitLab {
	if s.GitLab == nil {
		s.GitLab = &GitLab{}
	}
	return s.GitLab
}

func (r *reader) gitlabStore(e entry, where string, row int, g *GitLab) {
	store := gitlabStores[row]
	if g.Store != "" {
		r.problemf(e.at, "%s: the secret comes from %s already", where, g.Store)
		return
	}
	g.Store = store.key
	if s, ok := scalar(e.value); ok && store.short != nil {
		var err error
		if g.fields, err = store.short(s); err != nil {
			r.problemf(e.at, "%s: %s", where, err)
		}
		return
	}
	g.fields = map[string]string{}
	r.gitlabObject(e, where, "", append(store.required, store.optional...), g.fields)
	for _, name := range store.required {
		if g.fields[name] == "" {
			r.problemf(e.at, "%s has no %s", where, name)
		}
	}
}

// gitlabObject reads the known keys below prefix; engine is the one with keys of its own.
func (r *reader) gitlabObject(e entry, where, prefix string, known []string, out map[string]string) {
	var fields []field
	seen := map[string]bool{}
	for _, name := range known {
		rest, below := strings.CutPrefix(name, prefix)
		if !below {
			continue
		}
		key, _, nested := strings.Cut(rest, ".")
		if seen[key] {
			continue
		}
		seen[key] = true
		fields = append(fields, field{key, func(e entry, where string) {
			if nested {
				r.gitlabObject(e, where, key+".", known, out)
			} else if s, ok := scalar(e.value); ok {
				out[name] = s
			} else {
				r.wrongType(e, where, "a text")
			}
		}})
	}
	r.object(e, where, fields...)
}

// scalar reads a text, or a number: people write version: 1.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, n.Value != ""
	case *ast.IntegerNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// shortVault reads path/field@engine; without an engine it is kv-v2, as for GitLab.
func shortVault(s string) (map[string]string, error) {
	rest, engine, ok := strings.Cut(s, "@")
	if !ok {
		engine = "kv-v2"
	}
	i := strings.LastIndex(rest, "/")
	if i < 1 || i == len(rest)-1 || engine == "" {
		return nil, errors.New("want PATH/FIELD@ENGINE, such as production/db/password@ops")
	}
	return map[string]string{"engine.name": "kv-v2", "engine.path": engine, "path": rest[:i], "field": rest[i+1:]}, nil
}

// shortAWS reads secret_id#field.
func shortAWS(s string) (map[string]string, error) {
	id, key, _ := strings.Cut(s, "#")
	if id == "" {
		return nil, errors.New("want SECRET_ID or SECRET_ID#FIELD")
	}
	return map[string]string{"secret_id": id, "field": key}, nil
}

// vaultRef puts data/ where version 2 of the engine wants it.
func vaultRef(f map[string]string, _ func(string) string) (string, error) {
	var data string
	switch f["engine.name"] {
	case "kv-v2":
		data = "data/"
	case "kv-v1", "generic":
	default:
		return "", errors.New("engine.name: want kv-v2, kv-v1 or generic")
	}
	path := strings.Trim(f["engine.path"], "/") + "/" + data + strings.Trim(f["path"], "/")
	return "vault://" + escapePath(path) + "#" + url.PathEscape(f["field"]), nil
}

func awsRef(f map[string]string, _ func(string) string) (string, error) {
	query := ""
	for _, p := range [][2]string{
		{"version", "version_id"}, {"stage", "version_stage"}, {"region", "region"},
		{"role", "role_arn"}, {"role_session_name", "role_session_name"},
	} {
		if v := f[p[1]]; v != "" {
			query += "&" + p[0] + "=" + url.PathEscape(v)
		}
	}
	ref := "aws-sm://" + escapePath(f["secret_id"])
	if query != "" {
		ref += "?" + query[1:]
	}
	if f["field"] != "" {
		ref += "#" + url.PathEscape(f["field"])
	}
	return ref, nil
}

func gcpRef(f map[string]string, getenv func(string) string) (string, error) {
	name := strings.Trim(f["name"], "/")
	if !strings.HasPrefix(name, "projects/") {
		project := getenv("GCP_PROJECT_NUMBER")
		if project == "" {
			return "", errors.New("the variable GCP_PROJECT_NUMBER is not set")
		}
		name = "projects/" + project + "/secrets/" + name
	}
	if v := f["version"]; v != "" {
		name += "/versions/" + v
	}
	return "gcp-sm://" + escapePath(name), nil
}

func azureRef(f map[string]string, getenv func(string) string) (string, error) {
	server, err := url.Parse(strings.TrimRight(getenv("AZURE_KEY_VAULT_SERVER_URL"), "/"))
	if err != nil || server.Scheme != "https" || server.Host == "" || server.User != nil {
		return "", errors.New("the variable AZURE_KEY_VAULT_SERVER_URL is not set to an https:// address")
	}
	path := strings.TrimSuffix(strings.ToLower(server.Host), ".vault.azure.net") + "/" + f["name"]
	if v := f["version"]; v != "" {
		path += "/" + v
	}
	return "azure-kv://" + escapePath(path), nil
}

func escapePath(s string) string {
	parts := strings.Split(s, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

// Ref makes the reference, with the variables that GitLab would expand in it. One
// that is not set is an error: GitLab would read another path. References are
// shown in messages: getenv must give no value of a secret.
func (g *GitLab) Ref(getenv func(string) string) (fetch.Ref, error) {
	fields := map[string]string{}
	for name, text := range g.fields {
		var err error
		if fields[name], err = expand(text, getenv); err != nil {
			return fetch.Ref{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, store := range gitlabStores {
		if store.key != g.Store {
			continue
		}
		text, err := store.ref(fields, getenv)
		if err != nil {
			return fetch.Ref{}, err
		}
		return parseOwn(text)
	}
	return fetch.Ref{}, errors.New("no store: " + strconv.Quote(g.Store))
}

// parseOwn says of a reference that we have put together only the reason why it cannot be.
func parseOwn(text string) (fetch.Ref, error) {
	ref, err := fetch.ParseRef(text)
	if cause := errors.Unwrap(err); cause != nil {
		err = cause
	}
	return ref, err
}

var (
	variableOnly = fetch.Pattern(`^\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})$`)
	variableIn   = fetch.Pattern(`\$\$|\$([A-Za-z_][A-Za-z0-9_]*)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)
)

func expand(text string, getenv func(string) string) (string, error) {
	var errs []error
	out := variableIn().ReplaceAllStringFunc(text, func(v string) string {
		if v == "$$" {
			return "$"
		}
		name := strings.Trim(v, "${}")
		value := getenv(name)
		if value == "" {
			errs = append(errs, fmt.Errorf("the variable %s is not set, or is a secret", name))
		}
		return value
	})
	return out, errors.Join(errs...)
}
