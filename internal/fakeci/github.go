package fakeci

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/crypto/nacl/box"
)

// A Secret is one of GitHub's, opened.
type Secret struct {
	Value      string
	Visibility string  // of an organisation's
	Selected   []int64 // repositories that see it
}

// RepoID is the number of the only repository, owner/repo.
const RepoID = 4711

// GitHub is the fake of it. Places are "repos/owner/repo", "orgs/org" and
// "repositories/4711/environments/NAME".
type GitHub struct {
	Server
	public, private *[32]byte
	places          map[string]map[string]Secret
}

// NewGitHub starts one that holds places. What its faults say is body.
func NewGitHub(body string, places map[string]map[string]Secret) (g *GitHub, stop func()) {
	g = &GitHub{places: map[string]map[string]Secret{}}
	g.public, g.private, _ = box.GenerateKey(rand.Reader)
	for name, secrets := range places {
		g.places[name] = map[string]Secret{}
		maps.Copy(g.places[name], secrets)
	}
	return g, g.serve(body, func(r *http.Request) bool { return r.Header.Get("Authorization") == "Bearer "+Token }, g.handle)
}

// Held gives the secrets of a place.
func (g *GitHub) Held(place string) map[string]Secret {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.places[place])
}

func (g *GitHub) handle(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	if path == "repos/owner/repo" {
		answer(w, http.StatusOK, map[string]any{"id": RepoID, "full_name": "owner/repo"})
		return
	}
	place, rest, found := strings.Cut(strings.Replace(path, "/actions/secrets", "/secrets", 1), "/secrets")
	secrets, exists := g.places[place]
	if !found || !exists {
		refuse(w, http.StatusNotFound, g.body)
		return
	}
	name := strings.TrimPrefix(rest, "/")
	selectedOf, isSelected := strings.CutSuffix(name, "/repositories")
	switch {
	case r.Method == http.MethodGet && name == "public-key":
		answer(w, http.StatusOK, map[string]string{"key_id": "1", "key": base64.StdEncoding.EncodeToString(g.public[:])})
	case r.Method == http.MethodGet && name == "":
		g.list(w, r, secrets)
	case r.Method == http.MethodGet && isSelected:
		g.selected(w, r, secrets[selectedOf])
	case r.Method == http.MethodPut:
		g.put(w, r, place, name)
	case r.Method == http.MethodDelete && secrets[name].Value != "":
		delete(secrets, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusNotFound, g.body)
	}
}

func (g *GitHub) link(w http.ResponseWriter, r *http.Request, next int) {
	if next > 0 {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?page=%d>; rel="next"`, g.URL, r.URL.Path, next))
	}
}

func (g *GitHub) list(w http.ResponseWriter, r *http.Request, secrets map[string]Secret) {
	part, next := page(r, slices.Sorted(maps.Keys(secrets)))
	g.link(w, r, next)
	out := []map[string]string{}
	for _, name := range part {
		out = append(out, map[string]string{"name": name, "visibility": secrets[name].Visibility})
	}
	answer(w, http.StatusOK, map[string]any{"total_count": len(secrets), "secrets": out})
}

func (g *GitHub) selected(w http.ResponseWriter, r *http.Request, s Secret) {
	part, next := page(r, s.Selected)
	g.link(w, r, next)
	out := []map[string]int64{}
	for _, id := range part {
		out = append(out, map[string]int64{"id": id})
	}
	answer(w, http.StatusOK, map[string]any{"total_count": len(s.Selected), "repositories": out})
}

// put opens the sealed box, as only GitHub can.
func (g *GitHub) put(w http.ResponseWriter, r *http.Request, place, name string) {
	var in struct {
		KeyID          string  `json:"key_id"`
		EncryptedValue string  `json:"encrypted_value"`
		Visibility     string  `json:"visibility"`
		Selected       []int64 `json:"selected_repository_ids"`
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	sealed, _ := base64.StdEncoding.DecodeString(in.EncryptedValue)
	value, ok := box.OpenAnonymous(nil, sealed, g.public, g.private)
	if !ok || in.KeyID != "1" || strings.HasPrefix(place, "orgs/") == (in.Visibility == "") {
		refuse(w, http.StatusUnprocessableEntity, g.body)
		return
	}
	_, exists := g.places[place][name]
	g.places[place][name] = Secret{string(value), in.Visibility, in.Selected}
	if exists {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer(w, http.StatusCreated, map[string]any{})
}
