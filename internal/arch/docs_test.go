package arch

import (
	"go/ast"
	"go/token"
)

// checkExportedDocs wants a comment on every exported function, method, type,
// constant and variable. In a group, the group's comment or one on the line is
// enough. Commands export nothing that others can use, so main is left out.
func checkExportedDocs(tr *tree) []string {
	return tr.eachFile(func(f *file) (breaches []string) {
		if f.ast.Name.Name == "main" {
			return nil
		}
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && exportedReceiver(d) && d.Doc == nil {
					breaches = append(breaches, f.undocumented(d.Name))
				}
			case *ast.GenDecl:
				breaches = append(breaches, undocumentedSpecs(f, d)...)
			}
		}
		return breaches
	})
}

func (f *file) undocumented(name *ast.Ident) string {
	return f.fset.Position(name.Pos()).String() + ": " + name.Name + " has no comment"
}

func undocumentedSpecs(f *file, d *ast.GenDecl) (breaches []string) {
	if d.Tok == token.IMPORT || d.Doc != nil {
		return nil
	}
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && s.Comment == nil {
				breaches = append(breaches, f.undocumented(s.Name))
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil {
				breaches = append(breaches, f.undocumented(s.Names[0]))
			}
		}
	}
	return breaches
}

// exportedReceiver says whether a function is no method, or one of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch u := t.(type) {
		case *ast.StarExpr:
			t = u.X
		case *ast.IndexExpr:
			t = u.X
		case *ast.IndexListExpr:
			t = u.X
		case *ast.Ident:
			return u.IsExported()
		default:
			return false
		}
	}
}
