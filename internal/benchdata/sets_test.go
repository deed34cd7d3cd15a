package benchdata

import (
	"bytes"
	"testing"
)

// The sets are what the tables say they are.
func TestSets(t *testing.T) {
	for i, want := range []struct{ count, shortest int }{{10, 19}, {1172, 8}, {11804, 8}, {1000, 8}} {
		s := Sets()[i]
		shortest, total := 1<<20, 0
		for _, n := range s.Needles {
			shortest, total = min(shortest, len(n)), total+len(n)
		}
		t.Logf("%s: %d needles, %d bytes, shortest %d", s.Name, len(s.Needles), total, shortest)
		if shortest != want.shortest || len(s.Needles) != want.count {
			t.Errorf("%s has %d needles, the shortest of %d bytes", s.Name, len(s.Needles), shortest)
		}
	}
}

func TestLogs(t *testing.T) {
	s := Sets()[1]
	for _, l := range Logs(64<<10, s) {
		holds := false
		for _, n := range s.Needles {
			holds = holds || bytes.Contains(l.Text, n)
		}
		if len(l.Text) != 64<<10 || holds != (l.Name == "hit") && l.Name != "adversarial" {
			t.Errorf("%s: %d bytes, holds a needle: %v", l.Name, len(l.Text), holds)
		}
	}
}
