package sops

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/pgp"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// An answer is how one of the SDKs tells what a service answered: a status, or a
// word of the service's own, alone. The rest of what they say quotes the service.
type answer struct {
	pattern func() *regexp.Regexp
	kind    func(found string) error
}

// answers are tried in order: words before numbers, they say more.
var answers = []answer{
	{fetch.Pattern(`api error ([A-Za-z]{1,60}):`), kindOfWord},                 // AWS
	{fetch.Pattern(`code = ([A-Za-z]{1,40})\b`), kindOfWord},                   // gRPC
	{fetch.Pattern(`(?m)^ERROR CODE: ([A-Za-z]{1,40})$`), kindOfWord},          // Azure
	{fetch.Pattern(`(?m)^RESPONSE ([0-9]{3}):`), kindOfStatus},                 // Azure
	{fetch.Pattern(`(?m)^Code: ([0-9]{3})\b`), kindOfStatus},                   // Vault
	{fetch.Pattern(`StatusCode: ([0-9]{3})\b`), kindOfStatus},                  // AWS
	{fetch.Pattern(`googleapi: Error ([0-9]{3})\b`), kindOfStatus},             // Google over HTTP
	{fetch.Pattern(`(?:status code|fetch token:) ([0-9]{3})\b`), kindOfSignIn}, // Google's sign-in
	{fetch.Pattern(`"status_code":\s*([0-9]{3})\b`), kindOfStatus},             // HuaweiCloud
}

func kindOfStatus(found string) error {
	code, _ := strconv.Atoi(found)
	if code == 404 { // of the key, not of the secret: nothing forgives it
		return fetch.ErrDenied
	}
	return httpx.StatusKind(code)
}

// kindOfSignIn: who may not sign in is denied, by whatever status.
func kindOfSignIn(found string) error {
	if kind := kindOfStatus(found); kind != nil {
		return kind
	}
	return fetch.ErrDenied
}

// transient are the words of services that ask to be asked again.
var transient = []string{"Throttl", "TooManyRequests", "Unavailable", "ResourceExhausted", "DeadlineExceeded", "InternalFailure", "KMSInternal", "DependencyTimeout"}

func kindOfWord(found string) error {
	for _, word := range transient {
		if strings.Contains(found, word) {
			return fetch.ErrUnavailable
		}
	}
	return fetch.ErrDenied
}

// noCredentials are the SDKs' ways to say that they found nothing to show a service.
var noCredentials = []string{
	"could not find default credentials", "no EC2 IMDS role found", "failed to refresh cached credentials", // Google, AWS
	"DefaultAzureCredential", "missing client token", // Azure, Vault
}

// explain says, in our words, why a service or program did not open a key.
func explain(k keys.MasterKey, err error) error {
	name := k.TypeToIdentifier() + " key"
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer: %w", name, contextEnd(err))
	case k.TypeToIdentifier() == pgp.KeyTypeIdentifier:
		return explainPGP(k, err)
	}
	text := err.Error()
	for _, words := range noCredentials {
		if strings.Contains(text, words) {
			return fmt.Errorf("%s: there are no credentials for it: %w", name, fetch.ErrDenied)
		}
	}
	for _, a := range answers {
		if m := a.pattern().FindStringSubmatch(text); m != nil && !strings.HasPrefix(m[1], "2") { // a 200 broke off
			return said(name, m[1], a.kind(m[1]))
		}
	}
	return fmt.Errorf("%s: %w", name, httpx.Classify(err))
}

func contextEnd(err error) error {
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return context.DeadlineExceeded
}

func said(name, found string, kind error) error {
	if strings.Trim(found, "0123456789") == "" {
		found = "status " + found
	}
	if kind == nil {
		return fmt.Errorf("%s: the service said: %s", name, found)
	}
	return fmt.Errorf("%s: the service said: %s: %w", name, found, kind)
}

// explainPGP: the SDK has tried old keyrings, then the program gpg.
func explainPGP(k keys.MasterKey, err error) error {
	id := k.ToString()
	if strings.Trim(strings.ToUpper(id), "0123456789ABCDEF") != "" || len(id) > 40 {
		id = "of the file"
	}
	if strings.Contains(err.Error(), "executable file not found") {
		return fmt.Errorf("pgp key %s: gpg is not installed: %w", id, fetch.ErrDenied)
	}
	return fmt.Errorf("pgp key %s: gpg and its agent cannot use it (gpg --list-secret-keys shows those they have): %w", id, fetch.ErrDenied)
}
