package child

import "github.com/maskrun/maskrun/internal/crash"

// An alarm is how the goroutines of one Run tell that one of them has panicked. The
// first one counts: the command is ended for it.
type alarm chan error

func newAlarm() alarm { return make(alarm, 1) }

// watch calls f, and raises the alarm if it panics.
func (a alarm) watch(f func()) {
	err := crash.Guard(func() error { f(); return nil })
	if err == nil {
		return
	}
	select {
	case a <- err:
	default:
	}
}

// rung returns the alarm that nobody has heard yet, nil if there is none.
func (a alarm) rung() error {
	select {
	case err := <-a:
		return err
	default:
		return nil
	}
}
