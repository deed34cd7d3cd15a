package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/crash"
	"golang.org/x/term"
)

// askPassphrase asks the person at the terminal, if there is one, for the passphrase
// that err says is missing, and puts it where it would have been: into the
// environment, as far as we are concerned. It says whether to try again. When
// something else failed too, nobody is asked for a passphrase in vain.
func (p *program) askPassphrase(ctx context.Context, err error) bool {
	missing := missingPassphrase(err)
	if missing == nil || !isTerminal(p.stdin) || !isTerminal(p.stderr) {
		return false
	}
	if p.getenv(missing.Variable) != "" { // it was asked for already
		return false
	}
	fmt.Fprintf(p.stderr, "maskrun: passphrase (%s): ", missing.Variable)
	typed, err := readPassphrase(ctx, p)
	fmt.Fprintln(p.stderr)
	if err != nil || len(typed) == 0 {
		return false
	}
	p.environ = append(slices.Clip(p.environ), missing.Variable+"="+string(typed))
	clear(typed)
	return true
}

// readPassphrase reads a line without echo. When ctx ends the terminal is as it was.
func readPassphrase(ctx context.Context, p *program) ([]byte, error) {
	type line struct {
		text []byte
		err  error
	}
	var before *term.State
	if err := control(p.stdin, func(fd int) (err error) { before, err = term.GetState(fd); return err }); err != nil {
		return nil, err
	}
	read := make(chan line, 1)
	go func() {
		var l line
		err := crash.Guard(func() error {
			return control(p.stdin, func(fd int) error { l.text, l.err = term.ReadPassword(fd); return nil })
		})
		l.err = errors.Join(err, l.err)
		read <- l
	}()
	select {
	case l := <-read:
		return l.text, l.err
	case <-ctx.Done():
		_ = control(p.stdin, func(fd int) error { return term.Restore(fd, before) })
		return nil, ctx.Err()
	}
}

// missingPassphrase is the passphrase for want of which everything failed that
// did; nil when anything else is amiss.
func missingPassphrase(err error) *fetch.PassphraseError {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var first *fetch.PassphraseError
		for _, e := range many.Unwrap() {
			missing := missingPassphrase(e)
			if missing == nil {
				return nil
			}
			if first == nil {
				first = missing
			}
		}
		return first
	}
	var missing *fetch.PassphraseError
	if !errors.As(err, &missing) {
		return nil
	}
	return missing
}
