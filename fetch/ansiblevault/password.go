package ansiblevault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// A password and the vault id it is for; without an id it is for every one.
type password struct {
	id   string
	text []byte
}

// A place is where a password is: a file, or a script that prints it.
type place struct{ by, id, path string }

// Ansible's own variables.
const (
	textVar     = "ANSIBLE_VAULT_PASSWORD"
	fileVar     = "ANSIBLE_VAULT_PASSWORD_FILE"
	listVar     = "ANSIBLE_VAULT_IDENTITY_LIST"
	fileEntry   = "password_file"
	listEntry   = "vault_ids"
	blockPrefix = "stores.ansible-vault."
)

// collect reads every password that somebody named.
func collect(ctx context.Context, env fetch.Env) ([]password, error) {
	var all []password
	if text := strings.TrimSpace(env.Getenv(textVar)); text != "" {
		all = append(all, password{text: []byte(text)})
	}
	fromEnv, err := environmentPlaces(env)
	if err != nil {
		return nil, err
	}
	for _, p := range fromEnv {
		text, err := p.read(ctx, env, env.ReadKeyFile, true)
		if err != nil {
			return nil, err
		}
		all = append(all, password{p.id, text})
	}
	fromConfig, err := configPlaces(env.Config)
	if err != nil {
		return nil, err
	}
	for _, p := range fromConfig {
		text, err := p.read(ctx, env, env.ConfiguredFile(), env.ConfigTrusted)
		if err != nil {
			return nil, err
		}
		all = append(all, password{p.id, text})
	}
	if len(all) == 0 {
		return nil, &fetch.PassphraseError{Variable: textVar, Other: ", " + fileVar + ", " + listVar + " or " + blockPrefix + fileEntry}
	}
	return all, nil
}

func environmentPlaces(env fetch.Env) ([]place, error) {
	var all []place
	if path := env.Getenv(fileVar); path != "" {
		all = append(all, place{by: fileVar, path: path})
	}
	for entry := range strings.SplitSeq(env.Getenv(listVar), ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			all = append(all, vaultID(listVar, entry))
		}
	}
	return withoutPrompts(all)
}

func configPlaces(block map[string]any) ([]place, error) {
	var all []place
	for _, key := range slices.Sorted(maps.Keys(block)) {
		by := blockPrefix + key
		list, ok := block[key].([]any)
		if !ok {
			list = []any{block[key]}
		}
		for _, item := range list {
			text, ok := item.(string)
			switch {
			case key != fileEntry && key != listEntry:
				return nil, fmt.Errorf("%s: unknown key: want %s or %s", by, fileEntry, listEntry)
			case !ok || text == "":
				return nil, fmt.Errorf("%s is not a file name or a list of them", by)
			case key == fileEntry:
				all = append(all, place{by: by, path: text})
			default:
				all = append(all, vaultID(by, text))
			}
		}
	}
	return withoutPrompts(all)
}

// vaultID reads ID@PATH, or a PATH alone.
func vaultID(by, entry string) place {
	id, path, ok := strings.Cut(entry, "@")
	if !ok {
		id, path = "", entry
	}
	return place{by, id, path}
}

// withoutPrompts drops ID@prompt, which makes Ansible ask a person. Where nothing
// else is named, maskrun asks by itself.
func withoutPrompts(all []place) ([]place, error) {
	for _, p := range all {
		if p.path == "" {
			return nil, fmt.Errorf("%s: vault id without a file: want ID@FILE", p.by)
		}
	}
	return slices.DeleteFunc(all, func(p place) bool { return strings.HasPrefix(p.path, "prompt") && !strings.Contains(p.path, "/") }), nil
}

// read gives the password at p. A file that may be executed is a script, for
// Ansible and so for us, where the one who named it may run programs.
func (p place) read(ctx context.Context, env fetch.Env, file func(string) ([]byte, error), mayRun bool) ([]byte, error) {
	path := location(env, p.path)
	var text []byte
	var err error
	switch {
	case !isScript(path):
		text, err = file(p.path)
	case !mayRun:
		return nil, fmt.Errorf("%s: running the script %s needs --trust-config: %w", p.by, p.path, fetch.ErrDenied)
	default:
		text, err = runScript(ctx, path, p.id)
	}
	switch {
	case errors.Is(err, fetch.ErrNotFound): // of the password, not of the secret: nothing forgives it
		return nil, fmt.Errorf("%s: %s: %w", p.by, err, fetch.ErrDenied)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", p.by, err)
	}
	if text = bytes.TrimSpace(text); len(text) == 0 { // as Ansible trims it
		return nil, fmt.Errorf("%s: %s gives no password: %w", p.by, p.path, fetch.ErrDenied)
	}
	return text, nil
}

// location is the absolute path of what a place names.
func location(env fetch.Env, path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && env.Getenv("HOME") != "" {
		return filepath.Join(env.Getenv("HOME"), rest)
	}
	if filepath.IsAbs(path) || env.Root == nil {
		return path
	}
	return filepath.Join(env.Root.Name(), path)
}

func isScript(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 && runtime.GOOS != "windows"
}

// inOrder gives the passwords of the vault id first, then the others.
func inOrder(all []password, id string) []password {
	ordered := slices.Clone(all)
	slices.SortStableFunc(ordered, func(a, b password) int { return rank(a.id != id) - rank(b.id != id) })
	return ordered
}

func rank(later bool) int {
	if later {
		return 1
	}
	return 0
}
