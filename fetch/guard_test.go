package fetch

import (
	"context"
	"net/url"
	"strings"
	"testing"
)

type panicsMany struct{ *fake }

func (panicsMany) ReadMany(context.Context, []Query) []Answer { panic("CANARY in many") }

// A store that panics, wherever it does, is an error without the panic's value,
// and the others are read. FAULTS 101
func TestStoreThatPanics(t *testing.T) {
	reads := newFake(func(context.Context, string, int) (Document, error) { panic("CANARY in read") })
	opens := Kind{Scheme: "opens", Open: func(context.Context, Env) (Source, error) { panic("CANARY in open") }}
	many := Kind{Scheme: "many", Open: func(context.Context, Env) (Source, error) { return panicsMany{reads}, nil }}
	sound := newFake(text("value"))
	r := NewResolver(Env{}, reads.kind("reads"), opens, many, sound.kind("sound"))
	for _, scheme := range []string{"reads", "opens", "many"} {
		got, err := r.Resolve(t.Context(), []Request{request(t, "A", scheme+"://x"), request(t, "B", "sound://x")})
		if err == nil || got != nil || strings.Contains(err.Error(), "CANARY") || !strings.Contains(err.Error(), "A") {
			t.Errorf("%s: %v", scheme, err)
		}
	}
	if sound.reads["x?"+url.Values{}.Encode()] == 0 {
		t.Error("the sound store was not read")
	}
}
