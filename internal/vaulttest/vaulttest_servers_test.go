//go:build servers

package vaulttest_test

import (
	"net/http"
	"testing"

	"github.com/maskrun/maskrun/internal/vaulttest"
)

func TestServer(t *testing.T) {
	s := vaulttest.Start(t, nil)
	s.Write(t, "secret/data/a", map[string]any{"data": map[string]any{"k": "v"}})
	data := s.Read(t, "secret/data/a")["data"].(map[string]any)["data"].(map[string]any)
	if data["k"] != "v" {
		t.Errorf("read %v", data)
	}
	if code := s.Status(t, http.MethodGet, "secret/data/a", "not-a-token"); code != http.StatusForbidden {
		t.Errorf("a wrong token: status %d", code)
	}
}

func TestJWT(t *testing.T) {
	s := vaulttest.Start(t, &vaulttest.Options{TLS: true})
	ci := vaulttest.NewIssuer(t)
	s.JWT(t, "jwt", ci, map[string]any{"bound_audiences": "https://vault.test", "user_claim": "sub", "token_policies": "default"})
	login := s.Do(t, http.MethodPut, "auth/jwt/login", "", map[string]any{"role": "ci", "jwt": ci.Token(t, map[string]any{"aud": "https://vault.test", "sub": "job"})})
	if login["auth"] == nil {
		t.Error("no login")
	}
}

func TestSealed(t *testing.T) {
	s := vaulttest.Start(t, &vaulttest.Options{Sealed: true})
	if code := s.Status(t, http.MethodGet, "secret/data/a", "x"); code != http.StatusServiceUnavailable {
		t.Errorf("status %d", code)
	}
}
