package faultio

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

var errTest = errors.New("test")

func TestWriters(t *testing.T) {
	for _, c := range []struct {
		why    string
		make   func(io.Writer) io.Writer
		writes []string
		want   string // what each write took, and what arrived
		errs   int
	}{
		{"fails in the middle of a write", func(w io.Writer) io.Writer { return FailWriter(w, 3, errTest) }, []string{"ab", "cd", "ef"}, "abc", 2},
		{"the limit itself is not a failure", func(w io.Writer) io.Writer { return FailWriter(w, 4, errTest) }, []string{"ab", "cd"}, "abcd", 0},
		{"fails from the start", func(w io.Writer) io.Writer { return FailWriter(w, 0, errTest) }, []string{"ab"}, "", 1},
		{"short and silent", func(w io.Writer) io.Writer { return ShortWriter(w, 1) }, []string{"ab", "cd"}, "ac", 0},
		{"every second fails and takes nothing", func(w io.Writer) io.Writer { return FlakyWriter(w, 2, errTest) }, []string{"ab", "cd", "ef"}, "abef", 1},
		{"slow, but all of it", func(w io.Writer) io.Writer { return SlowWriter(w, 1, 0) }, []string{"abc"}, "abc", 0},
	} {
		t.Run(c.why, func(t *testing.T) {
			var got bytes.Buffer
			w, taken, errs := c.make(&got), 0, 0
			for _, p := range c.writes {
				n, err := w.Write([]byte(p))
				taken += n
				if err != nil {
					errs++
				}
			}
			if got.String() != c.want || taken != len(c.want) || errs != c.errs {
				t.Errorf("arrived %q, taken %d, errors %d; want %q, %d, %d", &got, taken, errs, c.want, len(c.want), c.errs)
			}
		})
	}
}

func TestReaders(t *testing.T) {
	for _, c := range []struct {
		why  string
		make func(io.Reader) io.Reader
		want string
		err  error
	}{
		{"data, then the error", func(r io.Reader) io.Reader { return FailReader(r, 3, errTest) }, "abc", errTest},
		{"a source that ends earlier", func(r io.Reader) io.Reader { return FailReader(r, 10, errTest) }, "abcdef", nil},
		{"0 and nil is not the end", IdleReader, "abcdef", nil},
		{"in pieces", func(r io.Reader) io.Reader { return ChunkReader(r, 1, 2) }, "abcdef", nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := io.ReadAll(c.make(strings.NewReader("abcdef")))
			if string(got) != c.want || err != c.err {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestGate(t *testing.T) {
	var got bytes.Buffer
	g, done := NewGate(&got), make(chan error)
	go func() {
		_, err := g.Write([]byte("x"))
		done <- err
	}()
	<-g.Entered()
	if got.Len() != 0 {
		t.Error("a closed gate let bytes pass")
	}
	g.Open()
	g.Open()
	if err := <-done; err != nil || got.String() != "x" {
		t.Errorf("got %q, %v", &got, err)
	}
}
