package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// maxValues bounds a list of values: a thousand private keys have 3 MiB.
const maxValues = 64 << 20

// lastBytes is how long mask reads on after TERM: what the programs before it
// wrote as they ended is in the pipe by then.
const lastBytes = time.Second

func waitOut(done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-time.After(lastBytes):
		return nil
	}
}

// given tells whether any flag asks for secrets of a store.
func (f secretFlags) given() bool {
	return f.config != "" || f.environment != "" || len(f.envFiles)+len(f.secrets)+len(f.only) > 0
}

// listedValues reads the lists of --values-from and --values-json. The values
// are called after their place: line 3.
func (p *program) listedValues(lines, array string) ([]secret, error) {
	var out []secret
	if lines != "" {
		data, err := readSource("--values-from", lines)
		if err != nil {
			return nil, err
		}
		out = append(out, byLine(data)...)
	}
	if array != "" {
		data, err := readSource("--values-json", array)
		if err != nil {
			return nil, err
		}
		values, err := byJSON(data)
		if err != nil {
			return nil, fmt.Errorf("--values-json %s: %w", array, err)
		}
		out = append(out, values...)
	}
	return out, nil
}

func byLine(data []byte) []secret {
	var out []secret
	n := 0
	for line := range bytes.Lines(data) {
		n++
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			out = append(out, listed(fmt.Sprintf("line %d of --values-from", n), line))
		}
	}
	return out
}

func byJSON(data []byte) ([]secret, error) {
	var values []string
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, errors.New("want a JSON array of strings") // the error itself may hold a piece of a value
	}
	var out []secret
	for i, v := range values {
		if v != "" {
			out = append(out, listed(fmt.Sprintf("string %d of --values-json", i+1), []byte(v)))
		}
	}
	return out, nil
}

func listed(name string, value []byte) secret {
	v := fetch.NewValue(value)
	return secret{wanted: wanted{name: name, literal: &v, from: fetch.Place{File: name}}, value: v}
}

// readSource reads FILE or fd:N whole.
func readSource(flag, from string) ([]byte, error) {
	f, err := openSource(from)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", flag, from, err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxValues+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %s: %w", flag, from, pathless(err))
	case len(data) > maxValues:
		return nil, fmt.Errorf("%s %s: larger than 64 MiB", flag, from)
	}
	return data, nil
}

func openSource(from string) (*os.File, error) {
	number, isFD := strings.CutPrefix(from, "fd:")
	switch {
	case from == "-" || from == "/dev/stdin":
		return nil, errors.New("stdin is the log to be masked; use a file or fd:N, as in 3<values")
	case !isFD:
		f, err := os.Open(from)
		if err != nil {
			return nil, pathless(err)
		}
		return f, nil
	}
	n, err := strconv.ParseUint(number, 10, 16)
	if err != nil || n < 3 {
		return nil, errors.New("want the number of a descriptor that was opened for it, 3 or more")
	}
	f := os.NewFile(uintptr(n), from)
	if f == nil {
		return nil, errors.New("not open")
	}
	if _, err := f.Stat(); err != nil {
		return nil, errors.New("not open")
	}
	return f, nil
}
