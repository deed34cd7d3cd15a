package action

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ErrReserved is wrapped by CheckName for a good name that changes how programs
// are found, loaded or run: whoever writes the secret would run code in the job.
var ErrReserved = errors.New("reserved: it changes how programs run")

// reserved are names, and beginnings of names that end in *, in upper case.
// FAULTS 74.
var reserved = []string{
	"PATH", "PATHEXT", "COMSPEC", "SHELL", "HOME", "PWD",
	"LD_*", "DYLD_*",
	"BASH_ENV", "BASH_FUNC_*", "BASHOPTS", "SHELLOPTS", "ENV", "ZDOTDIR", "IFS", "PS4", "PROMPT_COMMAND",
	"NODE_OPTIONS", "NODE_PATH", "PYTHON*", "PERL5OPT", "PERL5LIB", "PERL5DB", "RUBYOPT", "RUBYLIB",
	"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "GOFLAGS", "PSMODULEPATH",
	"GIT_SSH", "GIT_SSH_COMMAND", "GIT_CONFIG*", "GIT_EXEC_PATH", "GIT_ASKPASS", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND",
	"EDITOR", "VISUAL", "PAGER", "GIT_PAGER", "GIT_EDITOR",
	"GITHUB_*", "RUNNER_*", "ACTIONS_*", "CI", "CI_*", "MASKRUN_*",
}

// allowed are names that the list above would refuse and that are ordinary
// secrets: GITHUB_TOKEN is what every tool reads.
var allowed = []string{"GITHUB_TOKEN", "GITHUB_API_TOKEN"}

// CheckName tells whether a variable of this name may be set for later steps: a
// letter or _, then letters, digits and _, all ASCII. A name that steers how
// programs run (PATH, LD_PRELOAD, GITHUB_*; any case) wraps [ErrReserved].
func CheckName(name string) error {
	if !isName(name, "") {
		return fmt.Errorf("variable %s: want a letter or _, then letters, digits or _", printable(name))
	}
	if upper := strings.ToUpper(name); isReserved(upper) {
		return fmt.Errorf("variable %s: %w; to set it all the same: --allow-name %s", name, ErrReserved, name)
	}
	return nil
}

func isReserved(upper string) bool {
	return !slices.Contains(allowed, upper) && slices.ContainsFunc(reserved, func(r string) bool {
		prefix, open := strings.CutSuffix(r, "*")
		return upper == r || open && strings.HasPrefix(upper, prefix)
	})
}

// isName tells whether name is a letter or _, then letters, digits, _ and what
// is in more.
func isName(name, more string) bool {
	for i, r := range []byte(name) {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || (r < '0' || r > '9') && !strings.ContainsRune(more, rune(r))) {
			return false
		}
	}
	return name != ""
}

// checkOutput is CheckName for outputs: they are keys of a map, not variables,
// and names with - are common.
func checkOutput(name string) error {
	if !isName(name, "-") {
		return fmt.Errorf("output %s: want a letter or _, then letters, digits, _ or -", printable(name))
	}
	return nil
}

// printable quotes a name for a message: a name that is none may be anything.
func printable(name string) string {
	const enough = 40
	if !utf8.ValidString(name) || len(name) > enough {
		return "(a name that cannot be printed)"
	}
	return fmt.Sprintf("%+q", name)
}

// checkValue refuses what files of UTF-8 text cannot carry: the runner would put
// other characters in place of it, and the mask would no longer match. FAULTS 75.
func checkValue(what string, value []byte) error {
	switch {
	case !utf8.Valid(value):
		return fmt.Errorf("%s: the value is not UTF-8; encode it (as base64) where it is stored", what)
	case slices.Contains(value, 0):
		return fmt.Errorf("%s: the value has a NUL byte, which no variable can hold", what)
	}
	return nil
}

// checkVariable is everything that is checked before a variable is set.
func (e Env) checkVariable(name string, value []byte) error {
	if err := CheckName(name); err != nil && !(errors.Is(err, ErrReserved) && slices.Contains(e.AllowNames, name)) {
		return err
	}
	return checkValue("variable "+name, value)
}
