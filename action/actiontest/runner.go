package actiontest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// GitHub's names for the files that [ReadGitHub] reads, in the directory of a step.
const (
	GitHubEnv     = "set_env"
	GitHubOutput  = "set_output"
	GitHubState   = "save_state"
	GitHubSummary = "step_summary"
)

// ReadGitHub is what GitHub's runner understands of a step, by the rules of its
// documentation and of actions/runner (FileCommandManager, ActionCommand).
func ReadGitHub(dir string, stdout []byte) (Understood, error) {
	u := Understood{}
	var errs []error
	for name, into := range map[string]*map[string]string{GitHubEnv: &u.Env, GitHubOutput: &u.Outputs, GitHubState: &u.State} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		m, parseErr := ParseFileCommands(data)
		*into = m
		errs = append(errs, err, parseErr)
	}
	summary, err := os.ReadFile(filepath.Join(dir, GitHubSummary))
	if !errors.Is(err, os.ErrNotExist) {
		errs = append(errs, err)
	}
	u.Summary = string(summary)
	u.Commands, u.Masks = ParseCommands(stdout)
	return u, errors.Join(errs...)
}

// ParseFileCommands reads a GITHUB_ENV, GITHUB_OUTPUT or GITHUB_STATE file. A line
// is NAME=VALUE or NAME<<DELIMITER, whichever sign comes first; after the latter
// everything up to the line that is the delimiter, less the last line end, is
// the value. Empty lines are skipped. Lines end in LF.
func ParseFileCommands(data []byte) (map[string]string, error) {
	out := map[string]string{}
	text := strings.ToValidUTF8(string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), "\uFFFD")
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case line == "":
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			out[line[:equals]] = line[equals+1:]
		case heredoc > 0 && heredoc+2 < len(line):
			value, rest, err := untilDelimiter(text, line[heredoc+2:])
			if err != nil {
				return out, err
			}
			out[line[:heredoc]], text = value, rest
		default:
			return out, fmt.Errorf("invalid format %q", line)
		}
	}
	return out, nil
}

// untilDelimiter takes the value of a heredoc from the beginning of text.
func untilDelimiter(text, delimiter string) (value, rest string, err error) {
	for at := 0; at < len(text); {
		line, _, more := strings.Cut(text[at:], "\n")
		end := at + len(line)
		if line == delimiter {
			if more {
				end++
			}
			return strings.TrimSuffix(text[:at], "\n"), text[end:], nil
		}
		if !more {
			break
		}
		at = end + 1
	}
	return "", "", fmt.Errorf("matching delimiter not found %q", delimiter)
}

// registered are the commands that the runner knows.
var registered = map[string]bool{
	"add-mask": true, "add-path": true, "set-env": true, "set-output": true, "save-state": true, "stop-commands": true,
	"debug": true, "notice": true, "warning": true, "error": true, "group": true, "endgroup": true, "echo": true,
	"add-matcher": true, "remove-matcher": true,
}

// ParseCommands finds the workflow commands in a step's output: their names, and
// what add-mask was given. ::name props::data must begin a line, blanks aside;
// ##[name props]data may stand anywhere in it. After stop-commands only the token
// is a command, until it comes.
func ParseCommands(stdout []byte) (names, masks []string) {
	token := ""
	for line := range strings.SplitSeq(strings.ReplaceAll(string(stdout), "\r\n", "\n"), "\n") {
		name, data, ok := parseCommand(line, token)
		switch {
		case !ok:
			continue
		case token != "":
			token = ""
		case name == "stop-commands":
			token = data
		case name == "add-mask":
			masks = append(masks, data)
		}
		names = append(names, name)
	}
	return names, masks
}

func parseCommand(line, token string) (name, data string, ok bool) {
	known := func(info string) bool {
		name, _, _ = strings.Cut(info, " ")
		name = strings.ToLower(name)
		if token != "" {
			return name == strings.ToLower(token)
		}
		return registered[name]
	}
	if rest, found := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::"); found {
		if info, data, found := strings.Cut(rest, "::"); found && known(info) {
			return name, unescape(data, ""), true
		}
	}
	if _, rest, found := strings.Cut(line, "##["); found {
		if info, data, found := strings.Cut(rest, "]"); found && known(info) {
			return name, unescape(data, ";]"), true
		}
	}
	return "", "", false
}

// unescape undoes %XX of CR, LF, the characters in more, and of % itself, which
// comes last.
func unescape(s, more string) string {
	for _, c := range "\r\n" + more + "%" {
		s = strings.ReplaceAll(s, fmt.Sprintf("%%%02X", c), string(c))
	}
	return s
}
