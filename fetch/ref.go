package fetch

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// A Ref names one field of one document in one store, as parsed by [ParseRef].
type Ref struct {
	Scheme string     // canonical: vault, aws-sm, …; never with a ref+ prefix
	Path   string     // percent-decoded
	Params url.Values // percent-decoded; + stands for itself
	Field  string     // percent-decoded, as written: "key" or "/key/key"; empty for the whole document
}

// ownParams are the parameters that the Resolver acts on; a store never sees
// them. Version and stage it passes on.
var ownParams = []string{"decode", "default", "optional", "trim"}

// shownParams are those whose values String prints: none can be a credential.
var shownParams = []string{"version", "stage", "decode", "optional", "trim", "region", "location", "namespace"}

// ParseRef parses a reference and returns it in canonical form. Besides
// scheme://path?params#field, with or without ref+ or secretref+ before it, it
// reads vault:path#field, ARNs of Secrets Manager and Parameter Store, Key Vault
// addresses, Google's projects/P/secrets/S/versions/V, and the schemes of vals
// and berglas.
//
// The path is percent-decoded; afterwards a ".." segment, a backslash or a
// control byte is refused, so that no encoding smuggles one in. The path of
// exec:// is a shell command: there only NUL is refused and a % that begins no
// escape stands for itself. Errors do not repeat the text that was parsed.
func ParseRef(s string) (Ref, error) {
	s, prefixed := trimPrefixes(s)
	for _, spelling := range spellings {
		if r, ok, err := spelling(s, prefixed); ok || err != nil {
			return r, err
		}
	}
	scheme, rest, ok := cutScheme(s)
	if !ok {
		return Ref{}, errors.New("parse reference: no scheme: want scheme://path")
	}
	if _, twice := trimPrefixes(scheme); twice {
		return Ref{}, errors.New("parse reference: prefix ref+ given twice")
	}
	return parseBody(scheme, rest)
}

// trimPrefixes removes the ref+ of vals and the secretref+ of its users.
func trimPrefixes(s string) (rest string, prefixed bool) {
	for _, p := range []string{"ref+", "secretref+"} {
		if rest, ok := strings.CutPrefix(s, p); ok {
			return rest, true
		}
	}
	return s, false
}

// cutScheme splits at "://" and reports whether a well-formed scheme stands before it.
func cutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	return scheme, rest, ok && validScheme(scheme)
}

func validScheme(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789+.-") == ""
}

// parseBody parses what follows scheme://.
func parseBody(scheme, rest string) (Ref, error) {
	rest, field, _ := strings.Cut(rest, "#")
	path, query, _ := strings.Cut(rest, "?")
	r := Ref{Scheme: scheme}
	var err error
	if r.Path, err = decodePath(scheme, path); err != nil {
		return Ref{}, parseError(scheme, err)
	}
	if r.Params, err = parseParams(query); err != nil {
		return Ref{}, parseError(scheme, err)
	}
	if r.Field, err = decode(field); err != nil || hasControl(r.Field) {
		return Ref{}, parseError(scheme, errors.Join(errors.New("field cannot be read"), err))
	}
	r, err = canonical(r)
	if err != nil {
		return Ref{}, parseError(scheme, err)
	}
	return r, nil
}

func parseError(scheme string, err error) error {
	return fmt.Errorf("parse %s:// reference: %w", scheme, err)
}

// decode is percent-decoding whose error does not quote the text.
func decode(s string) (string, error) {
	d, err := url.PathUnescape(s)
	if err != nil {
		return "", errors.New("malformed percent escape: write % as %25")
	}
	return d, nil
}

