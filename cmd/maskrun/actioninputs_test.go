package main

import (
	"encoding/base64"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// asked notes which inputs are read.
type asked map[string]bool

// Input is that of action.Inputs.
func (a asked) Input(name string) string {
	a[name] = true
	return ""
}

// action.yml declares the inputs that are read, and no others: the runner warns of
// an input that is not declared, and one that is not read does nothing.
func TestInputsAreDeclared(t *testing.T) {
	data, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Inputs map[string]struct{ Description, Default string }
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	read := asked{}
	if _, err := readInputs(read); err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(maps.Keys(read))
	want = slices.DeleteFunc(want, func(name string) bool { return name == "tlsSkipVerify" }) // read to be refused
	if got := slices.Sorted(maps.Keys(file.Inputs)); !slices.Equal(got, want) {
		t.Errorf("declared: %v\nread:     %v", got, want)
	}
	for name, in := range file.Inputs {
		if in.Description == "" {
			t.Errorf("input %s has no description", name)
		}
	}
}

func TestReadInputs(t *testing.T) {
	pem := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	for _, c := range []struct {
		why   string
		given given
		check func(actionInputs) bool
		fails string
	}{
		{"variables are the purpose of the step", given{}, func(in actionInputs) bool { return in.exportEnv && !in.exportOutputs }, ""},
		{"but not where a script gets the secrets", given{"RUN": "make"}, func(in actionInputs) bool { return !in.exportEnv }, ""},
		{"unless the user says so", given{"RUN": "make", "EXPORT-ENV": "true"}, func(in actionInputs) bool { return in.exportEnv }, ""},
		{"or not at all", given{"EXPORT-ENV": "false"}, func(in actionInputs) bool { return !in.exportEnv }, ""},
		{"several files", given{"ENV-FILE": ".env\n .env.ci \n\n"}, func(in actionInputs) bool { return slices.Equal(in.envFiles, []string{".env", ".env.ci"}) }, ""},
		{"a certificate in base64", given{"CACERTIFICATE": base64.StdEncoding.EncodeToString([]byte(pem))}, func(in actionInputs) bool { return in.vault["VAULT_CACERT_BYTES"] == pem }, ""},
		{"a certificate as it is", given{"CACERTIFICATE": pem}, func(in actionInputs) bool { return in.vault["VAULT_CACERT_BYTES"] == pem }, ""},
		{"no certificate is checked", given{"TLSSKIPVERIFY": "true"}, nil, "tlsSkipVerify"},
		{"not a number", given{"MIN-MASK-LENGTH": "x"}, nil, "min-mask-length"},
		{"not a truth", given{"REVOKE": "yes"}, nil, "input revoke"},
		{"not a policy", given{"IF-MISSING": "empty"}, nil, "input if-missing"},
	} {
		in, err := readInputs(c.given)
		switch {
		case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
			t.Errorf("%s: error %v", c.why, err)
		case c.fails == "" && (err != nil || !c.check(in)):
			t.Errorf("%s: %+v, error %v", c.why, in, err)
		}
	}
}
