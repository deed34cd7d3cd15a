package fakeci

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Variable is one of GitLab's.
type Variable struct {
	Key       string `json:"key"`
	Value     string `json:"value"`
	Type      string `json:"variable_type"`
	Scope     string `json:"environment_scope"`
	Masked    bool   `json:"masked"`
	Hidden    bool   `json:"hidden"`
	Protected bool   `json:"protected"`
	Raw       bool   `json:"raw"`
}

// GitLab is the fake of one. Owners are "projects/group/project" and "groups/group".
type GitLab struct {
	Server
	Old  bool // of before 17.4: it cannot hide
	vars map[string][]Variable
}

// NewGitLab starts one that holds vars. What its faults say is body.
func NewGitLab(body string, vars map[string][]Variable) (g *GitLab, stop func()) {
	g = &GitLab{vars: map[string][]Variable{}}
	for owner, list := range vars {
		g.vars[owner] = slices.Clone(list)
	}
	return g, g.serve(body, func(r *http.Request) bool { return r.Header.Get("Private-Token") == Token }, g.handle)
}

// Held gives the variables of owner.
func (g *GitLab) Held(owner string) []Variable {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.vars[owner])
}

func (g *GitLab) handle(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v4/")
	owner, name, found := strings.Cut(path, "/variables")
	list, exists := g.vars[owner]
	kind, id, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/api/v4/"), "/")
	if id, _, _ = strings.Cut(id, "/variables"); strings.Contains(id, "/") {
		g.wrong = append(g.wrong, "the path of a "+kind+" is not one segment")
	}
	if !ok || !found || !exists {
		refuse(w, http.StatusNotFound, g.body)
		return
	}
	name = strings.TrimPrefix(name, "/")
	switch {
	case r.Method == http.MethodGet && name == "":
		part, next := page(r, list)
		if next > 0 {
			w.Header().Set("X-Next-Page", strconv.Itoa(next))
		}
		out := []map[string]any{}
		for _, v := range part {
			out = append(out, shown(v))
		}
		answer(w, http.StatusOK, out)
	case r.Method == http.MethodPost && name == "":
		g.create(w, r, owner)
	case r.Method == http.MethodPut, r.Method == http.MethodDelete:
		g.alter(w, r, owner, name)
	default:
		refuse(w, http.StatusMethodNotAllowed, g.body)
	}
}

// shown is a variable as the API gives it: a hidden one without its value.
func shown(v Variable) map[string]any {
	text, _ := json.Marshal(v)
	out := map[string]any{}
	_ = json.Unmarshal(text, &out)
	if v.Hidden {
		out["value"] = nil
	}
	return out
}

// sent is a body; nil is what was left out.
type sent struct {
	Key, Value             *string
	Scope                  *string `json:"environment_scope"`
	Masked, Protected, Raw *bool
	MaskedAndHidden        *bool             `json:"masked_and_hidden"`
	Filter                 map[string]string `json:"filter"`
}

func (s sent) onto(v Variable) Variable {
	set(&v.Value, s.Value)
	set(&v.Masked, s.Masked)
	set(&v.Protected, s.Protected)
	set(&v.Raw, s.Raw)
	return v
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// The rules of Ci::Maskable.
var maskable, maskableRaw = regexp.MustCompile(`\A[a-zA-Z0-9_+=/@:.~-]{8,}\z`), regexp.MustCompile(`\A[^\s\v]{8,}\z`)

func valid(v Variable) bool {
	return !v.Masked || v.Raw && maskableRaw.MatchString(v.Value) || maskable.MatchString(v.Value)
}

func (g *GitLab) create(w http.ResponseWriter, r *http.Request, owner string) {
	var s sent
	v := Variable{Scope: "*", Type: "env_var"}
	if json.NewDecoder(r.Body).Decode(&s) != nil || s.Key == nil || s.Value == nil {
		refuse(w, http.StatusBadRequest, g.body)
		return
	}
	v = s.onto(v)
	v.Key = *s.Key
	set(&v.Scope, s.Scope)
	if s.MaskedAndHidden != nil && *s.MaskedAndHidden && !g.Old {
		v.Masked, v.Hidden = true, true
	}
	if !valid(v) || g.index(owner, v.Key, v.Scope) >= 0 {
		refuse(w, http.StatusBadRequest, g.body)
		return
	}
	g.vars[owner] = append(g.vars[owner], v)
	answer(w, http.StatusCreated, shown(v))
}

func (g *GitLab) index(owner, name, scope string) int {
	return slices.IndexFunc(g.vars[owner], func(v Variable) bool { return v.Key == name && v.Scope == scope })
}

// alter serves PUT and DELETE. Without a filter the real one refuses where two
// variables have the name.
func (g *GitLab) alter(w http.ResponseWriter, r *http.Request, owner, name string) {
	var s sent
	scope := r.URL.Query().Get("filter[environment_scope]")
	if r.Method == http.MethodPut {
		if json.NewDecoder(r.Body).Decode(&s) != nil {
			refuse(w, http.StatusBadRequest, g.body)
			return
		}
		scope = s.Filter["environment_scope"]
	}
	at := g.index(owner, name, scope)
	if at < 0 {
		refuse(w, http.StatusNotFound, g.body)
		return
	}
	if r.Method == http.MethodDelete {
		g.vars[owner] = slices.Delete(g.vars[owner], at, at+1)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	v := s.onto(g.vars[owner][at])
	if !valid(v) || v.Hidden && !v.Masked {
		refuse(w, http.StatusBadRequest, g.body)
		return
	}
	g.vars[owner][at] = v
	answer(w, http.StatusOK, shown(v))
}
