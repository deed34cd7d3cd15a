package fetch

import (
	"slices"
	"time"
)

// Progress says what a Resolve is waiting for.
type Progress struct {
	Done, Total int      // documents
	Waiting     []string // schemes of the stores that have not answered everything, sorted
}

// progressEvery is how often progress is told, and how long nothing is: what is
// quick needs no telling.
const progressEvery = time.Second

// SetProgress names a function that is told once a second, from a goroutine of its own,
// what Resolve waits for, beginning a second after it began; when Resolve
// returns, it is not running. Call it before Resolve. Nil, the default, tells nobody.
func (r *Resolver) SetProgress(f func(Progress)) { r.progress = f }

// tell starts telling, and gives the function that ends it.
func (r *Resolver) tell(readings []*reading) (stop func()) {
	if r.progress == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				r.progress(progressOf(readings))
			}
		}
	}()
	return func() { close(end); <-ended }
}

func progressOf(readings []*reading) Progress {
	p := Progress{Total: len(readings)}
	for _, rd := range readings {
		if rd.done.Load() {
			p.Done++
		} else if !slices.Contains(p.Waiting, rd.source.scheme) {
			p.Waiting = append(p.Waiting, rd.source.scheme)
		}
	}
	slices.Sort(p.Waiting)
	return p
}
