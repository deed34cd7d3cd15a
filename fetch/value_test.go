package fetch

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const canary = "cAnArY-5b1e8f0a-Tr4iN"

// holder keeps a Value where fmt cannot call its methods.
type holder struct {
	Shown  Value
	hidden Value
	ptr    *Value
	list   []Value
	keyed  map[string]Value
}

// FAULTS 100: whatever prints, prints no value.
func TestValueNeverPrints(t *testing.T) {
	v := NewValue([]byte(canary))
	ref := Ref{Scheme: "vault", Path: "u:" + canary + "@host/x", Params: url.Values{"default": {canary}, "token": {canary}}}
	secret := Secret{Name: "N", Value: v, Ref: ref}
	subjects := map[string]any{
		"value": v, "pointer": &v, "secret": secret, "secret pointer": &secret, "ref": ref,
		"request":  Request{Name: "N", Ref: ref},
		"holder":   holder{v, v, &v, []Value{v}, map[string]Value{"k": v}},
		"document": Document{Data: []byte(canary)},
		"error":    &Errors{[]*Error{{Name: "N", Ref: ref, Err: errors.New("x")}}},
	}
	for name, subject := range subjects {
		verbs := []string{"%v", "%+v", "%#v", "%q", "%x", "%X", "%s"}
		if name == "value" || name == "pointer" || name == "holder" {
			verbs = append(verbs, "%d", "%o", "%c", "%U", "%08.3f", "%t", "%p", "%w", "%!", "%T")
		}
		for _, verb := range verbs {
			noCanary(t, name+" "+verb, fmt.Sprintf(verb, subject))
		}
		if name != "document" {
			marshal(t, name, subject)
		}
	}
}

func marshal(t *testing.T, name string, subject any) {
	t.Helper()
	j, _ := json.Marshal(subject)
	noCanary(t, name+" json", string(j))
	x, _ := xml.Marshal(subject)
	noCanary(t, name+" xml", string(x))
	if name != "holder" {
		y, _ := yaml.Marshal(subject)
		noCanary(t, name+" yaml", string(y))
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("m", "subject", subject)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "subject", subject)
	noCanary(t, name+" slog", b.String())
}

// noCanary looks for the canary as text, in hexadecimal and as a list of byte values.
func noCanary(t *testing.T, what, text string) {
	t.Helper()
	hex := fmt.Sprintf("%x", canary)
	forms := []string{canary, canary[:6], hex[:12], strings.ToUpper(hex[:12]), "99 65 110", "143 101 156", "U+0063 U+0041", "Y0FuQXJZ"}
	for _, form := range forms {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the value: %s", what, text)
		}
	}
}

func TestValueSaysRedacted(t *testing.T) {
	v := NewValue([]byte(canary))
	text, _ := v.MarshalText()
	y, _ := v.MarshalYAML()
	j, _ := json.Marshal(map[string]Value{"k": v})
	for what, got := range map[string]string{
		"%v": fmt.Sprintf("%v", v), "%#v": fmt.Sprintf("%#v", v), "%x": fmt.Sprintf("%x", v), "%d": fmt.Sprintf("%d", v),
		"String": v.String(), "GoString": v.GoString(), "text": string(text), "yaml": fmt.Sprint(y),
		"slog": v.LogValue().String(), "json": strings.TrimSuffix(strings.TrimPrefix(string(j), `{"k":"`), `"}`),
	} {
		if got != "[redacted]" {
			t.Errorf("%s: got %q", what, got)
		}
	}
}

// FAULTS 94, 107.
func TestValueWipe(t *testing.T) {
	given := []byte(canary)
	v := NewValue(given)
	clear(given)
	twin, inner := v, v.Reveal()
	if string(inner) != canary || !v.Equal(twin) || v.Equal(NewValue([]byte("other"))) {
		t.Fatal("the value is not its own copy")
	}
	v.Wipe()
	if !bytes.Equal(inner, make([]byte, len(canary))) || twin.Reveal() != nil {
		t.Error("bytes left after Wipe")
	}
	var zero Value
	zero.Wipe()
	if zero.Reveal() != nil || zero.String() != "[redacted]" {
		t.Error("the zero Value is not usable")
	}
}
