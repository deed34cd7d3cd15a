package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/child"
)

// pushTime is enough for a thousand variables at a server's usual pace.
const pushTime = 15 * time.Minute

func pushFlagSet() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "prune", Usage: "also remove what is there and not named here"},
		&cli.BoolFlag{Name: "dry-run", Usage: "write nothing, only print what would change"},
		&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "do not ask, even on a terminal"},
	}
}

// A target is where a push goes, and how.
type target struct {
	command, scheme string
	to              string // for people
	push            fetch.Push
}

// push resolves the secrets, shows the plan, and carries it out.
func (p *program) push(c *cli.Context, t target) error {
	switch {
	case c.NArg() > 0:
		return usagef(t.command, "takes no arguments")
	case c.Bool("prune") && c.IsSet("only"):
		return usagef(t.command, "--prune goes without --only: it would remove what that leaves out")
	case c.IsSet("untrusted"):
		return usagef(t.command, "goes without --untrusted: a run that strangers have a part in sets nothing")
	}
	f := readSecretFlags(c)
	f.untrusted = "fail"
	return p.interruptible(func(ctx context.Context) error {
		names, err := p.fetchFor(ctx, f, &t)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, pushTime)
		defer cancel()
		shop := p.openShop(ctx)
		defer shop.close()
		store, err := shop.pusher(ctx, p, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.to, err)
		}
		changes, err := p.planPush(ctx, c, store, &t, names)
		if err != nil || c.Bool("dry-run") || !changes {
			return err
		}
		if !c.Bool("yes") && isTerminal(p.stdin) && isTerminal(p.stderr) {
			if err := p.confirm(ctx); err != nil {
				return err
			}
		}
		return p.carryOut(ctx, store, t)
	})
}

// fetchFor puts the secrets into the push, and gives the names of all that are
// wanted: optional ones that are not there too.
func (p *program) fetchFor(ctx context.Context, f secretFlags, t *target) (names []string, err error) {
	w, secrets, err := p.fetch(ctx, p.openShop(ctx), f)
	if err != nil {
		return nil, err
	}
	if _, err := p.redactor(f, maskFlags{}, w, secrets); err != nil {
		return nil, err
	}
	t.push.Values = map[string]fetch.Value{}
	for _, s := range secrets {
		t.push.Values[s.name] = s.value
	}
	for _, v := range w.list {
		names = append(names, v.name)
	}
	if len(secrets) == 0 {
		return nil, fmt.Errorf("%s: no secrets: name them with --secret, --env-file or in maskrun.yaml", t.command)
	}
	return names, nil
}

// pusher opens the store of t in the helper, with nothing of the configuration.
func (s *shop) pusher(ctx context.Context, p *program, t target) (fetch.Pusher, error) {
	at := slices.IndexFunc(s.kinds, func(k fetch.Kind) bool { return k.Scheme == t.scheme })
	source, err := s.kinds[at].Open(ctx, fetch.Env{Getenv: p.getenv, HTTP: s.http, Trusted: true, Warn: p.say})
	if err != nil {
		return nil, err
	}
	store, ok := source.(fetch.Pusher)
	if !ok {
		return nil, errors.New("cannot be written to")
	}
	return store, nil
}

// planPush shows what would change, and fails if a value cannot be held there. What
// it says is to be removed goes into the push.
func (p *program) planPush(ctx context.Context, c *cli.Context, store fetch.Pusher, t *target, names []string) (changes bool, err error) {
	ask := t.push
	ask.Plan, ask.Prune = true, c.Bool("prune")
	plan, err := store.Push(ctx, ask)
	if err != nil {
		return false, fmt.Errorf("%s: %w", t.to, err)
	}
	plan = slices.DeleteFunc(plan, func(c fetch.Change) bool { // optional, and nothing there now
		return c.Do == fetch.Remove && slices.Contains(names, c.Name)
	})
	var refused []error
	lines := []string{t.to + ":"}
	for _, c := range plan {
		switch c.Do {
		case fetch.Refused:
			refused = append(refused, fmt.Errorf("%s: %s: %s", t.to, c.Name, c.Note))
		case fetch.Remove:
			t.push.Remove = append(t.push.Remove, c.Name)
		}
		changes = changes || c.Do != fetch.Unchanged
		lines = append(lines, fmt.Sprintf("  %-9s  %s", c.Do, c.Name))
	}
	if len(refused) > 0 {
		return false, errors.Join(append(refused, errors.New("nothing was written"))...)
	}
	if c.Bool("dry-run") {
		_, err := io.WriteString(child.Sink(p.stdout), escapeLines(lines))
		return changes, err
	}
	for _, line := range lines {
		p.say(line)
	}
	return changes, nil
}

func escapeLines(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(escapeControls(line) + "\n")
	}
	return b.String()
}

// confirm asks the person at the terminal.
func (p *program) confirm(ctx context.Context) error {
	fmt.Fprint(p.stderr, "maskrun: go on? [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.stdin).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
		return errors.New("nothing was written")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// carryOut writes, and says what came of it.
func (p *program) carryOut(ctx context.Context, store fetch.Pusher, t target) error {
	changes, err := store.Push(ctx, t.push)
	if err != nil {
		return fmt.Errorf("%s: %w; some of it may have been written: run it again", t.to, err)
	}
	var errs []error
	done := 0
	for _, c := range changes {
		switch c.Do {
		case fetch.Failed, fetch.Refused:
			errs = append(errs, fmt.Errorf("%s: %s: %s", t.to, c.Name, c.Note))
		case fetch.Left:
			errs = append(errs, fmt.Errorf("%s: %s: not tried", t.to, c.Name))
		case fetch.Create, fetch.Update, fetch.Remove:
			done++
			if c.Note != "" {
				p.sayf("%s: %s", c.Name, c.Note)
			}
		}
	}
	if len(errs) > 0 {
		return errors.Join(append(errs, fmt.Errorf("%s: %d of %d changes were made", t.to, done, done+len(errs)))...)
	}
	p.sayf("%s: %d changes made", t.to, done)
	return nil
}
