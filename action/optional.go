package action

// A Level says how loud an annotation is.
type Level int

// The levels of annotations.
const (
	Notice Level = iota
	Warning
	Failure
)

// An Annotator is a [Platform] that can show a line on the page of the run, apart
// from the log. The caller has passed title and message through the redactor.
type Annotator interface {
	Annotate(level Level, title, message string) error
}

// A Stateful platform keeps values from the main part of an action for its post
// step. Other steps of the job cannot read them.
type Stateful interface {
	SaveState(name string, value []byte) error
	State(name string) string // empty when there is none
}

// Inputs is a [Platform] that hands inputs to an action. Names are compared
// without regard to case; blanks around a value are dropped; a missing input is
// empty.
type Inputs interface {
	Input(name string) string
}
