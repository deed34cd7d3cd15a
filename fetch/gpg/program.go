package gpg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// arguments make gpg decrypt stdin to stdout and nothing else: it asks no terminal
// (the agent may ask through pinentry), and fetches nothing from the network,
// whatever the message says. Its status goes to stderr.
var arguments = []string{
	"--batch", "--no-tty", "--quiet", "--status-fd", "2", "--disable-dirmngr", "--no-auto-key-retrieve",
	"--max-output", strconv.Itoa(fetch.MaxDocument), "--decrypt",
}

// run has the program gpg open a message, with its own keys and its agent. What it
// writes to stderr goes into no error: only which of its status lines are there.
func run(ctx context.Context, sealed []byte) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "gpg", arguments...)
	out, status := &limited{}, &limited{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = bytes.NewReader(sealed), out, status, time.Second
	err := cmd.Run()
	full := out.buf.Len() >= fetch.MaxDocument
	// A signer that gpg does not know makes it fail too: who signed is not our question.
	unknownSigner := has(status, "NO_PUBKEY") && has(status, "GOODMDC") && !has(status, "BADSIG")
	if has(status, "DECRYPTION_OKAY") && ctx.Err() == nil && (err == nil || unknownSigner && !full) {
		return out.buf.Bytes(), nil
	}
	clear(out.buf.Bytes())
	return nil, explain(ctx, err, status, full)
}

func explain(ctx context.Context, err error, status *limited, full bool) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("gpg: %w", ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%w: give a key (MASKRUN_GPG_KEY, MASKRUN_GPG_KEY_FILE), a passphrase (MASKRUN_GPG_PASSPHRASE), or install gpg", errNoKey)
	case full:
		return fmt.Errorf("larger than 1 MiB: %w", fetch.ErrDenied)
	case has(status, "BADSIG"):
		return errors.New("its signature is bad: the OpenPGP message was changed")
	case has(status, "DECRYPTION_FAILED") && !has(status, "DECRYPTION_INFO"):
		return fmt.Errorf("%w: neither what maskrun was given nor gpg and its agent", errNoKey)
	case has(status, "DECRYPTION_FAILED"), has(status, "BADMDC"):
		return errDamaged
	}
	return errors.New("gpg cannot open it: run gpg --decrypt by hand to see its messages")
}

// has tells whether gpg reported a status.
func has(status *limited, keyword string) bool {
	for line := range strings.Lines(status.buf.String()) {
		if rest, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "[GNUPG:] "+keyword); ok && (rest == "" || rest[0] == ' ') {
			return true
		}
	}
	return false
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
