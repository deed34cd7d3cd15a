package ledger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// hit enters n occurrences, the first of them in the last line.
func hit(l *Ledger, name, form, stream string, lines ...int64) {
	for _, line := range lines {
		l.Hit(Finding{Name: name, Form: form, Stream: stream, FirstLine: line})
	}
}

func filled() *Ledger {
	l := &Ledger{}
	l.Add(Secret{Name: "TOKEN", Store: "vault", Version: "3", From: "--secret", Masked: true}, Secret{Name: "USER", Store: "sops"}, Secret{Name: "KEY", Store: "age", Masked: true})
	l.Add(Secret{Name: "TOKEN", Store: "other"})
	hit(l, "TOKEN", "", "stdout", 9, 4, 7)
	hit(l, "TOKEN", "base64", "stderr", 1)
	l.Hit(Finding{Name: "github-token", Stream: "stdout", FirstLine: 2, Rule: true})
	return l
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	r := filled().Report()
	r.Step, r.Exit = "build", 3
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || fmt.Sprint(back) != fmt.Sprint(r) {
		t.Errorf("%v: %+v", err, back)
	}
	want := []Finding{
		{"TOKEN", "base64", "stderr", 1, 1, false},
		{"TOKEN", "value", "stdout", 3, 4, false},
		{"github-token", "value", "stdout", 1, 2, true},
	}
	if !slices.Equal(r.Hidden, want) || len(r.Secrets) != 3 || r.Secrets[0].Store != "vault" {
		t.Errorf("%+v", r)
	}
	if line, err := r.Line(); err != nil || bytes.Count(line, []byte("\n")) != 1 {
		t.Errorf("%q, %v", line, err)
	}
	// Programs that read it need lists, not null.
	var none bytes.Buffer
	if err := new(Ledger).Report().WriteJSON(&none); err != nil || strings.Contains(none.String(), "null") {
		t.Errorf("%s, %v", none.String(), err)
	}
}

func TestNames(t *testing.T) {
	l := filled()
	if got := l.Names(false); !slices.Equal(got, []string{"TOKEN"}) {
		t.Errorf("%q", got)
	}
	if got := l.Names(true); !slices.Equal(got, []string{"github-token"}) {
		t.Errorf("%q", got)
	}
}

func TestMarkdown(t *testing.T) {
	r := filled().Report()
	r.Step = "deploy"
	want := `### maskrun: Secrets in step deploy

| Secret | Store | Version | Hidden form | Count | Stream | First line |
|---|---|---|---|--:|---|--:|
| TOKEN | vault | 3 | base64 | 1 | stderr | 1 |
| TOKEN | vault | 3 | value | 3 | stdout | 4 |
| USER | sops |  | not masked | 0 | | |
| KEY | age |  | none | 0 | | |
| github-token | --detect |  | value | 1 | stdout | 2 |

`
	if got := r.Markdown(); got != want {
		t.Errorf("got\n%s", got)
	}
	if got := (Report{}).Markdown(); !strings.Contains(got, "None.") {
		t.Errorf("got %s", got)
	}
	if got := r.Leaks(); len(got) != 3 || got[1] != "TOKEN was printed and hidden 3 times on stdout of step deploy, as value, first in line 4" {
		t.Errorf("%q", got)
	}
}

// FAULTS 83: a name cannot be more than a text in its cell.
func TestHostileNames(t *testing.T) {
	r := Report{Step: "a\n# b", Secrets: []Secret{{Name: "x|y\n| z |`<img src=x>` [l](http://e) @all ::add-mask::x ##[error]y", Store: "s\r\n\n# t"}}}
	got := r.Markdown()
	if strings.Count(got, "\n") != 6 || strings.Contains(got, "<img") || strings.Contains(got, "@all") || strings.Contains(got, "::") || strings.Contains(got, "##[") || strings.Contains(got, "](") {
		t.Errorf("%s", got)
	}
}

// Streams are written at the same time.
func TestConcurrent(t *testing.T) {
	l := &Ledger{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for line := range 100 {
				hit(l, "T", "", fmt.Sprint("s", i%2), int64(line))
				l.Add(Secret{Name: fmt.Sprint(line % 3)})
			}
		})
	}
	wg.Wait()
	r := l.Report()
	if len(r.Hidden) != 2 || r.Hidden[0].Count != 400 || r.Hidden[0].FirstLine != 0 || len(r.Secrets) != 3 {
		t.Errorf("%+v", r)
	}
}
