package main

import (
	"maps"
	"slices"
	"sync"
)

// A syncSet is a set of names for several goroutines.
type syncSet struct {
	mu sync.Mutex
	m  map[string]bool
}

func (s *syncSet) add(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[string]bool{}
	}
	s.m[name] = true
}

func (s *syncSet) sorted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.m))
}
