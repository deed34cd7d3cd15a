package arch

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A rule finds its breaches in a tree, one line each.
type rule struct {
	name, why string
	check     func(*tree) []string
}

// rules is the house, one row each.
var rules = []rule{
	{"apart", "masker turns bytes into bytes, fetch turns references into values, action speaks to a platform; each can be read, tested and reused without the others, and only cmd joins them", checkApart},
	{"masker is standard", "the redactor sees every secret: it must be readable to the end, and a dependency of it would be one too", checkMaskerStandard},
	{"store imports", "a store is one folder that can be added or deleted without touching another; what stores share belongs in fetch or internal/httpx", checkStoreImports},
	{"store lists", "light and heavy are the only places that name stores, so that adding one is one line and what a program links is plain to see", checkStoreLists},
	{"no SDK in maskrun", "maskrun wraps every step of a job: it must start in milliseconds and hold no cloud client; those live in maskrun-stores, behind a pipe", checkNoHeavy},
	{"process globals", "arguments, environment, stdout and exit belong to the commands; elsewhere they hide inputs, print past the redactor and skip deferred clean-up", checkGlobals},
	{"child is blind", "internal/child moves bytes to an io.Writer; if it knew what is secret, the redactor could be bypassed in two places instead of one", checkChild},
	{"no init", "stores, commands and encodings are rows of tables; init runs before main can say no, costs start-up on every step and hides what is linked", checkNoInit},
	{"package docs", "a reader meets the package comment first: it says what the package is and what it promises", checkPackageDocs},
	{"exported docs", "an exported name without a comment has no contract", checkExportedDocs},
	{"function length", "at most 80 lines, tables aside: beyond that a function has steps that want names", checkFunctionLength},
	{"file length", "at most 400 lines, tables aside: beyond that it is two rooms", checkFileLength},
	{"dependencies defended", "every direct dependency has a line in docs/design.md, section Dependencies, saying what it is for; the list in go.mod cannot say why", checkDependencies},
}

const (
	maxFunctionLines = 80
	maxFileLines     = 400
)

func checkApart(tr *tree) []string {
	rooms := []string{"masker", "fetch", "action"}
	return tr.eachImport(func(p *pkg, imp string) string {
		to, ok := ours(imp)
		for _, from := range rooms {
			for _, room := range rooms {
				if ok && from != room && under(p.dir, from) && under(to, room) {
					return fmt.Sprintf("%s imports %s", p.dir, to)
				}
			}
		}
		return ""
	})
}

func checkMaskerStandard(tr *tree) []string {
	return tr.eachImport(func(p *pkg, imp string) string {
		if to, ok := ours(imp); under(p.dir, "masker") && !standard(imp) && (!ok || !under(to, "masker")) {
			return fmt.Sprintf("%s imports %s", p.dir, imp)
		}
		return ""
	})
}

// isStore says whether a folder is a store or part of one: below fetch, not one
// of the folders that list, reach or test stores, and its top imports fetch,
// without which nothing can be a fetch.Source. A parser that fetch itself uses
// does not.
func (tr *tree) isStore(dir string) bool {
	if dir == "fetch" || !under(dir, "fetch") || under(dir, "fetch/light", "fetch/heavy", "fetch/helper", "fetch/fetchtest") {
		return false
	}
	top := tr.pkgs[storeOf(dir)]
	return top != nil && slices.Contains(top.imports, module+"/fetch")
}

