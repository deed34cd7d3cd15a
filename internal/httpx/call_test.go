package httpx_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/internal/httpx"
)

// What a call sends, as the server sees it.
func TestCall(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "[%q]", strings.Join([]string{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)}, "|"))
	}))
	defer s.Close()
	for _, c := range []struct {
		why  string
		call httpx.Call
		want string
	}{
		{"a question", httpx.Call{URL: s.URL + "/a?b=c", Token: "t"}, "GET|/a?b=c|Bearer t||"},
		{"nobody has a token yet", httpx.Call{URL: s.URL + "/login", Body: map[string]string{"id": "<x>"}}, `POST|/login||application/json|{"id":"\u003cx\u003e"}`},
		{"both", httpx.Call{URL: s.URL + "/", Token: "t", Body: []int{1}}, "POST|/|Bearer t|application/json|[1]"},
	} {
		t.Run(c.why, func(t *testing.T) {
			var got []string
			if err := c.call.JSON(t.Context(), newClient(t, nil), &got); err != nil || len(got) != 1 || got[0] != c.want {
				t.Errorf("%q, want %q; error %v", got, c.want, err)
			}
		})
	}
}

// Nothing that was to be sent is in an error, also where it could not be.
func TestCallErrors(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, fetchtest.Canary)
	}))
	defer s.Close()
	hints := httpx.Hints{http.StatusForbidden: "ask the owner"}
	for _, c := range []struct {
		why  string
		call httpx.Call
		text string
	}{
		{"a status with a hint", httpx.Call{URL: s.URL, Token: fetchtest.Canary}, "read x: ask the owner: status 403"},
		{"an address that is none", httpx.Call{URL: "http://\x00" + fetchtest.Canary}, "read x: the address of the store cannot be used"},
		{"a body that is no JSON", httpx.Call{URL: s.URL, Body: map[string]any{fetchtest.Canary: make(chan int)}}, "read x: the address of the store cannot be used"},
		{"a token that is no header", httpx.Call{URL: s.URL, Token: fetchtest.Canary + "\n"}, "read x: "},
	} {
		t.Run(c.why, func(t *testing.T) {
			err := c.call.JSON(t.Context(), newClient(t, nil), &struct{}{})
			if err == nil {
				t.Fatal("no error")
			}
			err = hints.Explain("read x", err)
			fetchtest.NoCanary(t, err)
			if strings.HasPrefix(c.text, "read x: ask") {
				expect(t, err, fetch.ErrDenied, c.text)
			} else if !strings.HasPrefix(err.Error(), c.text) {
				t.Error(err)
			}
		})
	}
}
