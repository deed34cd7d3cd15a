package keyring_test

import (
	"errors"
	"testing"

	sdk "github.com/zalando/go-keyring"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/keyring"
)

// The library's own mock is in the place of the system's keyring here; the suite of
// the tag servers has a real one.
func TestConformance(t *testing.T) {
	sdk.MockInit()
	for _, service := range []string{"maskrun", "https://example.com/x"} {
		if err := sdk.Set(service, "me@example.com", fetchtest.Canary); err != nil {
			t.Fatal(err)
		}
		fetchtest.Run(t, fetchtest.Harness{
			Kind: keyring.Kind(), NoServer: true, Path: service + "/me@example.com", Want: []byte(fetchtest.Canary),
			Missing: "maskrun/nobody", Hostile: []string{"maskrun", "/me", "maskrun/", "maskrun/-w"},
		})
	}
}

// No words of the system's are passed on.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		said error
		kind error
	}{
		{errors.New(fetchtest.Canary), fetch.ErrDenied},
		{errors.New("prompt dismissed " + fetchtest.Canary), fetch.ErrDenied},
		{sdk.ErrUnsupportedPlatform, fetch.ErrDenied},
		{sdk.ErrNotFound, fetch.ErrNotFound},
	} {
		sdk.MockInitWithError(c.said)
		src, err := keyring.Kind().Open(t.Context(), fetch.Env{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = src.Read(t.Context(), "maskrun/me", nil)
		if !errors.Is(err, c.kind) {
			t.Errorf("%v: error %v", c.said, err)
		}
		fetchtest.NoCanary(t, err)
	}
}
