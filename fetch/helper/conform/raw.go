package conform

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/maskrun/maskrun/fetch"
)

// The checks of this file speak to the helper by hand: package helper says nothing
// that the protocol of today has not.

const greeting = `{"type":"hello","protocol":1,"maskrun":"store-test"}` + "\n"

// raw starts the helper, greets it if asked to, writes text to it, and closes its
// input. It gives what the helper wrote, and an error unless it ended with status 0 in time.
func (t *trial) raw(ctx context.Context, greet bool, text string) (out []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetch.DefaultTry+wait)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.path)
	cmd.Env = append([]string{}, t.o.Helper.Environ...)
	cmd.WaitDelay = wait
	in, err1 := cmd.StdinPipe()
	stdout, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.New("it cannot be started")
	}
	lines := bufio.NewReader(stdout)
	var first string
	if greet {
		// As maskrun does: nothing is said before the helper has said hello.
		_, _ = io.WriteString(in, greeting)
		first, _ = lines.ReadString('\n')
		_, _ = io.WriteString(in, text)
	}
	_ = in.Close()
	begun := time.Now()
	rest, _ := io.ReadAll(io.LimitReader(lines, 4<<20))
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("it has not ended %s after its input did", time.Since(begun).Round(time.Second))
	case err != nil:
		err = fmt.Errorf("it ended with %s", cmd.ProcessState)
	}
	return append([]byte(first), rest...), err
}

func (t *trial) ends(ctx context.Context) error {
	if _, err := t.raw(ctx, false, ""); err != nil {
		return fmt.Errorf("before its hello: %w", err)
	}
	if _, err := t.raw(ctx, true, ""); err != nil {
		return fmt.Errorf("after it: %w", err)
	}
	return nil
}

// future sends types and fields that nobody knows, a cancel for no read, and then a read.
func (t *trial) future(ctx context.Context) error {
	path, err := json.Marshal(t.o.Missing)
	if err != nil {
		return err
	}
	out, err := t.raw(ctx, true, `{"type":"from-the-future","id":3}`+"\n"+`{"type":"cancel","id":999}`+"\n"+
		fmt.Sprintf(`{"type":"read","id":7,"scheme":%q,"path":%s,"from_the_future":[1]}`, t.o.Scheme, path)+"\n")
	if err != nil {
		return err
	}
	return onlyAnswer(out)
}

// onlyAnswer wants a hello and one error for read 7 in out.
func onlyAnswer(out []byte) error {
	var types []string
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var m struct {
			Type string `json:"type"`
			ID   int    `json:"id"`
		}
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			if len(types) != 1 {
				return fmt.Errorf("%d answers to one read", len(types))
			}
			return nil
		case err != nil:
			return errors.New("its output is not JSON Lines")
		case m.Type == "hello", m.Type == "warning":
		case m.ID != 7:
			return errors.New("it answers something that was no read")
		default:
			types = append(types, m.Type)
		}
	}
}
