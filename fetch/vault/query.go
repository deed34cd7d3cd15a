package vault

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// A query is one reference, checked.
type query struct {
	path                        string
	address, namespace, version string
	wrap                        string         // how long the wrapping token lives, for a wrapped answer
	write                       bool           // method=post or put
	body                        map[string]any // of a write
}

// parse checks a path and its parameters. Those that are not ours are the body of a
// write; a read has none.
func (s *source) parse(path string, params url.Values) (query, error) {
	q := query{path: path, namespace: s.set.namespace}
	if err := checkPath(path); err != nil {
		return q, err
	}
	own := map[string]*string{"address": &q.address, "namespace": &q.namespace, "version": &q.version, "wrap_ttl": &q.wrap}
	var method string
	own["method"] = &method
	rest := url.Values{}
	for name, values := range params {
		if to := own[name]; to != nil && len(values) == 1 {
			*to = values[0]
		} else {
			rest[name] = values
		}
	}
	switch strings.ToLower(method) {
	case "", "get":
		if err := fetch.CheckParams(rest); err != nil {
			return q, fmt.Errorf("%w (a write, method=post, takes any)", err)
		}
	case "post", "put":
		q.write, q.body = true, body(rest)
	default:
		return q, errors.New("parameter method: want get or post")
	}
	return q, s.checkQuery(q)
}

// body makes a JSON object of parameters; one given several times is a list.
func body(params url.Values) map[string]any {
	out := map[string]any{}
	for name, values := range params {
		if out[name] = any(values); len(values) == 1 {
			out[name] = values[0]
		}
	}
	return out
}

// ruling are the mounts through which a server is ruled. A reference that a pull
// request may have written does not write there.
var ruling = []string{"sys", "auth", "identity"}

func (s *source) checkQuery(q query) error {
	if q.version != "" && (q.write || strings.Trim(q.version, "0123456789") != "" || len(q.version) > 9) {
		return errors.New("parameter version: want a number, in a read")
	}
	if d, err := time.ParseDuration(q.wrap); q.wrap != "" && (err != nil || d <= 0) {
		return errors.New("parameter wrap_ttl: want a duration such as 5m")
	}
	if q.namespace != "" {
		if err := checkPath(strings.Trim(q.namespace, "/")); err != nil {
			return fmt.Errorf("namespace: %w", err)
		}
	}
	if !q.write || s.env.Trusted {
		return nil
	}
	for part := range strings.SplitSeq(q.path, "/") { // a namespace may stand before the mount
		for _, name := range ruling {
			if part == name {
				return fmt.Errorf("a write to %s/ is not made for a configuration file: needs --trust-config: %w", name, fetch.ErrDenied)
			}
		}
	}
	return nil
}

// checkPath refuses what could leave its mount once it stands in an address:
// the client joins paths, and cleans them on the way. FAULTS 91.
func checkPath(path string) error {
	denied := fmt.Errorf("the path has parts that are no names (empty, ., .., %%, \\, control characters): %w", fetch.ErrDenied)
	if len(path) > 4096 || strings.ContainsAny(path, "\\%?#") {
		return denied
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return denied
		}
	}
	for _, r := range path {
		if r < ' ' || r == 0x7f || r == '\ufffd' {
			return denied
		}
	}
	return nil
}

// parseAddress checks the address of a server and brings it into one form.
func parseAddress(text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the address is no https:// address of a server")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return "", errors.New("the address has more than scheme, host, port and path")
	}
	u.Host, u.Scheme = strings.ToLower(u.Host), strings.ToLower(u.Scheme)
	return u.String(), nil
}
