package dotenv

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// FAULTS 96.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		why, in string
		want    []Pair
	}{
		{"nothing", "", nil},
		{"plain", "A=b", []Pair{{"A", "b", 1}}},
		{"order and lines", "# c\n\nB=2\nA=1\n", []Pair{{"B", "2", 3}, {"A", "1", 4}}},
		{"export", "export A=b\nexport\tB=c", []Pair{{"A", "b", 1}, {"B", "c", 2}}},
		{"a name that begins so", "exported=x", []Pair{{"exported", "x", 1}}},
		{"a key named so", "export=x", []Pair{{"export", "x", 1}}},
		{"CRLF", "A=b\r\nB='c'\r\n", []Pair{{"A", "b", 1}, {"B", "c", 2}}},
		{"BOM", "\ufeffA=b", []Pair{{"A", "b", 1}}},
		{"hash in a value", "A=b#c", []Pair{{"A", "b#c", 1}}},
		{"comment", "A=b # c", []Pair{{"A", "b", 1}}},
		{"value that is a comment", "A=#c", []Pair{{"A", "", 1}}},
		{"hash in quotes", `A="b # c" # d`, []Pair{{"A", "b # c", 1}}},
		{"blanks", "  A =  b c  ", []Pair{{"A", "b c", 1}}},
		{"blanks in quotes", "A=' b '", []Pair{{"A", " b ", 1}}},
		{"empty", "A=\nB=''\nC=\"\"", []Pair{{"A", "", 1}, {"B", "", 2}, {"C", "", 3}}},
		{"no expansion", "B=1\nA=${B}$B\nC=\"${B}\"\nD=$(id)`id`", []Pair{{"B", "1", 1}, {"A", "${B}$B", 2}, {"C", "${B}", 3}, {"D", "$(id)`id`", 4}}},
		{"equals sign in the value", "A=b==", []Pair{{"A", "b==", 1}}},
		{"escapes in double quotes", `A="a\nb\t\"\\\$x\q"`, []Pair{{"A", "a\nb\t\"\\$x\\q", 1}}},
		{"escaped backslash before n", `A="\\n"`, []Pair{{"A", `\n`, 1}}},
		{"none in single ones", `A='a\nb\'`, []Pair{{"A", `a\nb\`, 1}}},
		{"none without", `A=a\nb\`, []Pair{{"A", `a\nb\`, 1}}},
		{"several lines", "A=\"a\r\nb\n\"\nB=c", []Pair{{"A", "a\nb\n", 1}, {"B", "c", 4}}},
		{"several lines, single", "A='a\nb'\nB=c", []Pair{{"A", "a\nb", 1}, {"B", "c", 3}}},
		{"quote inside", `A=it's "x"`, []Pair{{"A", `it's "x"`, 1}}},
		{"dots and dashes in a key", "a.b-c_1=x", []Pair{{"a.b-c_1", "x", 1}}},
		{"empty at the end", "A=", []Pair{{"A", "", 1}}},
		{"blank line of blanks", " \t\nA=b", []Pair{{"A", "b", 2}}},
		{"a reference", "A=ref+vault://a/b?version=1#/c", []Pair{{"A", "ref+vault://a/b?version=1#/c", 1}}},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := Parse([]byte(c.in))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("error %v, wrong pairs:", err)
				for _, p := range got {
					t.Logf("  %d %q=%q", p.Line, p.Key, p.Value)
				}
			}
		})
	}
}

const canary = "cAnArY"

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ why, in, want string }{
		{"no equals sign", "A=b\n" + canary, "line 2: want KEY=value"},
		{"no key", "=" + canary, "line 1"},
		{"key with a blank", canary + " x=1", "line 1: the key"},
		{"key that begins with a digit", "1" + canary + "=x", "line 1: the key"},
		{"twice", "A=1\n\nA=" + canary, "line 3: key A is already on line 1"},
		{"open quote: the line it begins on", "X=1\nA=\"" + canary + "\n\n", "line 2: key A: the quote is not closed"},
		{"open single quote", "A='" + canary, "not closed"},
		{"escaped closing quote", `A="` + canary + `\"`, "not closed"},
		{"text after it", "A='b'" + canary, "after the closing quote"},
		{"NUL", "A=" + canary + "\x00", "NUL"},
		{"NUL in quotes", "A='\x00'", "NUL"},
		{"export alone", "export", "line 1"},
		{"key of letters that are not ASCII", "ä=x", "the key"},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := Parse([]byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), canary) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestPairPrintsNoValue(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, []Pair{{"A", canary, 1}}); strings.Contains(text, canary) {
			t.Errorf("%s: %s", verb, text)
		}
	}
}

// FuzzDotenv quotes a value in each way that can hold it and wants it back; and
// parses it as a file, whose error must not quote it.
func FuzzDotenv(f *testing.F) {
	for _, s := range []string{"a", "a b", "it's", `"`, "a\nb", `\`, "#x", "${A}", "A=b\nB='c\n'", "export A=b # c", "\ufeff", "\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		pairs, err := Parse([]byte(s))
		for i, p := range pairs {
			if p.Key == "" || p.Line < 1 || i > 0 && p.Line <= pairs[i-1].Line {
				t.Errorf("pair %d: key %q line %d", i, p.Key, p.Line)
			}
		}
		if err != nil && len(s) > 40 && strings.Contains(err.Error(), s[len(s)/2:]) {
			t.Errorf("error quotes the text: %v", err)
		}
		if strings.ContainsAny(s, "\x00\r") {
			return
		}
		double := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		wantBack(t, s, double)
		if !strings.Contains(s, "'") {
			wantBack(t, s, "'"+s+"'")
		}
	})
}

func wantBack(t *testing.T, s, quoted string) {
	t.Helper()
	pairs, err := Parse([]byte("# before\nK=" + quoted + " # after\nL=x\n"))
	if err != nil || len(pairs) != 2 || pairs[0].Value != s || pairs[1].Line != 3+strings.Count(s, "\n") {
		t.Errorf("%q as %s: got %d pairs, error %v", s, quoted, len(pairs), err)
	}
}
