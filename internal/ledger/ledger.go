// Package ledger keeps account of one run: which secrets there were, and what of
// them was hidden where. It is the report of run and the table in the summary of
// a CI job.
//
// # Guarantee
//
// It holds names, versions, counts and line numbers: never a value, nor its
// length. Names come from people and files; whoever prints them passes them
// through the redactor.
package ledger

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"sync"
)

// A Secret is one that the command was given, or whose value was hidden.
type Secret struct {
	Name    string `json:"name"`
	Store   string `json:"store"`             // the scheme; environment for one that was there already, workflow for a learned mask
	Version string `json:"version,omitempty"` // as the store names it
	From    string `json:"from,omitempty"`    // what asked for it: --secret, maskrun.yaml:4:3
	Masked  bool   `json:"masked"`            // false: it was not looked for
}

// A Finding counts what was hidden of one secret in one form on one stream.
type Finding struct {
	Name      string `json:"name"`
	Form      string `json:"form"` // "value" as it is, a part of it (line, leaf), or the encoding
	Stream    string `json:"stream"`
	Count     int64  `json:"count"`
	FirstLine int64  `json:"first_line"`
	Rule      bool   `json:"rule,omitempty"` // found by --detect: Name is the rule's
}

// A Report is the account as data. Fields are only added.
type Report struct {
	Version int       `json:"version"` // 1
	Step    string    `json:"step,omitempty"`
	Exit    int       `json:"exit_code"`
	Secrets []Secret  `json:"secrets"`
	Hidden  []Finding `json:"hidden"`
}

// A Ledger is an account that is being kept. It is safe for concurrent use; the
// zero value is empty and ready.
type Ledger struct {
	mu      sync.Mutex
	secrets []Secret
	hidden  []Finding
}

// Add enters secrets, once each by name.
func (l *Ledger) Add(secrets ...Secret) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range secrets {
		if !slices.ContainsFunc(l.secrets, func(o Secret) bool { return o.Name == s.Name }) {
			l.secrets = append(l.secrets, s)
		}
	}
}

// Hit enters one hidden occurrence. Of f, Count is not looked at and FirstLine is
// its line.
func (l *Ledger) Hit(f Finding) {
	f.Form = cmp.Or(f.Form, "value")
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.hidden, func(o Finding) bool {
		return o.Name == f.Name && o.Form == f.Form && o.Stream == f.Stream && o.Rule == f.Rule
	})
	if i < 0 {
		f.Count = 1
		l.hidden = append(l.hidden, f)
		return
	}
	l.hidden[i].Count++
	l.hidden[i].FirstLine = min(l.hidden[i].FirstLine, f.FirstLine)
}

// Report is what has been entered so far, in an order that does not depend on
// chance: secrets as they were entered, findings by name, stream and form.
func (l *Ledger) Report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := Report{Version: 1, Secrets: []Secret{}, Hidden: []Finding{}}
	r.Secrets = append(r.Secrets, l.secrets...)
	r.Hidden = append(r.Hidden, l.hidden...)
	slices.SortFunc(r.Hidden, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Form, b.Form))
	})
	return r
}

// Names lists the secrets that were hidden, or the rules, once each, sorted.
func (l *Ledger) Names(rules bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for _, f := range l.hidden {
		if f.Rule == rules {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// WriteJSON writes the report for programs.
func (r Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// Line is the report as one line of JSON, for a file that several runs append to.
func (r Report) Line() ([]byte, error) {
	b, err := json.Marshal(r)
	return append(b, '\n'), err
}
