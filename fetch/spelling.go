package fetch

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// schemeAliases maps the schemes of other tools to ours; their paths have our shape.
var schemeAliases = map[string]string{
	"awssecrets":    "aws-sm",
	"awsssm":        "aws-ssm",
	"gcpsecrets":    "gcp-sm",
	"sm":            "gcp-sm", // berglas
	"azurekeyvault": "azure-kv",
	"bao":           "vault",
}

// spellings are the forms without a scheme of ours, tried in order. Each says
// whether the text has its form; if so the Ref, or the error, is the answer.
var spellings = []func(s string, prefixed bool) (Ref, bool, error){
	spellVaultColon,
	spellARN,
	spellAzureURL,
	spellGoogleName,
}

// spellVaultColon reads vault:path#field, as vault-env has it; #field#version too.
func spellVaultColon(s string, _ bool) (Ref, bool, error) {
	rest, ok := strings.CutPrefix(s, "vault:")
	if !ok || strings.HasPrefix(rest, "//") {
		return Ref{}, false, nil
	}
	if path, tail, ok := strings.Cut(rest, "#"); ok {
		if field, version, ok := strings.Cut(tail, "#"); ok {
			rest = path + "?version=" + version + "#" + field
		}
	}
	r, err := parseBody("vault", rest)
	return r, true, err
}

// arnStores maps the service of an ARN to the store that reads it.
var arnStores = map[string]string{"secretsmanager": "aws-sm", "ssm": "aws-ssm"}

// spellARN reads a bare ARN. The whole ARN is the path. Amazon ECS appends
// :json-key:stage:version to a Secrets Manager ARN; those become field and params.
func spellARN(s string, _ bool) (Ref, bool, error) {
	if !strings.HasPrefix(s, "arn:") {
		return Ref{}, false, nil
	}
	// arn:partition:service:region:account:resource…
	parts := strings.SplitN(s, ":", 6)
	if len(parts) < 6 || arnStores[parts[2]] == "" {
		return Ref{}, true, errors.New("parse reference: ARN of no known store: want secretsmanager or ssm")
	}
	r, err := parseBody(arnStores[parts[2]], s)
	return r, true, err
}

// canonARN takes the suffix of Amazon ECS off a Secrets Manager ARN.
func canonARN(r Ref) (Ref, error) {
	parts := strings.Split(r.Path, ":")
	const plain, withSuffix = 7, 10
	if len(parts) != withSuffix || r.Field != "" {
		return r, nil
	}
	r.Path, r.Field = strings.Join(parts[:plain], ":"), parts[7]
	r.setParam("stage", parts[8])
	r.setParam("version", parts[9])
	return r, nil
}

// azureDomains are the Key Vault domains of Azure's clouds; a vault in the
// first is named without it.
var azureDomains = []string{".vault.azure.net", ".vault.azure.cn", ".vault.usgovcloudapi.net", ".vault.microsoftazure.de"}

// spellAzureURL reads https://NAME.vault.azure.net/secrets/SECRET[/VERSION].
func spellAzureURL(s string, _ bool) (Ref, bool, error) {
	scheme, rest, ok := cutScheme(s)
	host, path, _ := strings.Cut(rest, "/")
	host = strings.ToLower(host)
	isVault := slices.ContainsFunc(azureDomains, func(d string) bool { return strings.HasSuffix(host, d) })
	if !ok || scheme != "https" || !isVault {
		return Ref{}, false, nil
	}
	path, ok = strings.CutPrefix(path, "secrets/")
	if !ok || strings.Contains(host, "@") {
		return Ref{}, true, errors.New("parse Key Vault address: want https://NAME.vault.azure.net/secrets/SECRET")
	}
	r, err := parseBody("azure-kv", strings.TrimSuffix(host, azureDomains[0])+"/"+path)
	return r, true, err
}

// spellGoogleName reads projects/P/secrets/S[/versions/V], also with locations/L.
func spellGoogleName(s string, _ bool) (Ref, bool, error) {
	if !strings.HasPrefix(s, "projects/") || !strings.Contains(s, "/secrets/") {
		return Ref{}, false, nil
	}
	r, err := parseBody("gcp-sm", s)
	return r, true, err
}

