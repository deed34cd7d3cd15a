package arch

import (
	"maps"
	"strings"
	"testing"
)

// good is a small tree that keeps every rule.
var good = map[string]string{
	"go.mod":                      "module " + module + "\n\nrequire (\n\texample.com/yaml v1.0.0\n\texample.com/unused v1.0.0 // indirect\n)\n",
	"docs/design.md":              "# Design\n\n## Dependencies\n\n- `example.com/yaml`: reads YAML.\n\n## Decisions\n",
	"masker/masker.go":            doc("masker") + imports("io"),
	"fetch/fetch.go":              doc("fetch"),
	"fetch/vault/vault.go":        doc("vault") + imports(module+"/fetch", module+"/internal/httpx", module+"/fetch/vault/internal/x", "example.com/yaml/ast"),
	"fetch/vault/internal/x/x.go": doc("x"),
	"fetch/sops/sops.go":          doc("sops") + imports(module+"/fetch", "github.com/getsops/sops/v3/decrypt"),
	"fetch/dotenv/dotenv.go":      doc("dotenv"),
	"fetch/light/light.go":        doc("light") + imports(module+"/fetch", module+"/fetch/vault"),
	"fetch/heavy/heavy.go":        doc("heavy") + imports(module+"/fetch", module+"/fetch/sops"),
	"fetch/helper/helper.go":      doc("helper") + imports(module+"/fetch"),
	"action/action.go":            doc("action"),
	"internal/child/child.go":     doc("child") + imports("io", "os") + "\n// Err is where messages go.\nvar Err = os.Stderr\n",
	"internal/httpx/httpx.go":     doc("httpx"),
	"cmd/maskrun/main.go":         doc("main") + imports("os", module+"/fetch/light", module+"/fetch/helper", module+"/masker") + "\nfunc main() { os.Exit(len(os.Args)) }\n",
	"cmd/maskrun-stores/main.go":  doc("main") + imports("os", module+"/fetch/heavy") + "\nfunc main() { os.Stdout.Close() }\n",
}

func doc(name string) string { return "// Package " + name + " is here.\npackage " + name + "\n" }

func imports(paths ...string) string {
	return "import (\n\t\"" + strings.Join(paths, "\"\n\t\"") + "\"\n)\n"
}

