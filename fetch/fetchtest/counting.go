package fetchtest

import (
	"context"
	"net/url"
	"sync/atomic"

	"github.com/maskrun/maskrun/fetch"
)

// counting is kind, with a count of the documents that it is asked for.
func counting(kind fetch.Kind) (fetch.Kind, *atomic.Int32) {
	reads, open := new(atomic.Int32), kind.Open
	kind.Open = func(ctx context.Context, env fetch.Env) (fetch.Source, error) {
		src, err := open(ctx, env)
		if err != nil {
			return nil, err
		}
		if many, ok := src.(fetch.ManyReader); ok {
			return countedMany{counted{src, reads}, many}, nil
		}
		return counted{src, reads}, nil
	}
	return kind, reads
}

type counted struct {
	fetch.Source
	reads *atomic.Int32
}

func (c counted) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	c.reads.Add(1)
	return c.Source.Read(ctx, path, params)
}

func (c counted) Close() error {
	if closer, ok := c.Source.(interface{ Close() error }); ok {
		return closer.Close()
	}
	return nil
}

type countedMany struct {
	counted
	many fetch.ManyReader
}

func (c countedMany) ReadMany(ctx context.Context, queries []fetch.Query) []fetch.Answer {
	c.reads.Add(int32(len(queries)))
	return c.many.ReadMany(ctx, queries)
}
