package aws

import (
	"context"
	"errors"
	"sync"

	"github.com/maskrun/maskrun/fetch"
)

// An order is one query on its way to its answer.
type order struct {
	settings settings
	id       string // the name or ARN that AWS is asked for
	joint    bool   // can be read together with others of the same settings
	read     func(context.Context, *order) (fetch.Document, error)
	fetch.Answer
}

// readAll reads the orders that have no error yet: those that can be joined, size at a
// time, by many, and the others by themselves.
//
// Many gives answers by id. What it leaves out is read alone, and so is everything when it fails
// in a way that one of the documents may be to blame for: a permission to read in batches
// that the identity lacks, a name among twenty that AWS refuses.
func readAll(ctx context.Context, orders []*order, size int, many func(context.Context, []*order) (map[string]fetch.Answer, error)) {
	var wg sync.WaitGroup
	for _, group := range groups(orders, size) {
		wg.Go(func() {
			if len(group) > 1 {
				answers, err := many(ctx, group)
				group = take(group, answers, err)
			}
			for _, o := range group {
				wg.Go(func() { o.Document, o.Err = o.read(ctx, o) })
			}
		})
	}
	wg.Wait()
}

// take hands out what a joint call gave, and returns the orders that remain.
func take(group []*order, answers map[string]fetch.Answer, err error) (rest []*order) {
	var f *failure
	forAll := err != nil && !(errors.As(err, &f) && f.alone)
	for _, o := range group {
		answer, ok := answers[o.id]
		switch {
		case ok:
			o.Answer = answer
		case forAll:
			o.Err = err
		default:
			rest = append(rest, o)
		}
	}
	return rest
}

// groups cuts orders into what is read together. AWS wants each name once in a call.
func groups(orders []*order, size int) [][]*order {
	type account struct {
		settings
		id string
	}
	seen := map[account]bool{}
	open := map[settings]int{} // index of the group that takes more
	var out [][]*order
	for _, o := range orders {
		if o.Err != nil {
			continue
		}
		i, ok := open[o.settings]
		twice := seen[account{o.settings, o.id}]
		switch {
		case !o.joint || twice:
			out = append(out, []*order{o})
			continue
		case ok && len(out[i]) < size:
			out[i] = append(out[i], o)
		default:
			open[o.settings] = len(out)
			out = append(out, []*order{o})
		}
		seen[account{o.settings, o.id}] = true
	}
	return out
}

// answers takes what was read out of orders.
func answers(orders []*order) []fetch.Answer {
	out := make([]fetch.Answer, len(orders))
	for i, o := range orders {
		out[i] = o.Answer
	}
	return out
}