// TestRulesBite breaks the good tree in one place and wants exactly one rule to
// say so: a checker that never fails proves nothing.
func TestRulesBite(t *testing.T) {
	long := "// F is long.\nfunc F() {\n" + strings.Repeat("\t_ = 1\n", maxFunctionLines) + "}\n"
	for _, c := range []struct{ why, file, source, rule string }{
		{"a good tree is good", "", "", ""},
		{"packages that do not exist yet are no breach", "action/action.go", "", ""},
		{"sideways, from the middle of a room", "fetch/vault/vault.go", doc("vault") + imports(module+"/fetch", module+"/action"), "apart store imports"},
		{"sideways, between the rooms", "action/action.go", doc("action") + imports(module+"/fetch"), "apart"},
		{"sideways, under another name", "action/action.go", doc("action") + "import f \"" + module + "/fetch\"\n", "apart"},
		{"only on Windows", "action/x_windows.go", doc("action") + imports(module+"/masker"), "apart"},
		{"a dependency of masker", "masker/masker.go", doc("masker") + imports("example.com/yaml"), "masker is standard"},
		{"internal code in masker", "masker/masker.go", doc("masker") + imports(module+"/internal/httpx"), "masker is standard"},
		{"one store uses another", "fetch/vault/vault.go", doc("vault") + imports(module+"/fetch", module+"/fetch/sops"), "store imports store lists no SDK in maskrun"},
		{"a store reads the configuration", "fetch/vault/vault.go", doc("vault") + imports(module+"/fetch", module+"/internal/config"), "store imports"},
		{"fetch itself uses a store", "fetch/fetch.go", doc("fetch") + imports(module+"/fetch/vault"), "store lists"},
		{"a parser below fetch is no store", "fetch/fetch.go", doc("fetch") + imports(module+"/fetch/dotenv"), ""},
		{"a third list of stores", "internal/config/config.go", doc("config") + imports(module+"/fetch/vault"), "store lists"},
		{"the heavy list, two steps away", "fetch/helper/helper.go", doc("helper") + imports(module+"/fetch/heavy"), "no SDK in maskrun"},
		{"an SDK in a light store", "fetch/vault/vault.go", doc("vault") + imports(module+"/fetch", "github.com/aws/aws-sdk-go-v2/config"), "no SDK in maskrun"},
		{"printing past the redactor", "internal/child/child.go", doc("child") + imports("os") + "var _ = os.Stdout\n", "process globals"},
		{"the environment, under another name", "fetch/fetch.go", doc("fetch") + "import sys \"os\"\nfunc env() []string { return sys.Environ() }\n", "process globals"},
		{"exit without clean-up", "fetch/fetch.go", doc("fetch") + imports("os") + "func die() { os.Exit(1) }\n", "process globals"},
		{"os without its name", "fetch/fetch.go", doc("fetch") + "import . \"os\"\nvar _ = Args\n", "process globals"},
		{"child knows the redactor", "internal/child/child.go", doc("child") + imports(module+"/masker"), "child is blind"},
		{"init", "fetch/fetch.go", doc("fetch") + "func init() {}\n", "no init"},
		{"a method may be called init", "fetch/fetch.go", doc("fetch") + "type t int\nfunc (t) init() {}\n", ""},
		{"no package comment", "masker/masker.go", "package masker\n", "package docs"},
		{"an exported function without a comment", "fetch/fetch.go", doc("fetch") + "func New() {}\n", "exported docs"},
		{"an exported method without a comment", "fetch/fetch.go", doc("fetch") + "// T is one.\ntype T int\nfunc (*T) M() {}\n", "exported docs"},
		{"an exported constant without a comment", "fetch/fetch.go", doc("fetch") + "const (\n\tA = 1 // one\n\tB = 2\n)\n", "exported docs"},
		{"a group's comment is enough", "fetch/fetch.go", doc("fetch") + "// Both.\nconst (\n\tA = 1\n\tB = 2\n)\n", ""},
		{"a long function", "fetch/fetch.go", doc("fetch") + long, "function length"},
		{"a long function in a table", "fetch/fetch.go", doc("fetch") + "var rows = []func(){func() {\n" + strings.Repeat("\t_ = 1\n", maxFunctionLines) + "}}\n", "function length"},
		{"a long table in a function", "fetch/fetch.go", doc("fetch") + "func f() []int {\n\treturn []int{\n" + strings.Repeat("\t\t1,\n", 200) + "\t}\n}\n", ""},
		{"a long file", "fetch/fetch.go", doc("fetch") + strings.Repeat("\n", maxFileLines), "file length"},
		{"a long table in a file", "fetch/fetch.go", doc("fetch") + "var t = []int{\n" + strings.Repeat("\t1,\n", maxFileLines) + "}\n", ""},
		{"a dependency of tests without a reason", "go.mod", "module x\n\nrequire example.com/test v1.0.0\n", "dependencies defended"},
		{"a dependency without a reason", "docs/design.md", "# Design\n\n## Dependencies\n\nNone.\n\n## Decisions\n\n`example.com/yaml`\n", "dependencies defended"},
	} {
		t.Run(c.why, func(t *testing.T) {
			sources := maps.Clone(good)
			if c.source == "" {
				delete(sources, c.file)
			} else {
				sources[c.file] = c.source
			}
			tr, err := parseTree(sources)
			if err != nil {
				t.Fatal(err)
			}
			var bitten []string
			for _, r := range rules {
				if breaches := r.check(tr); len(breaches) > 0 {
					bitten = append(bitten, r.name)
					t.Log(r.name, breaches)
				}
			}
			if got := strings.Join(bitten, " "); got != c.rule {
				t.Errorf("rules that fail: %q, want %q", got, c.rule)
			}
		})
	}
}
