package sops

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	filippo "filippo.io/age"
	"github.com/getsops/sops/v3/age"
	"github.com/maskrun/maskrun/fetch"
)

// identityFileEnv names a file of age identities; the store age:// reads it too.
const identityFileEnv = "MASKRUN_AGE_IDENTITY_FILE"

// sopsIdentityEnv are the variables that sops takes age identities from.
var sopsIdentityEnv = []string{
	age.SopsAgeKeyEnv, age.SopsAgeKeyFileEnv, age.SopsAgeKeyCmdEnv,
	age.SopsAgeSshPrivateKeyFileEnv, age.SopsAgeSshPrivateKeyCmdEnv,
}

// identities are the age identities that maskrun was told of, and where from.
type identities struct {
	parsed  age.ParsedIdentities
	sources []string
}

// loadIdentities reads the identity files of the configuration and the environment.
func loadIdentities(env fetch.Env) (identities, error) {
	var ids identities
	paths, err := keyFiles(env.Config)
	if err != nil {
		return ids, err
	}
	read := env.ConfiguredFile()
	for _, path := range paths {
		if err := ids.add("stores.sops", path, read); err != nil {
			return ids, err
		}
	}
	if path := env.Getenv(identityFileEnv); path != "" {
		return ids, ids.add(identityFileEnv, path, env.ReadKeyFile)
	}
	return ids, nil
}

// keyFiles lists the files that the block stores.sops names: age_key_file, and
// identity in a block age of the form that stores.age has.
func keyFiles(block map[string]any) ([]string, error) {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(block)) {
		name, entry := "stores.sops."+key, block[key]
		switch key {
		case "age_key_file":
		case "age":
			name += ".identity"
			age, _ := entry.(map[string]any)
			entry = age["identity"]
		default:
			return nil, fmt.Errorf("%s: unknown key: want age_key_file", name)
		}
		paths, err := fileNames(name, entry)
		if err != nil {
			return nil, err
		}
		all = append(all, paths...)
	}
	return all, nil
}

// fileNames reads a file name or a list of them.
func fileNames(name string, entry any) ([]string, error) {
	list, isList := entry.([]any)
	if !isList {
		list = []any{entry}
	}
	var paths []string
	for _, item := range list {
		path, ok := item.(string)
		if !ok || path == "" {
			return nil, fmt.Errorf("%s is not a file name or a list of them", name)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func (ids *identities) add(name, path string, read func(string) ([]byte, error)) error {
	b, err := read(path)
	if err != nil {
		return notMissing(fmt.Errorf("%s: %w", name, err))
	}
	defer clear(b)
	if err := ids.parsed.Import(strings.ReplaceAll(string(b), "\r", "")); err != nil {
		return fmt.Errorf("%s: %s holds something that is not an age identity", name, path)
	}
	if !slices.Contains(ids.sources, name) {
		ids.sources = append(ids.sources, name)
	}
	return nil
}

// notMissing hides that a key file was not found behind its text: optional=true
// forgives a missing secret, not a missing key.
func notMissing(err error) error {
	if errors.Is(err, fetch.ErrNotFound) {
		return errors.New(err.Error())
	}
	return err
}

// unwrap opens k with our identities, else with those that sops finds itself.
func (ids identities) unwrap(k *age.MasterKey, env fetch.Env) ([]byte, error) {
	if len(ids.parsed) > 0 {
		own := *k
		ids.parsed.ApplyToMasterKey(&own)
		if key, err := own.Decrypt(); err == nil {
			return key, nil
		}
	}
	key, err := k.Decrypt()
	if err != nil {
		return nil, ids.explain(err, env)
	}
	return key, nil
}

// explain says, without the SDK's words, why no identity opened a key.
func (ids identities) explain(err error, env fetch.Env) error {
	sources := ids.sources
	for _, name := range sopsIdentityEnv {
		if env.Getenv(name) != "" {
			sources = append(sources[:len(sources):len(sources)], name)
		}
	}
	if path := env.Getenv(age.SopsAgeKeyFileEnv); filepath.IsAbs(path) {
		if _, err := env.ReadKeyFile(path); err != nil {
			return notMissing(fmt.Errorf("age: %s: %w", age.SopsAgeKeyFileEnv, err))
		}
	}
	var mismatch *filippo.NoIdentityMatchError
	tried := errors.As(err, &mismatch)
	switch {
	case len(sources) == 0 && !tried:
		return fmt.Errorf("age: no identity is given: set SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, MASKRUN_AGE_IDENTITY_FILE or stores.sops.age_key_file: %w", fetch.ErrDenied)
	case len(sources) == 0:
		return fmt.Errorf("age: none of the identities that sops finds by itself is a recipient: %w", fetch.ErrDenied)
	case tried:
		return fmt.Errorf("age: none of the identities in %s is a recipient: %w", strings.Join(sources, ", "), fetch.ErrDenied)
	}
	return fmt.Errorf("age: no usable identity in %s: %w", strings.Join(sources, ", "), fetch.ErrDenied)
}
