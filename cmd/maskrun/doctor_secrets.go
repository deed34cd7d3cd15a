package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/masker"
)

// What becomes of a secret.
const (
	stateHidden  = "hidden"
	stateShown   = "shown"      // mask: false
	stateSkipped = "not hidden" // too short, too common, empty
	stateAbsent  = "absent"     // optional, and not there
	stateFailed  = "failed"
)

// A secretRow is one name whose value would be hidden. It holds nothing of the value.
type secretRow struct {
	Name    string         `json:"name"`
	Store   string         `json:"store"`
	From    string         `json:"from"`
	State   string         `json:"state"`
	Problem string         `json:"problem,omitempty"` // why it failed; people are told each cause once, among the problems
	Forms   int            `json:"forms"`
	Groups  map[string]int `json:"groups"`  // forms by group of encodings; plain is the value itself
	Skipped []skipRow      `json:"skipped"` // what is not looked for
}

// A skipRow is an encoding that is left out; without a name, all of them are.
type skipRow struct {
	Encoding string `json:"encoding,omitempty"`
	Reason   string `json:"reason"`
}

// secretRows lists the secrets, and then what is hidden because of its name.
func (x *examination) secretRows() []secretRow {
	rows := []secretRow{}
	for _, v := range x.asked {
		rows = append(rows, x.secretRow(v))
	}
	if x.load == nil {
		return rows
	}
	for _, name := range x.otherNames() {
		row := secretRow{Name: x.clean(name), Store: "env", From: "environment", State: stateHidden, Groups: map[string]int{}, Skipped: []skipRow{}}
		x.count(&row, name)
		rows = append(rows, row)
	}
	return rows
}

func (x *examination) secretRow(v wanted) secretRow {
	row := secretRow{Name: x.clean(v.name), Store: v.ref.Scheme, From: x.clean(v.from.String()), State: x.state(v), Problem: x.clean(x.failed[v.name]), Groups: map[string]int{}, Skipped: []skipRow{}}
	if v.literal != nil {
		row.Store = "literal"
	}
	if row.State == stateHidden {
		x.count(&row, v.name)
	}
	return row
}

func (x *examination) state(v wanted) string {
	_, failed := x.failed[v.name]
	switch {
	case failed || x.load == nil:
		return stateFailed
	case !slices.ContainsFunc(x.load.secrets, func(s secret) bool { return s.name == v.name }):
		return stateAbsent
	case v.noMask:
		return stateShown
	}
	return stateHidden
}

// count fills in what the redactor knows of a name. A value that would not be
// hidden at all is a problem: whoever accepts that says mask: false.
func (x *examination) count(row *secretRow, name string) {
	for _, c := range x.load.masker.Forms() {
		if c.Name != name {
			continue
		}
		group := masker.GroupOf(c.Encoding)
		if group == "" {
			group = "plain"
		}
		row.Groups[group] += c.Forms
		row.Forms += c.Forms
	}
	for _, s := range x.load.masker.Skipped() {
		if s.Name != name {
			continue
		}
		row.Skipped = append(row.Skipped, skipRow{s.Encoding, s.Reason})
		if s.Encoding == "" && row.Forms == 0 {
			row.State = stateSkipped
			x.trouble(fmt.Errorf("%s would not be hidden: it is %s", name, s.Reason))
		}
	}
}

// otherNames are those that the redactor knows and nobody asked for: credentials
// that open stores, and variables that --mask-env matches.
func (x *examination) otherNames() []string {
	var names []string
	add := func(name string) {
		asked := slices.ContainsFunc(x.asked, func(v wanted) bool { return v.name == name })
		if !asked && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, c := range x.load.masker.Forms() {
		add(c.Name)
	}
	for _, s := range x.load.masker.Skipped() {
		add(s.Name)
	}
	return names
}

// notes says in words what the numbers do not.
func (r secretRow) notes() string {
	var left []string
	for _, s := range r.Skipped {
		if s.Encoding == "" {
			return s.Reason
		}
		left = append(left, s.Encoding)
	}
	switch {
	case len(left) > 0:
		return "too large for " + strings.Join(left, ", ")
	case r.State == stateShown:
		return "mask: false"
	case r.State == stateAbsent:
		return "optional"
	case r.State == stateFailed:
		return "see the problems"
	}
	return ""
}

// groups lists the forms by group, in the order of the documentation.
func (r secretRow) groups() string {
	var parts []string
	for _, g := range append([]string{"plain"}, masker.Groups()...) {
		if n := r.Groups[g]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", g, n))
		}
	}
	return strings.Join(parts, ", ")
}
