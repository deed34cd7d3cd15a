package child

import (
	"errors"
	"io"
	"os"
	"reflect"
	"sync"
)

// A wiring is how one child's files connect to us: by pipes, or by a screen.
type wiring struct {
	screen                *screen   // nil if there is none
	stdin, stdout, stderr *os.File  // what the child gets; nil is /dev/null
	ours                  []*stream // what we read
	theirs                []*os.File
}

// wire makes the pipes or the screen for s.
func wire(s Spec) (*wiring, error) {
	w := &wiring{stdin: s.Stdin}
	var err error
	if s.PTY {
		err = w.show(s)
	} else {
		w.stdout, err = w.pipe("stdout", s.Stdout)
	}
	if err != nil {
		return nil, err
	}
	if same(s.Stdout, s.Stderr) {
		w.stderr = w.stdout
		return w, nil
	}
	if w.stderr, err = w.pipe("stderr", s.Stderr); err != nil {
		w.started()
		w.abandon()
		w.screen.close()
		return nil, err
	}
	return w, nil
}

// show makes the screen, in place of the pipe of stdout.
func (w *wiring) show(s Spec) error {
	t, err := openScreen(s)
	if err != nil {
		return err
	}
	w.screen = t
	w.stdin, w.stdout = t.ends(s.Stdin)
	dst := s.Stdout
	if dst == nil {
		dst = io.Discard
	}
	w.ours = append(w.ours, &stream{name: "stdout", src: t.input(), dst: dst})
	return nil
}

func (w *wiring) pipe(name string, dst io.Writer) (*os.File, error) {
	if dst == nil {
		return nil, nil
	}
	r, child, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	Widen(r)
	w.ours = append(w.ours, &stream{name: name, src: source{r}, dst: dst})
	w.theirs = append(w.theirs, child)
	return child, nil
}

// started closes our copies of the child's ends: a pipe ends when its last
// writer has closed it, and we must not be that writer.
func (w *wiring) started() {
	for _, f := range w.theirs {
		f.Close()
	}
}

// abandon closes our ends when there will be no pump.
func (w *wiring) abandon() {
	for _, s := range w.ours {
		s.src.Close()
	}
}

// pump starts a goroutine per stream; the channel closes when all have ended.
func (w *wiring) pump(a alarm) <-chan struct{} {
	var wg sync.WaitGroup
	for _, s := range w.ours {
		wg.Go(func() { a.watch(s.run) })
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	return done
}

// cut ends the waiting for more input on every stream.
func (w *wiring) cut() {
	for _, s := range w.ours {
		s.src.expire()
	}
}

// truncated and err are for after the pump has ended.
func (w *wiring) truncated() bool {
	for _, s := range w.ours {
		if s.cut {
			return true
		}
	}
	return false
}

func (w *wiring) err() error {
	var errs []error
	for _, s := range w.ours {
		errs = append(errs, s.err())
	}
	return errors.Join(errs...)
}

// same tells whether two writers are one, without the panic that == is for
// types that cannot be compared.
func same(a, b io.Writer) bool {
	if a == nil || b == nil {
		return false
	}
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.ValueOf(a).Comparable() && a == b
}
