package onepassword

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// program runs op, which finds OP_SERVICE_ACCOUNT_TOKEN, a session or the desktop
// app by itself.
type program struct{ account string }

func (p program) item(ctx context.Context, vault, name string) (item, error) {
	out, err := p.run(ctx, "item", "get", "--format=json", "--vault="+vault, "--", name)
	if err != nil {
		return item{}, err
	}
	defer clear(out)
	var it item
	if json.Unmarshal(out, &it) != nil {
		return item{}, errors.New("op printed something that is no item: is it version 2 of the program?")
	}
	return it, nil
}

func (p program) file(ctx context.Context, vault, name string, _ item, f attachment) ([]byte, error) {
	return p.run(ctx, "read", "--no-newline", "--", "op://"+vault+"/"+name+"/"+f.ID)
}

// run gives what op prints. What it says on stderr is looked at, and not repeated.
func (p program) run(ctx context.Context, args ...string) ([]byte, error) {
	if p.account != "" {
		args = append([]string{"--account=" + p.account}, args...)
	}
	cmd := exec.CommandContext(ctx, "op", args...)
	out, said := &limited{}, &limited{}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, said, time.Second
	err := cmd.Run()
	if err == nil && ctx.Err() == nil {
		return out.buf.Bytes(), nil
	}
	clear(out.buf.Bytes())
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("op: %w", ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		return nil, fetch.StoreWide(fmt.Errorf("the program op is not installed (https://developer.1password.com/docs/cli), and OP_CONNECT_TOKEN is not set: %w", fetch.ErrDenied))
	}
	return nil, said.meaning()
}

// errSession is the kind of what is amiss for every item.
var errSession = fetch.StoreWide(fetch.ErrDenied)

// phrases are what op says, in lower case, and what it means. The first that occurs holds.
var phrases = []struct {
	theirs, ours string
	kind         error
}{
	// Of a session, not of an item:
	{"not currently signed in", "op is not signed in: set OP_SERVICE_ACCOUNT_TOKEN, or run op signin", errSession},
	{"no accounts configured", "op has no account: set OP_SERVICE_ACCOUNT_TOKEN, or run op account add", errSession},
	{"session expired", "the session of op has expired: run op signin", errSession},
	{"service account token", "OP_SERVICE_ACCOUNT_TOKEN is not valid", errSession},
	// Of an item, mostly:
	{"authorization", "1Password refused: the service account or person has no access", fetch.ErrDenied},
	{"unauthorized", "1Password refused: the service account or person has no access", fetch.ErrDenied},
	{"forbidden", "1Password refused: the service account or person has no access", fetch.ErrDenied},
	{"isn't a vault", "no such vault, or no access to it", fetch.ErrNotFound},
	{"isn't an item", "no such item in the vault", fetch.ErrNotFound},
	{"isn't a file", "no such file in the item", fetch.ErrNotFound},
	{"no item", "no such item in the vault", fetch.ErrNotFound},
	{"could not be found", "no such vault, item or file", fetch.ErrNotFound},
	{"more than one item", "several items have that name: refer to one by its id", nil},
	{"more than one vault", "several vaults have that name: refer to one by its id", nil},
	{"too many requests", "1Password asks to wait (rate limit)", fetch.ErrUnavailable},
	{"rate limit", "1Password asks to wait (rate limit)", fetch.ErrUnavailable},
	{"timeout", "1Password did not answer", fetch.ErrUnavailable},
	{"dial tcp", "1Password cannot be reached", fetch.ErrUnavailable},
}

func (l *limited) meaning() error {
	text := strings.ToLower(l.buf.String())
	for _, p := range phrases {
		if strings.Contains(text, p.theirs) {
			if p.kind == nil {
				return errors.New(p.ours)
			}
			return fmt.Errorf("%s: %w", p.ours, p.kind)
		}
	}
	return errors.New("op failed: run op item get by hand to see its messages")
}

// limited keeps what fits into a document and fails the writer on more. It is no
// Buffer itself: io.Copy would go past Write to its ReadFrom.
type limited struct{ buf bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.buf.Len()+len(p) > fetch.MaxDocument {
		return 0, errors.New("too much")
	}
	return l.buf.Write(p)
}
