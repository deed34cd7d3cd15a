package age

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"

	"github.com/maskrun/maskrun/fetch"
)

// identities collects the private keys from every place that names some.
func identities(env fetch.Env) ([]age.Identity, error) {
	all, err := fromConfig(env)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"MASKRUN_AGE_IDENTITY_FILE", "SOPS_AGE_KEY_FILE"} {
		if path := env.Getenv(name); path != "" {
			ids, err := fromFile(env, env.ReadKeyFile, path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			all = append(all, ids...)
		}
	}
	if text := env.Getenv("SOPS_AGE_KEY"); text != "" {
		ids, err := parse(env, []byte(text))
		if err != nil {
			return nil, fmt.Errorf("SOPS_AGE_KEY: %w", err)
		}
		all = append(all, ids...)
	}
	if len(all) > 0 {
		return all, nil
	}
	return fromStandard(env)
}

// fromConfig reads the files of stores.age.identity: an untrusted configuration
// may name those of the working directory only.
func fromConfig(env fetch.Env) ([]age.Identity, error) {
	paths, err := configPaths(env.Config)
	if err != nil {
		return nil, err
	}
	read := env.ConfiguredFile()
	var all []age.Identity
	for _, path := range paths {
		ids, err := fromFile(env, read, path)
		if err != nil {
			return nil, fmt.Errorf("stores.age.identity: %w", err)
		}
		all = append(all, ids...)
	}
	return all, nil
}

func configPaths(config map[string]any) ([]string, error) {
	var paths []string
	entry := config["identity"]
	list, isList := entry.([]any)
	if !isList && entry != nil {
		list = []any{entry}
	}
	for _, item := range list {
		path, ok := item.(string)
		if !ok {
			return nil, errors.New("stores.age.identity is not a file name or a list of them")
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// fromStandard reads the file that sops reads when told nothing.
func fromStandard(env fetch.Env) ([]age.Identity, error) {
	path := standardPath(env)
	if path != "" {
		ids, err := fromFile(env, env.ReadKeyFile, path)
		if err == nil || !errors.Is(err, fetch.ErrNotFound) {
			return ids, err
		}
	}
	return nil, errNone
}

var errNone = fmt.Errorf("none given: set MASKRUN_AGE_IDENTITY_FILE or SOPS_AGE_KEY: %w", fetch.ErrDenied)

func standardPath(env fetch.Env) string {
	base := env.Getenv("XDG_CONFIG_HOME")
	if base == "" && env.Getenv("HOME") != "" {
		base = filepath.Join(env.Getenv("HOME"), ".config")
		if runtime.GOOS == "darwin" {
			base = filepath.Join(env.Getenv("HOME"), "Library", "Application Support")
		}
	}
	if base == "" {
		return ""
	}
	return filepath.Join(base, "sops", "age", "keys.txt")
}

func fromFile(env fetch.Env, read func(string) ([]byte, error), path string) ([]age.Identity, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	ids, err := parse(env, text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ids, nil
}

// parse reads age keys, one per line, or one SSH key. The parsers' errors can
// quote the key: ours do not.
func parse(env fetch.Env, text []byte) ([]age.Identity, error) {
	if bytes.HasPrefix(text, []byte("age-encryption.org/")) || bytes.HasPrefix(bytes.TrimSpace(text), []byte(armor.Header)) {
		return unlock(text, env)
	}
	text = bytes.TrimSpace(text)
	if bytes.HasPrefix(text, []byte("-----BEGIN")) {
		id, err := agessh.ParseIdentity(append(text[:len(text):len(text)], '\n'))
		if err != nil {
			return nil, fmt.Errorf("not an SSH key without passphrase: %w", fetch.ErrDenied)
		}
		return []age.Identity{id}, nil
	}
	ids, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("not age identities (AGE-SECRET-KEY-1…), one per line: %w", fetch.ErrDenied)
	}
	return ids, nil
}
