package main

import (
	"path"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/masker"
)

// defaultMaskEnv are the names of variables that tell of a secret: the values
// of those already in the environment are hidden, configured or not. Patterns
// are compared without regard to case. This is the whole list.
var defaultMaskEnv = []string{
	// a word at the end of the name
	"*_PASSWORD", "*_PASSWD", "*_PASSPHRASE", "*_SECRET", "*_TOKEN",
	"*_API_KEY", "*_APIKEY", "*_ACCESS_KEY", "*_SECRET_KEY", "*_PRIVATE_KEY",
	"*_CREDENTIALS", "*_CONNECTION_STRING", "*_DSN",
	// the words by themselves
	"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN",
	"API_KEY", "APIKEY", "ACCESS_KEY", "SECRET_KEY", "PRIVATE_KEY",
	"CREDENTIALS", "CONNECTION_STRING", "DSN",
}

// checkPatterns finds a pattern that cannot be read.
func checkPatterns(patterns []string) error {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil || strings.ContainsAny(p, "=/ ") {
			return usagef("", "flag --mask-env: %q is no pattern of names", p)
		}
	}
	return nil
}

func matchesName(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(strings.ToUpper(p), strings.ToUpper(name))
		return ok
	})
}

// matching picks the variables whose names match. Skip says which names are
// dealt with elsewhere.
func matching(environ, patterns []string, skip func(name string) bool) []masker.Value {
	var values []masker.Value
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if ok && value != "" && matchesName(patterns, name) && !skip(name) {
			values = append(values, masker.Value{Name: name, Bytes: []byte(value)})
		}
	}
	return values
}

// guesses drops from values those that the redactor would not look for anyway.
// Names that match the built-in list are guesses: USE_TOKEN=true is nobody's
// secret, no reason for a message in every step, for --short-values=error to
// refuse, or for --short-values=mask to hide every "true".
func guesses(values []masker.Value, o masker.Options) ([]masker.Value, error) {
	o.Short, o.OnHit = masker.ShortBoundary, nil
	return slices.DeleteFunc(values, func(v masker.Value) bool {
		if len(v.Bytes) > longestGuess {
			return false
		}
		m, err := masker.New([]masker.Value{v}, &o)
		return err == nil && slices.ContainsFunc(m.Skipped(), func(s masker.Skip) bool { return s.Encoding == "" })
	}), nil
}

// longestGuess bounds what is worth trying: no stop-listed word or min_length is longer.
const longestGuess = 64
