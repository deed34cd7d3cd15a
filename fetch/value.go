package fetch

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
	"time"
)

// redacted is what every printed form of a Value says.
const redacted = "[redacted]"

// A Value holds the bytes of one secret and cannot be printed.
//
// Every fmt verb, String, GoString, the text, JSON and YAML marshalers and slog
// yield "[redacted]"; [Value.Reveal] is the one door out. Copies share the bytes:
// wiping one wipes all. Compare with [Value.Equal]. The zero Value is empty and
// ready to use. Safe for concurrent reading.
type Value struct {
	// held is a function because fmt cannot call our methods on a Value in an
	// unexported field and walks it instead; with a wrong verb it even follows a
	// pointer. A function is an address to every printer there is.
	held func() *[]byte
}

// NewValue returns a Value with its own copy of b; the caller may clear b.
func NewValue(b []byte) Value {
	own := append([]byte(nil), b...)
	return Value{held: func() *[]byte { return &own }}
}

// Reveal returns the secret's bytes: the Value's own, not a copy. The caller
// must not change them, nor use them after [Value.Wipe].
func (v Value) Reveal() []byte {
	if v.held == nil {
		return nil
	}
	return *v.held()
}

// Wipe zeroes the bytes of v and of every copy of v, which are empty from then
// on. It must not run while another goroutine uses them. Go gives no promise about copies the
// collector or a caller made.
func (v Value) Wipe() {
	if v.held == nil {
		return
	}
	clear(*v.held())
	*v.held() = nil
}

// Equal reports whether v and w hold the same bytes, in time that depends only on their number.
func (v Value) Equal(w Value) bool {
	return subtle.ConstantTimeCompare(v.Reveal(), w.Reveal()) == 1
}

// Format writes "[redacted]" for every verb and flag.
func (v Value) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// String yields "[redacted]".
func (v Value) String() string { return redacted }

// GoString yields "[redacted]".
func (v Value) GoString() string { return redacted }

// MarshalText yields "[redacted]".
func (v Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON yields "[redacted]".
func (v Value) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalYAML yields "[redacted]".
func (v Value) MarshalYAML() (any, error) { return redacted, nil }

// LogValue yields "[redacted]".
func (v Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// A Secret is the answer to one [Request]. It is safe to print: its Value is
// redacted and its Ref shows no credential.
type Secret struct {
	Name    string
	Value   Value
	Ref     Ref
	Version string    // as the store names it; empty when it has none
	Expires time.Time // zero when it does not
	Lease   *Lease    // nil unless the store issued the value for us
}

// String says what may be known of a document: never its Data.
func (d Document) String() string {
	return fmt.Sprintf("document %s (format %q, version %q)", redacted, string(d.Format), d.Version)
}

// GoString is String.
func (d Document) GoString() string { return d.String() }
