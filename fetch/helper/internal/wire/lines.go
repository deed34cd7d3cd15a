package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Errors of [Lines]. They name no byte of the line.
var (
	ErrTooLong = fmt.Errorf("is over %d bytes", MaxLine)
	ErrNotJSON = errors.New("is not a json object of the protocol")
	ErrCut     = errors.New("ends without a newline")
)

// Lines reads messages, one a line. Blank lines are passed over.
// Its memory is at most one line of MaxLine bytes.
type Lines struct {
	scan *bufio.Scanner
	n    int
}

// NewLines reads from r.
func NewLines(r io.Reader) *Lines {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 16<<10), MaxLine)
	s.Split(split)
	return &Lines{scan: s}
}

// Next reads one message into v, which must be a pointer to a zero value. It gives
// io.EOF at the end, one of the errors above, or the reader's own error.
func (l *Lines) Next(v any) error {
	for l.scan.Scan() {
		l.n++
		line := l.scan.Bytes()
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		err := json.Unmarshal(line, v)
		clear(line)
		if err != nil {
			return ErrNotJSON
		}
		return nil
	}
	switch err := l.scan.Err(); {
	case err == nil:
		return io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		l.n++
		return ErrTooLong
	default:
		return err
	}
}

// N is the number of the line that Next read last, from 1.
func (l *Lines) N() int { return l.n }

// split is bufio.ScanLines but for a last line without newline, which a program
// killed while it wrote leaves behind.
func split(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return 0, nil, ErrCut
	}
	return 0, nil, nil
}
