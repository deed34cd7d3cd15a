// Package keyring is the store keyring://SERVICE/USER: an entry of the keyring of the
// operating system. That is the Secret Service (GNOME Keyring, KWallet, KeePassXC)
// on Linux, the Keychain on macOS, the Credential Manager on Windows.
//
// The system may ask the person to unlock it. Whatever stands after the last slash
// is the user.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/zalando/go-keyring"

	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table.
func Kind() fetch.Kind {
	return fetch.Kind{Scheme: "keyring", Help: "an entry of the operating system's keyring", Open: open}
}

func open(context.Context, fetch.Env) (fetch.Source, error) { return source{}, nil }

type source struct{}

// Read gives the entry. It returns when ctx ends, even while the system asks a person.
func (source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	i := strings.LastIndexByte(path, '/')
	if i <= 0 || i == len(path)-1 {
		return fetch.Document{}, errors.New("want keyring://SERVICE/USER")
	}
	if err := checkName(path); err != nil {
		return fetch.Document{}, err
	}
	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := get(path[:i], path[i+1:])
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return fetch.Document{Data: []byte(r.text)}, r.err
	case <-ctx.Done():
		return fetch.Document{}, fmt.Errorf("the keyring has not answered (does it wait to be unlocked?): %w", ctx.Err())
	}
}

// checkName refuses what no entry is called and what the programs that some systems
// keep their keyring with could take for something else.
func checkName(path string) error {
	for part := range strings.SplitSeq(path, "/") {
		if part == ".." || strings.HasPrefix(part, "-") || strings.ContainsAny(part, "\\%\x00\r\n") {
			return errors.New("a part of the path is no name of a keyring entry")
		}
	}
	if len(path) > 1024 {
		return errors.New("the path is too long for a keyring entry")
	}
	return nil
}

// get asks the system. What its services say is not repeated.
func get(service, user string) (text string, err error) {
	defer func() {
		if recover() != nil {
			text, err = "", errors.New("the keyring answered something that is not understood")
		}
	}()
	text, err = keyring.Get(service, user)
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return "", fmt.Errorf("the keyring has no such entry: %w", fetch.ErrNotFound)
	case errors.Is(err, keyring.ErrUnsupportedPlatform):
		return "", fetch.StoreWide(fmt.Errorf("there is no keyring on this system: %w", fetch.ErrDenied))
	case err != nil && (strings.Contains(err.Error(), "dismissed") || strings.Contains(err.Error(), "locked")):
		return "", fmt.Errorf("the keyring is locked: %w", fetch.ErrDenied)
	case err != nil:
		return "", fetch.StoreWide(fmt.Errorf("the keyring cannot be asked: is there one in this session (a CI job has none)?: %w", fetch.ErrDenied))
	}
	return text, nil
}
