package crash_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/maskrun/maskrun/internal/crash"
)

// Whatever panics, the error is one line, without the value. FAULTS 101
func TestGuard(t *testing.T) {
	failed := errors.New("failed")
	for _, c := range []struct {
		why  string
		f    func() error
		want string
	}{
		{"a string", func() error { panic("CANARY-value") }, "internal error at internal/crash/crash_test.go:19 (string): this is a bug, please report it"},
		{"an error", func() error { panic(errors.New("CANARY\nvalue")) }, "internal error at internal/crash/crash_test.go:20 (*errors.errorString): this is a bug, please report it"},
		{"the runtime's", func() error { return []error{}[len("CANARY")] }, "internal error at internal/crash/crash_test.go:21 (runtime.boundsError): this is a bug, please report it"},
		{"nothing", func() error { panic(nil) }, "internal error at internal/crash/crash_test.go:22 (*runtime.PanicNilError): this is a bug, please report it"},
		{"an error that is returned is passed on", func() error { return failed }, "failed"},
	} {
		err := crash.Guard(c.f)
		if err == nil || err.Error() != c.want || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", c.why, err)
		}
	}
	if err := crash.Guard(func() error { return nil }); err != nil {
		t.Errorf("nothing amiss: %v", err)
	}
	if err := crash.Guard(nil); err == nil {
		t.Error("no function is no error")
	}
}
