package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/urfave/cli/v2"
)

// mostAppended is far above what a runner takes.
const mostAppended = 64 << 20

// appendCommand is ourselves in another role: see writeApart.
func appendCommand() command {
	return command{
		name:   "append",
		short:  "what maskrun export starts to write a long record whole",
		flags:  func() []flagGroup { return nil },
		hidden: true,
		run:    func(p *program, _ *cli.Context) error { return appendWhole(p.stdin, p.stdout) },
	}
}

// appendWhole reads a length of 8 bytes and so many more, and writes these by one
// write; nothing if fewer come.
func appendWhole(in io.Reader, out io.Writer) error {
	var size uint64
	if err := binary.Read(in, binary.BigEndian, &size); err != nil || size > mostAppended {
		return errors.New("append: no length")
	}
	data := make([]byte, size)
	defer clear(data)
	if _, err := io.ReadFull(in, data); err != nil {
		return errors.New("append: less came than was announced")
	}
	_, err := out.Write(data)
	return pathless(err)
}

// writeApart has another process write data at the end of f: see action.Env.Write. The
// kernel cuts a write when it is this process that is killed. That one is not: it has
// all of the data and writes it, or has not and writes nothing. FAULTS 110.
func (p *program) writeApart(f *os.File, data []byte) (int, error) {
	exe, err := os.Executable()
	if err != nil {
		return 0, pathless(err)
	}
	before, err := f.Stat()
	if err != nil {
		return 0, pathless(err)
	}
	message := append(binary.BigEndian.AppendUint64(nil, uint64(len(data))), data...)
	defer clear(message)
	var said strings.Builder
	cmd := &exec.Cmd{
		Path: exe, Args: []string{"maskrun", "append"}, Env: p.environ,
		Stdin: bytes.NewReader(message), Stdout: f, Stderr: &said,
	}
	if err = cmd.Run(); err == nil {
		return len(data), nil
	}
	if text := strings.TrimPrefix(strings.TrimSpace(said.String()), "maskrun: "); text != "" {
		err = errors.New(text)
	}
	after, statErr := f.Stat()
	if statErr != nil {
		return 0, errors.Join(err, pathless(statErr))
	}
	return int(after.Size() - before.Size()), err
}
