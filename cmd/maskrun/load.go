package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/internal/detect"
	"github.com/maskrun/maskrun/internal/ledger"
	"github.com/maskrun/maskrun/masker"
)

// A load is what a command that hides things works with.
type load struct {
	wish     wish
	secrets  []secret
	masker   *masker.Masker
	detector *detect.Detector // nil without --detect
	leaks    *leaks
	commands *action.Commands // nil where workflow commands are none
	strict   bool             // what cannot be hidden is an error
	learning sync.Mutex
}

// load gathers, resolves and compiles: everything that must have succeeded
// before the first byte is let through or the first process started.
func (p *program) load(f secretFlags, m maskFlags) (*load, error) {
	var l *load
	err := p.interruptible(func(ctx context.Context) error {
		shop := p.openShop(ctx)
		w, secrets, err := p.fetch(ctx, shop, f)
		if err != nil {
			return err
		}
		l, err = p.compile(f, m, w, secrets)
		return err
	})
	return l, err
}

// compile makes the redactor and tells by name what it cannot hide.
func (p *program) compile(f secretFlags, m maskFlags, w wish, secrets []secret) (*load, error) {
	l, err := p.redactor(f, m, w, secrets)
	if err == nil {
		p.tellSkipped(l.masker.Skipped())
	}
	return l, err
}

// fetch gathers what is wanted and resolves it.
func (p *program) fetch(ctx context.Context, s *shop, f secretFlags) (wish, []secret, error) {
	w, err := p.gather(f, s.schemes())
	w = s.check(w)
	if err != nil {
		return w, nil, errors.Join(append(w.bad, err)...)
	}
	if w, err = p.withoutStrangers(w, f); err != nil {
		return w, nil, err
	}
	// Even when some references are bad the others are tried: a person wants to
	// hear of all failures in one go.
	secrets, err := s.resolve(ctx, p, w)
	err = errors.Join(append(w.bad, err)...)
	if err != nil && p.askPassphrase(ctx, err) {
		return p.fetch(ctx, p.openShop(ctx), f)
	}
	for _, note := range s.notes {
		p.say(note)
	}
	if err != nil && s.heard > 0 {
		p.sayf("a helper wrote to stderr; not shown, for it could hold a value: run the helper by itself to see it")
	}
	if err == nil {
		secrets, err = expandAll(secrets)
	}
	return w, secrets, err
}

// redactor is made from the secrets and from what is in the environment already.
// Our own messages pass it from now on.
func (p *program) redactor(f secretFlags, m maskFlags, w wish, secrets []secret) (*load, error) {
	l := &load{wish: w, secrets: secrets, leaks: newLeaks(secrets)}
	o := m.options(w.cfg.Mask)
	l.strict = o.Short == masker.ShortError
	github := p.onGitHub()
	if err := checkMarker(o.Marker); github && err != nil {
		return nil, err
	}
	values, err := p.values(f, o, secrets)
	if err != nil {
		return nil, err
	}
	o.OnHit, o.KeepLines = l.leaks.hit, github // commands stand on lines of their own
	if github {
		l.follow()
	}
	if l.masker, err = masker.New(values, &o); err != nil {
		return nil, err
	}
	if m.detect {
		if l.detector, err = l.detectorFor(m); err != nil {
			return nil, err
		}
	}
	p.use(l.mask)
	return l, nil
}

// values lists what is to be hidden: the secrets but for those with mask:
// false, the credentials that opened the stores, and what --mask-env matches.
func (p *program) values(f secretFlags, o masker.Options, secrets []secret) ([]masker.Value, error) {
	var values []masker.Value
	for _, s := range secrets {
		if !s.noMask && (s.literal == nil || len(s.value.Reveal()) > 0) {
			values = append(values, masker.Value{Name: s.name, Bytes: s.value.Reveal()})
		}
	}
	for _, name := range bootstrapValues {
		if v := p.getenv(name); v != "" {
			values = append(values, masker.Value{Name: name, Bytes: []byte(v)})
		}
	}
	exported := p.exported()
	values = append(values, exported...)
	known := func(name string) bool {
		return slices.Contains(bootstrapValues, name) || slices.ContainsFunc(exported, func(v masker.Value) bool { return v.Name == name }) || slices.ContainsFunc(secrets, func(s secret) bool {
			return s.name == name && (s.noMask || s.from == fromEnviron)
		})
	}
	matched := matching(p.environ, f.maskEnv, known)
	if !f.maskEnvGiven {
		var err error
		if matched, err = guesses(matched, o); err != nil {
			return nil, err
		}
	}
	return append(values, matched...), nil
}

// tellSkipped says by name what is not looked for, one line for each.
func (p *program) tellSkipped(skipped []masker.Skip) {
	encodings := map[string][]string{}
	var names []string
	for _, s := range skipped {
		if s.Encoding == "" {
			p.sayf("%s is %s to mask%s", s.Name, strings.TrimSuffix(s.Reason, " a word"), skipHint(s.Reason))
			continue
		}
		if encodings[s.Name] == nil {
			names = append(names, s.Name)
		}
		encodings[s.Name] = append(encodings[s.Name], s.Encoding)
	}
	for _, name := range names {
		p.sayf("%s is too large to be looked for in every encoding; left out: %s", name, strings.Join(encodings[name], ", "))
	}
}

func skipHint(reason string) string {
	switch {
	case strings.Contains(reason, "short"):
		return " (--short-values=mask hides it everywhere)"
	case strings.Contains(reason, "common"):
		return " (it would hide ordinary words; --short-values=mask does)"
	}
	return ""
}

// leaks notes what is hidden while the command runs.
type leaks struct {
	on atomic.Bool // off while our own messages pass the redactor
	ledger.Ledger
}

// newLeaks opens the account with the secrets that were fetched.
func newLeaks(secrets []secret) *leaks {
	l := &leaks{}
	for _, s := range secrets {
		store := "literal"
		if s.literal == nil {
			store = s.ref.Scheme
		}
		l.Add(ledger.Secret{Name: s.name, Store: store, Version: s.version, From: s.from.String(), Masked: !s.noMask})
	}
	return l
}

func (l *leaks) hit(h masker.Hit) {
	if l.on.Load() && h.Stream != "" {
		l.Hit(ledger.Finding{Name: h.Name, Form: h.Encoding, Stream: h.Stream, FirstLine: h.Line})
	}
}

func (l *leaks) found(h detect.Hit) {
	if l.on.Load() {
		l.Hit(ledger.Finding{Name: h.Rule, Stream: "output", FirstLine: h.Line, Rule: true})
	}
}

// message names what would have leaked; "" when nothing was hidden.
func (l *leaks) message() string {
	var parts []string
	if names := l.Names(false); len(names) > 0 {
		parts = append(parts, "hidden in the output: "+strings.Join(names, ", "))
	}
	if rules := l.Names(true); len(rules) > 0 {
		parts = append(parts, "found by --detect: "+strings.Join(rules, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("%s; --fail-on-leak makes this exit code %d", strings.Join(parts, "; "), exitLeak)
}
