package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/maskrun/maskrun"

// A tree is the parsed source of the module, without tests.
type tree struct {
	fset   *token.FileSet
	pkgs   map[string]*pkg // by folder, slash-separated: "fetch/age"
	goMod  string
	design string // docs/design.md
}

// A pkg is one folder's non-test files.
type pkg struct {
	dir     string
	imports []string // full paths, sorted, once each
	files   []*file
}

type file struct {
	name string // from the root of the repository
	ast  *ast.File
	fset *token.FileSet
}

// loadTree parses every non-test Go file under root.
func loadTree(root string) (*tree, error) {
	sources := map[string]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case d.IsDir() && rel != "." && (name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || isModule(p)):
			return filepath.SkipDir
		case d.IsDir() || !isSource(name) && rel != "go.mod" && rel != filepath.Join("docs", "design.md"):
			return nil
		}
		data, err := os.ReadFile(p)
		sources[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		return nil, err
	}
	return parseTree(sources)
}

// isModule says whether a folder is a module of its own, as bench is: what the
// go command leaves out of this one, the rules of this one do too.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

// parseTree makes a tree of file names and contents; the negative cases call it directly.
func parseTree(sources map[string]string) (*tree, error) {
	tr := &tree{fset: token.NewFileSet(), pkgs: map[string]*pkg{}, goMod: sources["go.mod"], design: sources["docs/design.md"]}
	for name, src := range sources {
		if !isSource(name) {
			continue
		}
		parsed, err := parser.ParseFile(tr.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		dir := path.Dir(name)
		p := tr.pkgs[dir]
		if p == nil {
			p = &pkg{dir: dir}
			tr.pkgs[dir] = p
		}
		p.files = append(p.files, &file{name, parsed, tr.fset})
		for _, spec := range parsed.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			p.imports = append(p.imports, imp)
		}
	}
	for _, p := range tr.pkgs {
		slices.Sort(p.imports)
		p.imports = slices.Compact(p.imports)
		slices.SortFunc(p.files, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	}
	return tr, nil
}

// dirs are the packages' folders in order.
func (tr *tree) dirs() []string {
	var dirs []string
	for d := range tr.pkgs {
		dirs = append(dirs, d)
	}
	slices.Sort(dirs)
	return dirs
}

func (tr *tree) files() []*file {
	var all []*file
	for _, d := range tr.dirs() {
		all = append(all, tr.pkgs[d].files...)
	}
	return all
}

// under says whether a folder is one of the given ones or lies below one.
func under(dir string, tops ...string) bool {
	for _, top := range tops {
		if dir == top || strings.HasPrefix(dir, top+"/") {
			return true
		}
	}
	return false
}

// ours gives the folder of an import path of this module.
func ours(imp string) (dir string, ok bool) {
	if imp == module {
		return ".", true
	}
	return strings.CutPrefix(imp, module+"/")
}

// standard says whether an import path is the standard library's.
func standard(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	return !strings.Contains(first, ".")
}

// reach gives every folder that dir imports, directly or not, with the way there.
func (tr *tree) reach(dir string) map[string][]string {
	ways := map[string][]string{dir: {dir}}
	for queue := []string{dir}; len(queue) > 0; queue = queue[1:] {
		p := tr.pkgs[queue[0]]
		if p == nil {
			continue
		}
		for _, imp := range p.imports {
			next, ok := ours(imp)
			if _, seen := ways[next]; ok && !seen {
				ways[next] = append(slices.Clone(ways[p.dir]), next)
				queue = append(queue, next)
			}
		}
	}
	return ways
}

// A function is a declared function, or one written in place.
type function struct {
	name  string
	pos   token.Position
	lines int // without the tables in it
}

func functions(f *file) []function {
	var all []function
	add := func(name string, n ast.Node) {
		all = append(all, function{name, f.fset.Position(n.Pos()), f.lines(n) - f.tableLines(n)})
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			add(n.Name.Name, n)
		case *ast.FuncLit:
			add("a function literal", n)
		}
		return true
	})
	return all
}

func (f *file) lines(n ast.Node) int {
	return f.fset.Position(n.End()).Line - f.fset.Position(n.Pos()).Line + 1
}

// tableLines counts the lines inside the outermost composite literals of n:
// rows of a table are not steps of an algorithm. Functions written inside a
// table are measured by themselves.
func (f *file) tableLines(n ast.Node) int {
	total := 0
	ast.Inspect(n, func(m ast.Node) bool {
		lit, ok := m.(*ast.CompositeLit)
		if ok {
			total += f.lines(lit) - 1
		}
		return !ok
	})
	return total
}
