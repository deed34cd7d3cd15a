package action_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/maskrun/maskrun/action"
	"github.com/maskrun/maskrun/action/actiontest"
)

// FAULTS 71-75: whatever is set comes back equal by the runner's rules, or is refused.
func FuzzGitHubFile(f *testing.F) {
	for _, c := range actiontest.Hostile() {
		if len(c.Value) < 1000 {
			f.Add("NAME", []byte(c.Value), "NEXT", []byte("next"))
		}
	}
	f.Add("PATH", []byte("x"), "A<<B", []byte("\xff"))
	dir := f.TempDir()
	path := dir + "/" + actiontest.GitHubEnv
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_ENV": path}
	f.Fuzz(func(t *testing.T, name1 string, value1 []byte, name2 string, value2 []byte) {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		p := action.Detect(action.Env{Getenv: func(n string) string { return env[n] }, Stdout: &out})
		want := map[string]string{}
		for _, kv := range []struct {
			name  string
			value []byte
		}{{name1, value1}, {name2, value2}} {
			good := action.CheckName(kv.name) == nil && utf8.Valid(kv.value) && !bytes.Contains(kv.value, []byte{0})
			if err := p.SetEnv(kv.name, kv.value); (err == nil) != good {
				t.Fatalf("%q: error %v", kv.name, err)
			}
			if good {
				want[kv.name] = string(kv.value)
				_ = p.Mask(kv.value)
			}
		}
		u, err := actiontest.ReadGitHub(dir, out.Bytes())
		if err != nil || len(u.Env) != len(want) || len(u.Commands) != len(u.Masks) {
			t.Fatalf("understood %+v, error %v", u, err)
		}
		for name, value := range want {
			if u.Env[name] != value {
				t.Fatalf("%s comes back otherwise", name)
			}
		}
		for _, m := range u.Masks {
			if !strings.Contains(string(value1)+"\n"+string(value2), m) {
				t.Fatal("a mask of nothing that was set")
			}
		}
	})
}
