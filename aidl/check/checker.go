package check

import (
	"strings"

	"ubinder/aidl/ast"
	"ubinder/aidl/diag"
	"ubinder/aidl/load"
	"ubinder/aidl/model"
)

// checker judges one document.
type checker struct {
	*Program
	doc     *document
	options Options
	eval    *evaluator
	wrong   diag.List
	lengths map[*ast.Type][]int             // of arrays of fixed size
	values  map[*ast.Parameter]*model.Value // of annotations
	fitted  map[ast.Expr]*model.Value       // of constants, defaults and enumerators
	said    map[*diag.Diagnostic]bool
}

func newChecker(p *Program, d *document, o Options) *checker {
	return &checker{
		Program: p, doc: d, options: o, eval: &evaluator{Program: p},
		lengths: make(map[*ast.Type][]int), values: make(map[*ast.Parameter]*model.Value),
		fitted: make(map[ast.Expr]*model.Value), said: make(map[*diag.Diagnostic]bool),
	}
}

// Check judges a file of the program. Its diagnostics are in the order of the text.
func (p *Program) Check(f *load.File, o Options) []*diag.Diagnostic {
	c := newChecker(p, p.resolved(f), o)
	c.wrong.All = append(c.wrong.All, f.Wrong...)
	c.wrong.All = append(c.wrong.All, c.doc.wrong.All...)
	c.file()
	c.wrong.Sort()
	return c.wrong.All
}

func (c *checker) errorf(at diag.Span, format string, args ...any) *diag.Diagnostic {
	return c.wrong.Errorf(c.doc.source(), at, format, args...)
}

// report adds a diagnostic that evaluating made, unless something else says it already.
func (c *checker) report(d *diag.Diagnostic) {
	if d != nil && d != reported && !c.said[d] {
		c.said[d] = true
		c.wrong.Add(d)
	}
}

func (c *checker) file() {
	c.imports()
	c.placement()
	for _, s := range c.doc.top {
		c.decl(s)
	}
	c.recursion()
	c.innerCircles()
	c.whole()
	if c.wrong.Errors() == 0 {
		c.warn()
	}
}

// imports checks that what is imported is there.
func (c *checker) imports() {
	for _, i := range c.doc.file.AST.Imports {
		name := i.Name.Text
		if needlessImports[name] || c.doc.byName[name] != nil {
			continue
		}
		f, err := c.set.File(c.doc.file, name)
		switch {
		case err != nil:
			c.errorf(i.Name.Span, "import of %s: %v", name, err)
		case f != nil:
			c.imported(i, f)
		case c.preprocessed(name) == nil:
			c.errorf(i.Name.Span, "import of %s: there is no file %s.aidl", name, strings.ReplaceAll(name, ".", "/")).
				Helped("name the folder that it is in with -I")
		}
	}
}

func (c *checker) imported(i *ast.Import, f *load.File) {
	if f.Broken() {
		c.errorf(i.Name.Span, "import of %s: %s cannot be read", i.Name.Text, f.Path).Noted("%s", f.Wrong[0].Error())
	}
}

// placement checks what file and package must have to do with the types.
func (c *checker) placement() {
	if c.doc.file.Preprocessed {
		return
	}
	c.oneTypeEach()
	seen := make(map[string]*symbol)
	for _, s := range c.doc.all {
		c.nameParts(s)
		if s.parent == nil && seen[s.full] != nil {
			c.errorf(s.decl.Name.Span, "%s is declared twice", s.name).See(c.doc.source(), seen[s.full].decl.Name.Span, "it is declared here first")
		}
		seen[s.full] = s
	}
	if len(c.doc.top) == 1 {
		c.fileName(c.doc.top[0])
	}
}

func (c *checker) oneTypeEach() {
	var first *symbol
	for _, s := range c.doc.top {
		if s.decl.Kind == ast.Foreign {
			continue
		}
		if first != nil {
			c.errorf(s.decl.Name.Span, "a file declares one type, and this one has %s already", first.name).
				Helped("move %s to a file of its own", s.name)
		} else {
			first = s
		}
	}
}

func (c *checker) fileName(s *symbol) {
	outer, _, _ := strings.Cut(s.name, ".")
	want := strings.ReplaceAll(strings.TrimSuffix(s.full, s.name)+outer, ".", "/") + ".aidl"
	if !strings.HasSuffix(absolute(c.doc.file.Path), want) {
		c.errorf(s.decl.Name.Span, "%s must be declared in a file %s", s.name, want)
	}
}

func (c *checker) nameParts(s *symbol) {
	if s.tagOf != nil {
		return
	}
	if strings.Contains(s.decl.Name.Text, ".") && s.decl.Kind != ast.Foreign {
		c.errorf(s.decl.Name.Span, "the name of a type has no dots").Helped("declare the package, and the name alone here")
		return
	}
	parts := []string{s.name}
	if s.parent == nil {
		parts = strings.Split(s.full, ".")
	}
	for _, part := range parts {
		_, builtin := builtins[part]
		switch {
		case reservedNames[part]:
			c.errorf(s.decl.Name.Span, "%s cannot be part of the name %s: it is a keyword of Java or C++", part, s.full)
		case builtin:
			c.errorf(s.decl.Name.Span, "%s cannot be part of the name %s: it is a type of AIDL", part, s.full)
		}
	}
}
