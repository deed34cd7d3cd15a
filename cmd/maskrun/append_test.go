package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// FAULTS 110: what is told of a record that did not come whole is nothing.
func TestAppendWhole(t *testing.T) {
	message := append(binary.BigEndian.AppendUint64(nil, 6), "record"...)
	huge := binary.BigEndian.AppendUint64(nil, 1<<40)
	for _, c := range []struct {
		why, in, want string
	}{
		{"all of it", string(message), "record"},
		{"whoever sent it was killed", string(message[:len(message)-1]), ""},
		{"within the length", string(message[:5]), ""},
		{"nothing at all", "", ""},
		{"no length of ours", string(huge) + "record", ""},
	} {
		var out bytes.Buffer
		err := appendWhole(bytes.NewReader([]byte(c.in)), &out)
		if out.String() != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.why, out.String(), err)
		}
	}
}
