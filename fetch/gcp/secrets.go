package gcp

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// secrets is the store gcp-sm.
type secrets struct{ *service }

func openSecrets(ctx context.Context, env fetch.Env) (fetch.Source, error) {
	s, err := openService(ctx, "gcp-sm", env)
	if err != nil {
		return nil, err
	}
	return secrets{s}, nil
}

// Read gives the payload of PROJECT/SECRET or PROJECT/SECRET/VERSION; a version is a number, an alias, or latest.
func (s secrets) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	endpoint, resource, err := s.resource(path, params)
	if err != nil {
		return fetch.Document{}, err
	}
	var out struct {
		Name    string
		Payload struct {
			Data       []byte
			DataCrc32c number
		}
	}
	secret, _, _ := strings.Cut(resource, "/versions/")
	c := call{address(endpoint, resource, ":access"), nil, "secretmanager.versions.access (roles/secretmanager.secretAccessor)", secret}
	if err := s.do(ctx, c, &out); err != nil {
		return fetch.Document{}, err
	}
	switch data := out.Payload.Data; {
	case !strings.Contains(out.Name, "/versions/"):
		return fetch.Document{}, errors.New("the answer is no version of a secret: is this the address of the store?")
	case !out.Payload.DataCrc32c.matches(data):
		return fetch.Document{}, errDamaged
	default:
		return fetch.Document{Data: data, Version: version(out.Name)}, nil
	}
}

// version is the number at the end of a resource name.
func version(name string) string {
	v := name[strings.LastIndexByte(name, '/')+1:]
	if !versionRule().MatchString(v) {
		return ""
	}
	return v
}

// resource gives the endpoint and the resource that a reference names.
func (s secrets) resource(path string, params url.Values) (endpoint, resource string, err error) {
	if err := fetch.CheckParams(params, "version", "location"); err != nil {
		return "", "", err
	}
	parts := strings.Split(path, "/")
	location := cmp.Or(params.Get("location"), s.settings.location)
	if len(parts) < 2 || len(parts) > 3 || len(parts) == 3 && params.Has("version") {
		return "", "", errors.New("want PROJECT/SECRET or PROJECT/SECRET/VERSION")
	}
	version := cmp.Or(params.Get("version"), "latest")
	if len(parts) == 3 {
		version = parts[2]
	}
	if !projectRule().MatchString(parts[0]) || !secretRule().MatchString(parts[1]) || !versionRule().MatchString(version) || location != "" && !locationRule().MatchString(location) {
		return "", "", errors.New("want PROJECT/SECRET or PROJECT/SECRET/VERSION, in names that Google gives")
	}
	endpoint, resource = "https://secretmanager.googleapis.com", "projects/"+parts[0]
	if location != "" { // regional secrets live behind an address of their own
		endpoint, resource = "https://secretmanager."+location+".rep.googleapis.com", resource+"/locations/"+location
	}
	return cmp.Or(s.settings.endpoint, endpoint), resource + "/secrets/" + parts[1] + "/versions/" + version, nil
}
