package masker

// A machine tells which bytes of a stream a terminal would show: the view V1.
// It is deliberately small and exact, so that a test can restate it; it follows
// ECMA-48 for well-formed sequences and defines what malformed ones hide.
//
//	ground   1B → escape; 9B → control unless a UTF-8 continuation byte is due;
//	         anything else is visible
//	escape   [ → control; 20–2F stays; 30–7E → ground; any other byte is
//	         visible → ground. ] P ^ _ X (OSC, DCS, PM, APC, SOS) are among
//	         30–7E: their payload stays visible, so that a hyperlink's target
//	         or a window title is searched
//	control  40–7E → ground; 20–3F stays, at most 64 of them; any other byte,
//	         or the 65th, is visible → ground
//
// A visible byte C2–DF announces one continuation byte, E0–EF two, F0–F4
// three; a byte outside 80–BF cancels them. (Cyrillic ћ is D1 9B.)
type machine struct {
	state machineState
	due   uint8 // continuation bytes announced
	args  uint8 // bytes 20–3F in this control sequence
}

type machineState uint8

const (
	ground machineState = iota
	escape
	control
)

// maxArgs bounds a control sequence: xterm's longest real ones stay under it,
// and a stray 9B must not swallow a page.
const maxArgs = 64

// visible feeds one byte and reports whether V1 has it.
func (m *machine) visible(b byte) bool {
	switch m.state {
	case ground:
		return m.inGround(b)
	case escape:
		return m.inEscape(b)
	default:
		return m.inControl(b)
	}
}

func (m *machine) inGround(b byte) bool {
	if b == 0x1b {
		*m = machine{state: escape}
		return false
	}
	if b == 0x9b && m.due == 0 {
		*m = machine{state: control}
		return false
	}
	m.show(b)
	return true
}

func (m *machine) inEscape(b byte) bool {
	switch {
	case b == '[':
		*m = machine{state: control}
		return false
	case 0x20 <= b && b <= 0x2f:
		return false
	case 0x30 <= b && b <= 0x7e:
		*m = machine{}
		return false
	}
	m.show(b)
	return true
}

func (m *machine) inControl(b byte) bool {
	switch {
	case 0x40 <= b && b <= 0x7e:
		*m = machine{}
		return false
	case 0x20 <= b && b <= 0x3f && m.args < maxArgs:
		m.args++
		return false
	}
	m.show(b)
	return true
}

// show accounts for a visible byte: back to ground, continuation bytes counted.
func (m *machine) show(b byte) {
	m.state, m.args = ground, 0
	switch {
	case b < 0x80:
		m.due = 0
	case b < 0xc0 && m.due > 0:
		m.due--
	case 0xc2 <= b && b <= 0xdf:
		m.due = 1
	case 0xe0 <= b && b <= 0xef:
		m.due = 2
	case 0xf0 <= b && b <= 0xf4:
		m.due = 3
	default:
		m.due = 0
	}
}
