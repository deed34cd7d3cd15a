//go:build unix

package helper_test

import (
	"errors"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// Leases are prolonged and given back through the pipe, and the answers read with distrust.
func TestLeases(t *testing.T) {
	src, err := open(t, client(t, options(t, "leases")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	keeper := src.(fetch.LeaseKeeper)
	lease := fetch.Lease{ID: "l1", Duration: time.Minute}
	got, err := keeper.Renew(t.Context(), lease)
	if want := (fetch.Lease{ID: "l1", Duration: 2 * time.Minute}); err != nil || got != want {
		t.Errorf("%+v, error %v", got, err)
	}
	_, err = keeper.Renew(t.Context(), lease)
	checkError(t, err, "answered without the lease that it prolonged")
	_, err = keeper.Renew(t.Context(), lease)
	checkError(t, err, "answered with a lease of impossible length")
	if err := keeper.Revoke(t.Context(), lease); err != nil {
		t.Error(err)
	}
	if err := keeper.Revoke(t.Context(), lease); !errors.Is(err, fetch.ErrNotFound) {
		t.Error(err)
	}
}

// A helper of before, or of somebody else, would pass over it and never answer.
func TestLeasesNotKnown(t *testing.T) {
	src, err := open(t, client(t, options(t, "good")), fetch.Env{})
	if err != nil {
		t.Fatal(err)
	}
	checkError(t, src.(fetch.LeaseKeeper).Revoke(t.Context(), fetch.Lease{ID: "l"}), "cannot prolong leases or give them back: install matching versions")
}
