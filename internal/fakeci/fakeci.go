// Package fakeci is a fake, for tests, of the parts of GitLab's and GitHub's REST
// APIs that maskrun push uses, after their published contracts. It keeps variables in
// memory, checks what it is sent as the real ones say they do, answers in pages of
// two, and can fail on demand. That it agrees with the real servers is not proved.
package fakeci

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Token is the one that the servers take.
const Token = "TEST-ONLY-token-of-a-fake"

// pageSize is far below what is asked for: the real ones have limits too.
const pageSize = 2

// A Fault is how one request fails.
type Fault struct {
	Status     int    // with a body that no error may repeat
	RetryAfter string // the header of that name
	Limit      bool   // GitHub's primary rate limit, in its headers
	Cut        bool   // status 200 and a body that ends in the middle
	Done       bool   // with Status or Cut: what was asked for is done all the same
	Slow       time.Duration
	Login      bool // a login page with status 200
}

// A Server is the fake of one of them.
type Server struct {
	URL string

	mu       sync.Mutex
	faults   map[string][]Fault
	requests []string
	wrong    []string
	body     string // what a fault says
}

// Fail makes the next requests "METHOD last-part-of-path" fail, one after the other.
func (s *Server) Fail(request string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[request] = append(s.faults[request], faults...)
}

// Requests lists what was asked, as METHOD path?query.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// Wrong lists breaches of the contract by the client.
func (s *Server) Wrong() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.wrong...)
}

// serve starts the server; every request is answered under the lock.
func (s *Server) serve(body string, authorized func(*http.Request) bool, handle http.HandlerFunc) func() {
	s.faults, s.body = map[string][]Fault{}, body
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
		if strings.Contains(r.URL.String(), Token) {
			s.wrong = append(s.wrong, "the token is in an address")
		}
		key := r.Method + " " + r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if len(s.faults[key]) > 0 {
			f := s.faults[key][0]
			s.faults[key] = s.faults[key][1:]
			s.fail(w, r, f, handle)
			return
		}
		if !authorized(r) {
			refuse(w, http.StatusUnauthorized, s.body)
			return
		}
		handle(w, r)
	}))
	s.URL = server.URL
	return server.Close
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, f Fault, handle http.HandlerFunc) {
	if f.Done {
		handle(httptest.NewRecorder(), r)
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Limit {
		w.Header().Set("X-RateLimit-Limit", "60")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10))
	}
	switch {
	case f.Cut:
		w.Header().Set("Content-Length", "1000")
		_, _ = fmt.Fprintf(w, `{"key":%q,`, s.body)
	case f.Login:
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<html>%s</html>", s.body)
	case f.Slow > 0:
		select {
		case <-time.After(f.Slow):
			handle(w, r)
		case <-r.Context().Done(): // nobody waits any more
		}
	default:
		refuse(w, f.Status, s.body)
	}
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": text})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// page cuts the page that r asks for out of all, and gives the number of the next.
func page[T any](r *http.Request, all []T) (part []T, next int) {
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	n = max(n, 1)
	from, to := min((n-1)*pageSize, len(all)), min(n*pageSize, len(all))
	if to < len(all) {
		next = n + 1
	}
	return all[from:to], next
}
