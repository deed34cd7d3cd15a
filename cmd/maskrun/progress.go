package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// A progressLine tells a person at a terminal what is being waited for, in one line
// that is gone when the waiting is over. It names schemes and numbers, nothing else.
type progressLine struct {
	w     io.Writer
	shown bool
}

const clearLine = "\r\x1b[K"

func (l *progressLine) show(p fetch.Progress) {
	l.shown = true
	var stores []string
	for _, scheme := range p.Waiting {
		stores = append(stores, scheme+"://")
	}
	_, _ = fmt.Fprintf(l.w, "%smaskrun: waiting for %s (%d of %d read)", clearLine, strings.Join(stores, ", "), p.Done, p.Total)
}

func (l *progressLine) clear() {
	if l.shown {
		_, _ = io.WriteString(l.w, clearLine)
	}
}
