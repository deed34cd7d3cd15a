package main

import (
	"bytes"
	"slices"
	"testing"

	"github.com/maskrun/maskrun/action/actiontest"
	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/config"
)

// onGitHub is a load as run has it under GitHub Actions.
func onGitHub(t *testing.T, values ...string) *load {
	t.Helper()
	p := &program{speaker: &speaker{w: new(bytes.Buffer)}, environ: []string{"GITHUB_ACTIONS=true"}}
	var secrets []secret
	for i, v := range values {
		value := fetch.NewValue([]byte(v))
		secrets = append(secrets, secret{wanted: wanted{name: string(rune('A' + i)), literal: &value}, value: value})
	}
	l, err := p.redactor(secretFlags{maskEnvGiven: true}, maskFlags{}, wish{cfg: new(config.Config)}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// FAULTS 82: whatever stands around something hidden, the runner finds the same
// commands in the output as without us: none is made, none is lost.
func TestHidingMakesNoCommands(t *testing.T) {
	const secret, lines = "Kestrel-77-secret", "first-line-of-2\nother-line-of-2"
	l := onGitHub(t, secret+"\n", lines, " \t"+"Padded-88-secret"+" \r\n")
	around := []string{
		"", " ", "x", ":", "::", ":::", "#", "##", "##[", "[", "]", "\n", "\r\n", "\r", "\n\n",
		"::error::", "::error ", "::warning file=a::", "##[error]", "##[", "error]", "error::", "\n::notice::", "\n##[group]",
		"::stop-commands::tok\n", "\n::tok::", "%0A", "::set-output name=",
	}
	hidden := []string{secret, secret + "\n", secret + "\r\n", "S2VzdHJlbC03Ny1zZWNyZXQ=\n", "first-line-of-2", lines, lines + "\n", "Padded-88-secret \n"}
	n := 0
	for _, before := range around {
		for _, after := range around {
			for _, mid := range hidden {
				in := before + mid + after + "\nend\n"
				var out bytes.Buffer
				s := l.stream("stdout", &out)
				if _, err := s.Write([]byte(in)); err != nil {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				l.follow() // the next one starts with commands running
				want, _ := actiontest.ParseCommands([]byte(in))
				got, _ := actiontest.ParseCommands(out.Bytes())
				if !slices.Equal(got, want) {
					t.Errorf("%q became %q: commands %q, not %q", in, out.String(), got, want)
				}
				if bytes.Contains(out.Bytes(), []byte("Kestrel")) || bytes.Contains(out.Bytes(), []byte("of-2")) {
					t.Errorf("%q became %q", in, out.String())
				}
				n++
			}
		}
	}
	t.Logf("%d texts", n)
}

// What is learned on one stream is hidden on both, in every form, and is told by
// name in the account.
func TestLearnedOnBothStreams(t *testing.T) {
	l := onGitHub(t, "Kestrel-77-secret")
	l.leaks.on.Store(true)
	var out, errOut bytes.Buffer
	o, e := l.stream("stdout", &out), l.stream("stderr", &errOut)
	for _, text := range []string{"::add-mask::brand-new-value\n", "brand-new-value\n"} {
		if _, err := o.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Write([]byte("in base64 YnJhbmQtbmV3LXZhbHVl\n")); err != nil {
		t.Fatal(err)
	}
	if err := closeAll(o, e); err != nil {
		t.Fatal(err)
	}
	if out.String() != "::add-mask::brand-new-value\n***\n" || errOut.String() != "in base64 ***\n" {
		t.Errorf("%q, %q", out.String(), errOut.String())
	}
	r := l.leaks.Report()
	if len(r.Hidden) != 2 || r.Hidden[0].Name != "add-mask 1" || r.Hidden[0].Stream != "stderr" || r.Secrets[1].Store != "workflow" {
		t.Errorf("%+v", r)
	}
}
