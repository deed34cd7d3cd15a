package sops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/shamir"
)

// dataKey recovers the key that the values are encrypted with: from one group of
// keys, or from as many groups as the file asks for.
func (s *source) dataKey(ctx context.Context, m sops.Metadata) ([]byte, error) {
	if len(m.KeyGroups) == 0 {
		return nil, errors.New("no key can open it: it names none")
	}
	var parts [][]byte
	var errs []error
	for _, group := range m.KeyGroups {
		part, err := s.groupKey(ctx, group)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		parts = append(parts, part)
	}
	need := 1
	if len(m.KeyGroups) > 1 {
		need = max(m.ShamirThreshold, 1)
	}
	switch {
	case len(parts) < need:
		return nil, fmt.Errorf("no key opens it: %w", oneError(errs))
	case len(m.KeyGroups) == 1:
		return parts[0], nil
	}
	key, err := shamir.Combine(parts)
	if err != nil {
		return nil, errors.New("the parts of its key, from several groups, do not fit together")
	}
	return key, nil
}

// groupKey opens one group with the first of its keys that works: those that
// need no network first.
func (s *source) groupKey(ctx context.Context, group sops.KeyGroup) ([]byte, error) {
	local := func(k keys.MasterKey) bool { return slices.Contains(sops.DefaultDecryptionOrder, k.TypeToIdentifier()) }
	ordered := slices.Clone(group)
	slices.SortStableFunc(ordered, func(a, b keys.MasterKey) int { return rank(local(a)) - rank(local(b)) })
	var errs []error
	for _, k := range ordered {
		part, err := s.open(ctx, k)
		if err == nil {
			return part, nil
		}
		errs = append(errs, err)
	}
	return nil, oneError(errs)
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// oneError joins errs in one line, each of them once.
func oneError(errs []error) error {
	var texts []string
	for _, err := range errs {
		if !slices.Contains(texts, err.Error()) {
			texts = append(texts, err.Error())
		}
	}
	return &keyError{text: strings.Join(texts, "; "), errs: errs}
}

// A keyError says text and is every one of errs.
type keyError struct {
	text string
	errs []error
}

func (e *keyError) Error() string   { return e.text }
func (e *keyError) Unwrap() []error { return e.errs }

// open opens one key. It returns when ctx ends, even if the SDK does not.
func (s *source) open(ctx context.Context, k keys.MasterKey) ([]byte, error) {
	if err := s.allowed(k); err != nil {
		return nil, err
	}
	type result struct {
		key []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errors.New("the SDK failed (panic)")} // its value may hold anything
		defer func() { _ = recover(); done <- r }()
		r.key, r.err = s.unwrap(ctx, k)
	}()
	select {
	case r := <-done:
		return r.key, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: %w", k.TypeToIdentifier(), ctx.Err())
	}
}
