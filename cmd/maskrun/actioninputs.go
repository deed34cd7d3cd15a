package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/maskrun/maskrun/action"
)

// actionInputs are the inputs of action.yml, read. Their names are those that
// people know from other actions; docs/github.md lists them.
type actionInputs struct {
	secrets, config, environment string
	envFiles                     []string
	exportEnv, exportOutputs     bool
	run, shell                   string
	minLength                    int
	untrusted, ifMissing         string
	failOnLeak, revoke           bool
	report                       string
	exportToken, parseJSON       bool
	audience                     string
	vault                        map[string]string // variables that the vault store reads
}

// vaultInputs are vault-action's inputs and the variables of the store that they
// stand for.
var vaultInputs = []struct{ input, variable string }{
	{"url", "VAULT_ADDR"},
	{"namespace", "VAULT_NAMESPACE"},
	{"method", "VAULT_AUTH_METHOD"},
	{"role", "VAULT_AUTH_ROLE"},
	{"path", "VAULT_AUTH_PATH"},
	{"token", "VAULT_TOKEN"},
	{"roleId", "VAULT_ROLE_ID"},
	{"secretId", "VAULT_SECRET_ID"},
	{"username", "VAULT_USERNAME"},
	{"password", "VAULT_PASSWORD"},
}

// An inputReader reads inputs and keeps what is wrong with them.
type inputReader struct {
	from action.Inputs
	errs []error
}

// text is the first of the names that is given: some inputs have two.
func (r *inputReader) text(names ...string) string {
	for _, name := range names {
		if v := r.from.Input(name); v != "" {
			return v
		}
	}
	return ""
}

// flag reads true or false, as YAML's core schema writes them.
func (r *inputReader) flag(otherwise bool, names ...string) bool {
	switch v := r.text(names...); v {
	case "":
		return otherwise
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	r.errs = append(r.errs, fmt.Errorf("input %s: want true or false", names[0]))
	return otherwise
}

func (r *inputReader) oneOf(name string, words ...string) string {
	v := r.text(name)
	if v != "" && !slices.Contains(words, v) {
		r.errs = append(r.errs, fmt.Errorf("input %s: want one of %s", name, strings.Join(words, ", ")))
		return ""
	}
	return v
}

// readInputs reads all of them; every mistake is told.
func readInputs(from action.Inputs) (actionInputs, error) {
	r := &inputReader{from: from}
	in := actionInputs{
		secrets: r.text("secrets", "secret-ids"), config: r.text("config"), environment: r.text("environment"),
		run: r.text("run"), shell: r.text("shell"), report: r.text("report"),
		untrusted: r.oneOf("untrusted", "fail", "skip", "empty"),
		ifMissing: r.oneOf("if-missing", "fail", "skip"),
		audience:  r.text("jwtGithubAudience"), vault: map[string]string{},
	}
	in.exportEnv = r.flag(in.run == "", "export-env", "exportEnv")
	in.exportOutputs = r.flag(false, "export-outputs")
	in.failOnLeak, in.revoke = r.flag(false, "fail-on-leak"), r.flag(false, "revoke", "revokeToken")
	in.exportToken, in.parseJSON = r.flag(false, "exportToken"), r.flag(false, "parse-json-secrets")
	if r.flag(false, "ignoreNotFound") {
		in.ifMissing = "skip"
	}
	for _, v := range vaultInputs {
		if value := r.text(v.input); value != "" {
			in.vault[v.variable] = value
		}
	}
	if pem := r.text("caCertificate"); pem != "" {
		in.vault["VAULT_CACERT_BYTES"] = plainPEM(pem)
	}
	for line := range strings.Lines(r.text("env-file")) {
		if line = strings.TrimSpace(line); line != "" {
			in.envFiles = append(in.envFiles, line)
		}
	}
	if text := r.text("min-mask-length"); text != "" {
		var err error
		if in.minLength, err = strconv.Atoi(text); err != nil || in.minLength < 1 {
			r.errs = append(r.errs, errors.New("input min-mask-length: want a number of bytes"))
		}
	}
	if r.flag(false, "tlsSkipVerify") {
		r.errs = append(r.errs, errors.New("input tlsSkipVerify: there is no such thing here; give the authority in caCertificate"))
	}
	return in, errors.Join(r.errs...)
}

// plainPEM undoes the base64 that vault-action wants around a certificate.
func plainPEM(text string) string {
	if strings.Contains(text, "-----BEGIN") {
		return text
	}
	if pem, err := base64.StdEncoding.DecodeString(text); err == nil && bytes.Contains(pem, []byte("-----BEGIN")) {
		return string(pem)
	}
	return text
}