// decodePath decodes and checks a path. FAULTS 91.
func decodePath(scheme, s string) (string, error) {
	if scheme == "exec" {
		return decodeCommand(s)
	}
	path, err := decode(s)
	switch {
	case err != nil:
		return "", err
	case strings.Trim(path, "/") == "":
		return "", errors.New("no path")
	case hasControl(path):
		return "", errors.New("path has a control byte")
	case strings.Contains(path, `\`):
		return "", errors.New("path has a backslash")
	case slices.Contains(strings.Split(path, "/"), ".."):
		return "", errors.New(`path has a ".." segment`)
	}
	return path, nil
}

// decodeCommand decodes the path of exec://, lenient about %.
func decodeCommand(s string) (string, error) {
	var b strings.Builder
	for len(s) > 0 {
		if s[0] == '%' && len(s) >= 3 {
			if c, err := url.PathUnescape(s[:3]); err == nil {
				b.WriteString(c)
				s = s[3:]
				continue
			}
		}
		b.WriteByte(s[0])
		s = s[1:]
	}
	cmd := b.String()
	switch {
	case strings.TrimSpace(cmd) == "":
		return "", errors.New("no command")
	case strings.ContainsRune(cmd, 0):
		return "", errors.New("command has a NUL byte")
	}
	return cmd, nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// parseParams parses key=value pairs. A + is a plus sign: secrets and ARNs have them.
func parseParams(query string) (url.Values, error) {
	if query == "" {
		return nil, nil
	}
	params := url.Values{}
	for pair := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(pair, "=")
		key, err := decode(k)
		if err != nil {
			return nil, err
		}
		if key == "" || hasControl(key) {
			return nil, errors.New("parameter without a name")
		}
		value, err := decode(v)
		if err != nil {
			return nil, &paramError{key, fmt.Errorf("has a %w", err)}
		}
		if params.Has(key) {
			return nil, &paramError{key, errors.New("is given twice")}
		}
		params.Set(key, value)
	}
	return params, checkParams(params)
}

// A paramError names a parameter that the text has, and not one that we know.
type paramError struct {
	name string
	err  error
}

func (e *paramError) Error() string { return "parameter " + e.name + " " + e.err.Error() }
func (e *paramError) Unwrap() error { return e.err }

// Mistake says why a text is no reference, given the error of [ParseRef], without a word of
// it: it may be a secret in the wrong place. Where is that place: "in this file".
func Mistake(err error, where string) string {
	var foreign *paramError
	switch cause := errors.Unwrap(err); {
	case cause == nil:
		return "not a reference (scheme://path, for example env://NAME); values do not belong " + where
	case errors.As(err, &foreign):
		return "bad reference: a parameter " + foreign.err.Error()
	default:
		return "bad reference: " + strings.ReplaceAll(cause.Error(), "\n", ": ")
	}
}

// paramValues lists what the closed parameters accept.
var paramValues = map[string][]string{
	"decode":   {"base64", "hex"},
	"optional": {"true", "false"},
	"trim":     {"true", "false"},
}

func checkParams(params url.Values) error {
	for _, name := range []string{"decode", "optional", "trim"} {
		if params.Has(name) && !slices.Contains(paramValues[name], params.Get(name)) {
			return fmt.Errorf("parameter %s: unknown value: want %s", name, strings.Join(paramValues[name], " or "))
		}
	}
	return nil
}

// Keys returns the segments of the field: "/a~1b/c" is [a/b c], "key" is [key],
// "a/b" is one key [a/b], "" is none. In a field that begins with a slash, ~1
// stands for / and ~0 for ~.
func (r Ref) Keys() []string {
	if r.Field == "" {
		return nil
	}
	if r.Field[0] != '/' {
		return []string{r.Field}
	}
	keys := strings.Split(r.Field[1:], "/")
	for i, k := range keys {
		keys[i] = strings.ReplaceAll(strings.ReplaceAll(k, "~1", "/"), "~0", "~")
	}
	return keys
}

// storeParams are the parameters without those that the Resolver acts on.
func (r Ref) storeParams() url.Values {
	params := url.Values{}
	for k, v := range r.Params {
		if !slices.Contains(ownParams, k) {
			params[k] = v
		}
	}
	return params
}

// CheckParams refuses parameters that a store does not know, so that a typing
// error (?optinal=true) is not passed over. Stores call it first thing in Read.
func CheckParams(params url.Values, known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(known, name) {
			return Unknown("parameter", name, slices.Concat(known, ownParams))
		}
	}
	return nil
}
