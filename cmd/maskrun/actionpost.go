package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/config"
	"github.com/maskrun/maskrun/internal/ledger"
)

// actionPost is the end of the job: the token is revoked first, whatever becomes
// of the summary.
func (p *program) actionPost(to action.Platform, state action.Stateful) error {
	vault := state.State("vault")
	p.environ = append(p.environ, strings.FieldsFunc(vault, func(r rune) bool { return r == '\x1e' })...)
	l, err := p.compile(secretFlags{maskEnv: defaultMaskEnv}, maskFlags{}, wish{cfg: new(config.Config)}, nil)
	if err != nil {
		return err
	}
	var errs []error
	if vault != "" {
		errs = append(errs, p.revokeToken())
	}
	return errors.Join(append(errs, p.summarize(to, l, state.State("ledger")))...)
}

// revokeToken gives Vault its token back. The store can write to a path; that
// this one answers with nothing is what optional is for.
func (p *program) revokeToken() error {
	ref, err := fetch.ParseRef("vault://auth/token/revoke-self?method=post&optional=true")
	if err != nil {
		return err
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	return p.interruptible(func(ctx context.Context) error {
		w := wish{cfg: new(config.Config), list: []wanted{{name: tokenName, ref: ref, from: fetch.Place{File: "revoke"}, dir: here, trusted: true}}}
		shop := p.openShop(ctx)
		if _, err := shop.resolve(ctx, p, shop.check(w)); err != nil {
			return fmt.Errorf("the token could not be revoked: %w", err)
		}
		return nil
	})
}

// maxLedger bounds what is read: any step of the job can write to the file.
const maxLedger = 4 << 20

// summarize writes the summary, and a warning for each leak. Both pass the redactor:
// names of steps and secrets are texts of the workflow.
func (p *program) summarize(to action.Platform, l *load, path string) error {
	if path == "" {
		return nil
	}
	reports, err := readLedger(path)
	if err != nil || len(reports) == 0 {
		return err
	}
	var text strings.Builder
	annotator, _ := to.(action.Annotator)
	var errs []error
	for _, r := range reports {
		text.WriteString(r.Markdown())
		for _, leak := range r.Leaks() {
			if annotator != nil {
				errs = append(errs, annotator.Annotate(action.Warning, "maskrun", escapeControls(string(l.mask([]byte(leak))))))
			}
		}
	}
	errs = append(errs, to.Summary(string(l.mask([]byte(text.String())))))
	return errors.Join(append(errs, pathless(os.Remove(path)))...)
}

func readLedger(path string) ([]ledger.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", pathless(err))
	}
	defer f.Close()
	var reports []ledger.Report
	lines := bufio.NewScanner(io.LimitReader(f, maxLedger))
	lines.Buffer(nil, maxLedger)
	for lines.Scan() {
		var r ledger.Report
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Version == 1 {
			reports = append(reports, r)
		}
	}
	return reports, lines.Err()
}
