package gen

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"

	"ubinder/aidl/model"
)

const (
	stubPackage    = protogen.GoImportPath("ubinder/runtime/stub")
	binderPackage  = protogen.GoImportPath("ubinder/runtime/binder")
	contextPackage = protogen.GoImportPath("context")
	osPackage      = protogen.GoImportPath("os")
)

// emitter writes one generated file.
type emitter struct {
	*protogen.GeneratedFile
	importPath string     // of the package that the file belongs to
	aidl       *aidlNames // nil for .proto files
}

func newEmitter(plugin *protogen.Plugin, f *protogen.File) emitter {
	name := f.GeneratedFilenamePrefix + Suffix
	return emitter{plugin.NewGeneratedFile(name, f.GoImportPath), string(f.GoImportPath), nil}
}

func (g emitter) file(pkg protogen.GoPackageName, f *model.File) {
	g.P(Header)
	g.P("// source: ", f.Source)
	g.P()
	g.P("package ", pkg)
	g.versionCheck()
	for _, i := range f.Interfaces {
		g.iface(i)
	}
}

func (g emitter) versionCheck() {
	g.P("const (")
	g.P("_ = ", g.stub("EnforceVersion"), "(", Version, " - ", g.stub("MinVersion"), ") // this code is not too old for the runtime")
	g.P("_ = ", g.stub("EnforceVersion"), "(", g.stub("Version"), " - ", Version, ") // the runtime is not too old for this code")
	g.P(")")
	g.P()
}

func (g emitter) iface(i *model.Interface) {
	g.constants(i)
	g.goInterface(i)
	g.description(i)
	g.functions(i)
	g.client(i)
	g.unimplemented(i)
	for _, m := range i.Methods {
		if i.Encoding == model.Parcel {
			g.parcelHandler(i, m)
		} else {
			g.handler(i, m)
		}
	}
}

func (g emitter) constants(i *model.Interface) {
	g.P("// ", descriptorConst(i.Go), " is the name of ", i.Go.Ident, " on the bus.")
	g.P("const ", descriptorConst(i.Go), " = ", strconv.Quote(i.Descriptor))
	g.P()
	if len(i.Methods) == 0 {
		return
	}
	g.P("// The transaction codes of ", i.Go.Ident, ".")
	g.P("const (")
	for _, m := range i.Methods {
		g.P(g.code(i, m), " uint32 = ", m.Code)
	}
	g.P(")")
	g.P()
}

func (g emitter) goInterface(i *model.Interface) {
	about := i.Go.Ident + " is the interface " + i.Descriptor + "."
	if i.Encoding == model.Parcel {
		g.comment(&i.Comment, about)
	} else {
		g.doc(i.Doc, i.Deprecated, about)
	}
	g.P("type ", i.Go.Ident, " interface {")
	for n, m := range i.Methods {
		if n > 0 && m.Doc != "" {
			g.P()
		}
		g.methodDeclaration(i, m)
	}
	g.P("}")
	g.P()
}

func (g emitter) methodDeclaration(i *model.Interface, m *model.Method) {
	if i.Encoding == model.Parcel {
		pm := g.parcelMethod(m)
		g.comment(&m.Comment, "", pm.remarks()...)
		g.P(m.Name, g.parcelSignature(pm))
		return
	}
	g.doc(m.Doc, m.Deprecated, "", remarks(m)...)
	g.P(m.Name, g.signature(m, newSignatureScope(), true))
}

const filesGivenAway = "An implementation gives away the files it returns; the caller closes them."

// remarks are what a method's users must know and its source need not say.
func remarks(m *model.Method) []string {
	if m.Oneway {
		return []string{"Oneway: it returns when the call is on its way."}
	}
	if slices.ContainsFunc(m.Reply.Attachments, func(a model.Attachment) bool { return a.Kind == model.OpenFile }) {
		return []string{filesGivenAway}
	}
	return nil
}

// doc writes a comment: what the source says, or instead when it says nothing, and remarks.
func (g emitter) doc(source string, deprecated bool, instead string, remarks ...string) {
	var parts []string
	if source != "" {
		parts = append(parts, strings.TrimSuffix(source, "\n"))
	} else if instead != "" {
		parts = append(parts, " "+instead)
	}
	for _, remark := range remarks {
		parts = append(parts, " "+remark)
	}
	if deprecated {
		parts = append(parts, " Deprecated: marked so in the source.")
	}
	if len(parts) > 0 {
		g.P(strings.TrimSuffix(protogen.Comments(strings.Join(parts, "\n\n")+"\n").String(), "\n"))
	}
}

// description writes the variable by which the runtime knows the interface.
func (g emitter) description(i *model.Interface) {
	g.P("// ", interfaceVar(i.Go), " describes ", i.Go.Ident, " to the runtime.")
	handle := "Handle: "
	if i.Encoding == model.Parcel {
		handle = "HandleParcel: "
		g.P("var ", interfaceVar(i.Go), " = ", g.stub("NewAIDL"), "(", descriptorConst(i.Go), ", ", i.Version, ", ", strconv.Quote(i.Hash), ", ", i.VINTF, ")")
	} else {
		g.P("var ", interfaceVar(i.Go), " = ", g.stub("NewInterface"), "(", descriptorConst(i.Go), ", ", i.Version, ", ", strconv.Quote(i.Hash), ")")
	}
	g.P()
	g.P("func init() {")
	g.P(interfaceVar(i.Go), ".Define(", g.stub("ClientOf"), "[", clientType(i.Go), "],")
	for _, m := range i.Methods {
		oneway := ""
		if m.Oneway {
			oneway = "Oneway: true, "
		}
		g.P(g.stub("Method"), `{Name: "`, m.Name, `", Code: `, g.code(i, m), ", ", oneway, handle, g.handlerOf(i, m), "},")
	}
	g.P(")")
	g.P("}")
	g.P()
}

func (g emitter) stub(name string) string {
	return g.QualifiedGoIdent(stubPackage.Ident(name))
}

func (g emitter) name(n model.Name) string {
	return g.QualifiedGoIdent(protogen.GoImportPath(n.Package).Ident(n.Ident))
}

// related names what is generated beside an interface, in its package.
func (g emitter) related(i model.Name, name func(model.Name) string) string {
	return g.name(model.Name{Package: i.Package, Ident: name(i)})
}
