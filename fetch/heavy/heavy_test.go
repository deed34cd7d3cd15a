package heavy_test

import (
	"reflect"
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/heavy"
	"github.com/maskrun/maskrun/fetch/heavy/names"
)

// maskrun knows the heavy stores by the list in names: it must say what heavy does.
func TestNamesAgree(t *testing.T) {
	got := rows(names.Kinds())
	want := rows(heavy.Kinds())
	if !reflect.DeepEqual(got, want) {
		t.Errorf("names.Kinds() = %+v\nheavy.Kinds() = %+v", got, want)
	}
}

// rows are kinds without the functions, which cannot be compared.
func rows(kinds []fetch.Kind) []fetch.Kind {
	for i := range kinds {
		kinds[i].Open = nil
	}
	return kinds
}