// storeOf is the folder of the store that dir belongs to: fetch/vault for fetch/vault/internal/x.
func storeOf(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

func checkStoreImports(tr *tree) []string {
	return tr.eachImport(func(p *pkg, imp string) string {
		to, ok := ours(imp)
		if !ok || !tr.isStore(p.dir) || to == "fetch" || to == "internal/httpx" || under(to, storeOf(p.dir)) {
			return ""
		}
		return fmt.Sprintf("the store %s imports %s", p.dir, to)
	})
}

func checkStoreLists(tr *tree) []string {
	return tr.eachImport(func(p *pkg, imp string) string {
		to, ok := ours(imp)
		if !ok || !tr.isStore(to) || p.dir == "fetch/light" || p.dir == "fetch/heavy" || under(p.dir, storeOf(to)) {
			return ""
		}
		return fmt.Sprintf("%s imports the store %s", p.dir, to)
	})
}

// sdks are import paths whose presence means a cloud client.
var sdks = []string{
	"cloud.google.com/go", "github.com/Azure/azure-sdk-for-go", "github.com/aws/aws-sdk-go-v2",
	"github.com/getsops/sops/v3", "google.golang.org/api", "google.golang.org/grpc",
}

func checkNoHeavy(tr *tree) []string {
	var breaches []string
	for dir, way := range tr.reach("cmd/maskrun") {
		if dir == "fetch/heavy" {
			breaches = append(breaches, "cmd/maskrun reaches fetch/heavy: "+strings.Join(way, " -> "))
		}
		if p := tr.pkgs[dir]; p != nil {
			for _, imp := range p.imports {
				if under(imp, sdks...) {
					breaches = append(breaches, "cmd/maskrun reaches "+imp+": "+strings.Join(way, " -> "))
				}
			}
		}
	}
	slices.Sort(breaches)
	return breaches
}

func checkGlobals(tr *tree) []string {
	globals := []string{"Args", "Exit", "Environ", "Stdout"}
	return tr.eachFile(func(f *file) (breaches []string) {
		name := importName(f.ast, "os")
		if name == "" || under(f.name, "cmd/maskrun", "cmd/maskrun-stores") {
			return nil
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(globals, sel.Sel.Name) {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == name {
				breaches = append(breaches, fmt.Sprintf("%s: os.%s", f.fset.Position(sel.Pos()), sel.Sel.Name))
			}
			return true
		})
		if name == "." {
			breaches = append(breaches, f.name+`: import . "os" hides what is used of it`)
		}
		return breaches
	})
}

// importName is the name under which a file knows an import, or "".
func importName(f *ast.File, imp string) string {
	for _, spec := range f.Imports {
		if spec.Path.Value != strconv.Quote(imp) {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return imp[strings.LastIndex(imp, "/")+1:]
	}
	return ""
}

func checkChild(tr *tree) []string {
	return tr.eachImport(func(p *pkg, imp string) string {
		if to, ok := ours(imp); ok && under(p.dir, "internal/child") && under(to, "masker", "fetch", "action") {
			return fmt.Sprintf("%s imports %s", p.dir, to)
		}
		return ""
	})
}

func checkNoInit(tr *tree) []string {
	return tr.eachFile(func(f *file) (breaches []string) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				breaches = append(breaches, f.fset.Position(fn.Pos()).String()+": func init")
			}
		}
		return breaches
	})
}

func checkPackageDocs(tr *tree) []string {
	var breaches []string
	for _, dir := range tr.dirs() {
		if !slices.ContainsFunc(tr.pkgs[dir].files, func(f *file) bool { return f.ast.Doc.Text() != "" }) {
			breaches = append(breaches, dir+": no package comment")
		}
	}
	return breaches
}

func checkFunctionLength(tr *tree) []string {
	return tr.eachFile(func(f *file) (breaches []string) {
		for _, fn := range functions(f) {
			if fn.lines > maxFunctionLines {
				breaches = append(breaches, fmt.Sprintf("%s: %s has %d lines", fn.pos, fn.name, fn.lines))
			}
		}
		return breaches
	})
}

func checkFileLength(tr *tree) []string {
	return tr.eachFile(func(f *file) []string {
		lines := f.fset.File(f.ast.FileStart).LineCount()
		for _, d := range f.ast.Decls {
			if _, ok := d.(*ast.GenDecl); ok {
				lines -= f.tableLines(d)
			}
		}
		if lines > maxFileLines {
			return []string{fmt.Sprintf("%s: %d lines", f.name, lines)}
		}
		return nil
	})
}

var requireLine = regexp.MustCompile(`(?m)^(?:require)?\s+([a-z0-9.-]+\.[a-z]+/\S+) v\S+(.*)$`)

// checkDependencies wants every module that a non-test file imports, or that
// go.mod requires directly, named in the section Dependencies of docs/design.md.
func checkDependencies(tr *tree) []string {
	_, section, _ := strings.Cut(tr.design, "\n## Dependencies\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var modules []string
	used := map[string]string{}
	for _, m := range requireLine.FindAllStringSubmatch(tr.goMod, -1) {
		modules = append(modules, m[1])
		if !strings.Contains(m[2], "// indirect") {
			used[m[1]] = "go.mod"
		}
	}
	for _, dir := range tr.dirs() {
		for _, imp := range tr.pkgs[dir].imports {
			best := ""
			for _, m := range modules {
				if under(imp, m) && len(m) > len(best) {
					best = m
				}
			}
			if best != "" && used[best] == "" {
				used[best] = dir
			}
		}
	}
	var breaches []string
	for m, dir := range used {
		if !strings.Contains(section, "`"+m+"`") {
			breaches = append(breaches, fmt.Sprintf("%s, used by %s, has no line", m, dir))
		}
	}
	slices.Sort(breaches)
	return breaches
}

// eachImport collects what find says of every package and import.
func (tr *tree) eachImport(find func(*pkg, string) string) []string {
	var breaches []string
	for _, dir := range tr.dirs() {
		for _, imp := range tr.pkgs[dir].imports {
			if b := find(tr.pkgs[dir], imp); b != "" {
				breaches = append(breaches, b)
			}
		}
	}
	return breaches
}

// eachFile collects what find says of every file.
func (tr *tree) eachFile(find func(*file) []string) []string {
	var breaches []string
	for _, f := range tr.files() {
		breaches = append(breaches, find(f)...)
	}
	return breaches
}
