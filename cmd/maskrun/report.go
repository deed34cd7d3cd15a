package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/maskrun/maskrun/internal/ledger"
)

// ledgerFile is the variable that names the file in which the steps of a job
// enter what they hid, one line each; the action makes it and reads it at the end.
const ledgerFile = "MASKRUN_LEDGER"

// A report is where the account of one command goes.
type report struct {
	p    *program
	file *os.File // nil: no --report
}

// openReport opens the file before the command runs: that it cannot be written
// is told while nothing has happened yet.
func (p *program) openReport(path string) (*report, error) {
	r := &report{p: p}
	if path == "" {
		return r, nil
	}
	var err error
	if r.file, err = os.Create(path); err != nil {
		return nil, fmt.Errorf("--report %s: %w", path, pathless(err))
	}
	return r, nil
}

// close writes the account of l and returns the verdict, or 125 if a command that
// succeeded cannot be reported.
func (r *report) close(l *load, verdict error) error {
	account := l.leaks.Report()
	account.Step = r.p.getenv("GITHUB_ACTION")
	var status exitStatus
	if errors.As(verdict, &status) {
		account.Exit = int(status)
	}
	if err := r.p.enter(account); err != nil {
		r.p.sayf("%s: %v", ledgerFile, err)
	}
	if r.file == nil {
		return verdict
	}
	err := errors.Join(account.WriteJSON(r.file), r.file.Close())
	if err == nil {
		return verdict
	}
	r.p.sayf("--report %s: %v", r.file.Name(), pathless(err))
	if status == exitOK {
		return exitStatus(exitFailed)
	}
	return verdict
}

// enter adds the account to the job's, if there is one.
func (p *program) enter(account ledger.Report) error {
	path := p.getenv(ledgerFile)
	if path == "" || len(account.Secrets)+len(account.Hidden) == 0 {
		return nil
	}
	line, err := account.Line()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0) // the action has made it
	if err != nil {
		return pathless(err)
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}