// canonical maps scheme aliases and the long paths of a store to its short ones.
func canonical(r Ref) (Ref, error) {
	written := r.Scheme
	if name, ok := schemeAliases[r.Scheme]; ok {
		r.Scheme = name
	}
	switch {
	case written == "sm":
		return canonBerglas(r), nil
	case r.Scheme == "gcp-sm" && strings.HasPrefix(r.Path, "projects/"):
		return canonGoogle(r)
	case r.Scheme == "doppler" && r.Field == "" && strings.Count(r.Path, "/") == 2: // as vals has it
		i := strings.LastIndexByte(r.Path, '/')
		r.Path, r.Field = r.Path[:i], r.Path[i+1:]
	case r.Scheme == "aws-sm" && strings.HasPrefix(r.Path, "arn:"):
		return canonARN(r)
	}
	return r, nil
}

// canonBerglas reads the fragment of sm://project/name#7 as the version it is there.
func canonBerglas(r Ref) Ref {
	if r.Field != "" && (r.Field == "latest" || strings.Trim(r.Field, "0123456789") == "") {
		r.setParam("version", r.Field)
		r.Field = ""
	}
	return r
}

// canonGoogle shortens projects/P[/locations/L]/secrets/S[/versions/V] to P/S[/V].
func canonGoogle(r Ref) (Ref, error) {
	parts := strings.Split(r.Path, "/")
	value := map[string]string{}
	for len(parts) >= 2 {
		value[parts[0]], parts = parts[1], parts[2:]
	}
	if len(parts) != 0 || value["projects"] == "" || value["secrets"] == "" {
		return Ref{}, errors.New("want projects/PROJECT/secrets/SECRET/versions/VERSION")
	}
	r.Path = value["projects"] + "/" + value["secrets"]
	if v := value["versions"]; v != "" {
		r.Path += "/" + v
	}
	r.setParam("location", value["locations"])
	return r, nil
}

// setParam sets a parameter that has a value, in a map of r's own.
func (r *Ref) setParam(name, value string) {
	if value == "" {
		return
	}
	params := url.Values{}
	for k, v := range r.Params {
		params[k] = v
	}
	params.Set(name, value)
	r.Params = params
}

// LooksLikeRef reports whether s, the value of an environment variable, is meant
// as a reference to one of the given schemes. It is conservative, for most
// variables are not: ordinary addresses (https, postgres …), absolute file URLs
// (file:///…), image names (docker://host/image:tag), addresses inside addresses
// (k8s://https://…) and text with a line break are not references; neither are
// ARNs and Key Vault addresses, which programs often want as they are. With the
// prefix ref+ or secretref+ any known scheme is one. What looks like a
// reference may still fail to parse: that error is for the user.
func LooksLikeRef(s string, schemes []string) bool {
	if strings.ContainsAny(s, "\r\n\x00") {
		return false
	}
	rest, prefixed := trimPrefixes(s)
	if path, ok := strings.CutPrefix(rest, "vault:"); ok && !strings.HasPrefix(path, "//") {
		return slices.Contains(schemes, "vault") && strings.Contains(path, "/") && strings.Contains(path, "#")
	}
	scheme, path, ok := cutScheme(rest)
	if !ok || path == "" || !knownScheme(scheme, schemes) {
		return false
	}
	if prefixed || scheme == "exec" {
		return true
	}
	return !strings.Contains(path, "://") && !ordinaryPath(scheme, path)
}

func knownScheme(scheme string, schemes []string) bool {
	return slices.Contains(schemes, scheme) || slices.Contains(schemes, schemeAliases[scheme])
}

// ordinaryPath reports that scheme://path is something other tools write for another purpose.
func ordinaryPath(scheme, path string) bool {
	switch scheme {
	case "file":
		return strings.HasPrefix(path, "/")
	case "docker":
		return strings.ContainsAny(path, "/:@")
	}
	return false
}
