package parser

import (
	"ubinder/aidl/ast"
)

func (p *parser) document() {
	if p.kind() == ast.KeyPackage {
		p.packageClause()
	}
	for p.kind() == ast.KeyImport {
		p.importClause()
	}
	for p.kind() != ast.EOF {
		before := p.at
		p.topLevel()
		if p.at == before {
			p.advance()
		}
	}
	if len(p.file.Decls) == 0 && p.wrong.Errors() == 0 {
		p.errorf(p.errorSpan(), "the file declares nothing").
			Helped("a file declares an interface, a parcelable, a union or an enum")
	}
}

func (p *parser) packageClause() {
	keyword := int32(p.at)
	p.advance()
	name := p.qualified("a name", "after package")
	if name == nil {
		p.skipMember()
		return
	}
	p.file.Package = &ast.Package{Token: keyword, Name: name}
	p.expect(';', "after the package")
}

func (p *parser) importClause() {
	keyword := int32(p.at)
	p.advance()
	name := p.qualified("a name", "after import")
	if name == nil {
		p.skipMember()
		return
	}
	p.file.Imports = append(p.file.Imports, &ast.Import{Token: keyword, Name: name})
	p.expect(';', "after the import")
}

func (p *parser) topLevel() {
	switch p.kind() {
	case ast.KeyPackage:
		p.errorf(p.span(), "package must be the first in the file, and stand once")
		p.skipMember()
		return
	case ast.KeyImport:
		p.errorf(p.span(), "imports stand before all declarations").Helped("move it up, behind the package")
		p.importClause()
		return
	}
	annotations := p.annotations()
	if !p.beginsDecl() {
		p.missing("an interface, a parcelable, a union or an enum", "here")
		p.skipDecl()
		return
	}
	if d := p.decl(annotations); d != nil {
		p.file.Decls = append(p.file.Decls, d)
	}
}

// beginsDecl reports whether the next tokens begin a declaration, annotations aside.
func (p *parser) beginsDecl() bool {
	return declares(p.kind()) || p.kind() == ast.KeyOneway && p.kindAt(1) == ast.KeyInterface
}
