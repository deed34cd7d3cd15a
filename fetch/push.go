package fetch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"
)

// A Pusher is a [Source] that secrets can be written to: the variables of a CI system.
//
// Push makes the place at p.Path hold p.Values, or says what that would change. It
// returns one Change for every name, in order; an error means that nothing was
// written. Neither holds a byte of a value.
type Pusher interface {
	Source
	Push(ctx context.Context, p Push) ([]Change, error)
}

// A Push is what to write where.
type Push struct {
	Path   string
	Params url.Values // the store's own
	Values map[string]Value
	Remove []string // names that shall be gone
	Plan   bool     // write nothing, only say what would change
	Prune  bool     // with Plan: count as to be removed what is there and not in Values
}

// What a [Change] can do.
const (
	Create    = "create"
	Update    = "update"
	Unchanged = "unchanged"
	Remove    = "remove"
	Refused   = "refused" // the store cannot hold this value: nothing at all is written
	Failed    = "failed"
	Left      = "left" // not tried, because one before it failed
)

// A Change is what a [Push] does, or would do, to one variable, and a word about it.
type Change struct {
	Name string `json:"name"`
	Do   string `json:"do"`
	Note string `json:"note,omitempty"`
}

// A Shelf is the place of one [Push]: what [PushTo] needs to know of a store.
type Shelf interface {
	// List names what is there.
	List(ctx context.Context) ([]string, error)
	// Check says why a value cannot be held under a name (an error), and whether it
	// is held as it is. List was called before.
	Check(name string, value []byte) (same bool, err error)
	// Set writes one value; exists says what List said. It can be called again after
	// [ErrUnavailable]. The note is for people.
	Set(ctx context.Context, name string, value []byte, exists bool) (note string, err error)
	// Remove takes one away.
	Remove(ctx context.Context, name string) error
}

// PushTo is [Pusher.Push] for any Shelf. Each request is tried again by the rules of
// the Resolver.
func PushTo(ctx context.Context, s Shelf, p Push) ([]Change, error) {
	var there []string
	err := again(ctx, func(ctx context.Context) (err error) { there, err = s.List(ctx); return err })
	if err != nil {
		return nil, err
	}
	changes, refused := plan(s, p, there)
	if p.Plan || refused {
		return changes, nil
	}
	var failed error
	for i, c := range changes {
		switch {
		case c.Do == Unchanged:
		case failed != nil:
			changes[i].Do = Left
		default:
			if changes[i].Note, failed = carryOut(ctx, s, c, p.Values[c.Name].Reveal()); failed != nil {
				changes[i].Do, changes[i].Note = Failed, failed.Error()
			}
		}
	}
	return changes, nil
}

// plan compares what is there with what is wanted.
func plan(s Shelf, p Push, there []string) (changes []Change, refused bool) {
	for _, name := range slices.Sorted(maps.Keys(p.Values)) {
		c := Change{Name: name, Do: Create}
		if slices.Contains(there, name) {
			c.Do = Update
		}
		same, err := s.Check(name, p.Values[name].Reveal())
		switch {
		case err != nil:
			c.Do, c.Note, refused = Refused, err.Error(), true
		case same:
			c.Do = Unchanged
		}
		changes = append(changes, c)
	}
	slices.Sort(there)
	for _, name := range there {
		_, wanted := p.Values[name]
		if !wanted && (p.Prune || slices.Contains(p.Remove, name)) {
			changes = append(changes, Change{Name: name, Do: Remove})
		}
	}
	return changes, refused
}

func carryOut(ctx context.Context, s Shelf, c Change, value []byte) (note string, err error) {
	err = again(ctx, func(ctx context.Context) (err error) {
		if c.Do != Remove {
			note, err = s.Set(ctx, c.Name, value, c.Do == Update)
			return err
		}
		if err = s.Remove(ctx, c.Name); errors.Is(err, ErrNotFound) { // somebody else did, or we did and did not hear of it
			err = nil
		}
		return err
	})
	return note, err
}

// pushPatience is how long one request is tried: GitHub mostly asks for a minute of
// quiet after many writes.
const pushPatience = 2 * time.Minute

// again tries one request as the Resolver does, with more patience.
func again(ctx context.Context, op func(context.Context) error) error {
	r := Resolver{limits: standardLimits}
	r.limits.total = pushPatience
	ctx, cancel := context.WithTimeout(ctx, r.limits.total)
	defer cancel()
	err := r.retry(ctx, r.limits.try, op)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %s: %w", pushPatience, ErrUnavailable)
	}
	return err
}
