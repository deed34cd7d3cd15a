//go:build !linux

package child

// Lead is for systems where [Run] uses Spec.Lead; here it fails.
func Lead(_, _ []string, _ func(start func() error) error) int { return codeOwn }

func startLed(s Spec, _ *wiring, _ string) (runner, error) {
	return nil, startError(s, codeOwn, errNoLeader)
}
